"""Edges collapsed in passes, cheapest first (quadrics: Garland & Heckbert 1997; passes as meshoptimizer does them).

A pass costs all edges, and each vertex takes part in one collapse at most, so nothing has to be costed twice within it.
Triangles are changed in place: a vertex's list of them, made once a pass, stays true for the vertices not yet taken.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d._kernels import njit
from sculpt3d.types import I32

F64 = NDArray[np.float64]
# 268 k triangles to 22 k, Hausdorff mm (mean mm): SHARE .06, .125, .25: .496 (.0411), .496 (.0410), .506 (.0412);
# STRAY 1e-2, 1e-3, 1e-4: .501 (.0448), .496 (.0410), .514 (.0406), creases are sharpest with the last; STEEPEST 0, .5: the same.
SHARE = 0.125  # of the edges, looked at in a pass
STRAY = 1e-4  # how strongly a new vertex is held to its edge's middle, of the quadrics' own strength
STEEPEST = 0.2  # cosine: a triangle may not turn farther in one collapse
FEWEST = 1e-3  # of the triangles: after a pass that removes less, more edges are looked at


def collapse(vertices: F64, faces: I32, triangles: int, rim: float) -> tuple[F64, I32]:
    """At most `triangles` triangles where the shape allows it. rim: weight of open edges. Changes what it is given."""
    quadrics = np.zeros((len(vertices), 10))
    plane_quadrics(vertices, faces, quadrics)
    share = 0.0
    while len(faces) > triangles and share <= 1:
        start, around = faces_around(len(vertices), faces)
        edges, open_ = edges_of(faces, start, around, len(vertices))
        if not share:
            hold_rims(vertices, faces, start, around, rim, quadrics)
            share = SHARE
        cost = _costs(vertices, quadrics, edges)
        last = min(len(edges), max(round(share * len(edges)), 1000)) - 1
        chosen = np.flatnonzero(cost <= np.partition(cost, last)[last])
        chosen = chosen[np.argsort(cost[chosen], kind="stable")]
        gone = _collapse(
            vertices, faces, quadrics, edges, chosen, start, around, open_, len(faces) - triangles
        )
        faces = faces[faces[:, 0] >= 0]
        if gone < FEWEST * len(faces):
            share *= 2  # the cheapest edges cannot go: look farther
    return vertices, faces


@njit(nogil=True, cache=True)
def add_plane(quadrics: Any, v: int, a: float, b: float, c: float, d: float, w: float) -> None:
    q = quadrics[v]
    q[0] += w * a * a
    q[1] += w * a * b
    q[2] += w * a * c
    q[3] += w * a * d
    q[4] += w * b * b
    q[5] += w * b * c
    q[6] += w * b * d
    q[7] += w * c * c
    q[8] += w * c * d
    q[9] += w * d * d


@njit(nogil=True, cache=True)
def normal_of(p: Any, a: int, b: int, c: int) -> tuple[float, float, float]:
    """Twice the area long."""
    ux, uy, uz = p[b, 0] - p[a, 0], p[b, 1] - p[a, 1], p[b, 2] - p[a, 2]
    vx, vy, vz = p[c, 0] - p[a, 0], p[c, 1] - p[a, 1], p[c, 2] - p[a, 2]
    return uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx


@njit(nogil=True, cache=True)
def plane_quadrics(p: Any, faces: Any, quadrics: Any) -> None:
    """Each triangle's plane, weighted by its area, to its corners."""
    for f in range(len(faces)):
        a = faces[f, 0]
        x, y, z = normal_of(p, a, faces[f, 1], faces[f, 2])
        long = np.sqrt(x * x + y * y + z * z)
        if long < 1e-300:
            continue
        x, y, z = x / long, y / long, z / long
        d = -(x * p[a, 0] + y * p[a, 1] + z * p[a, 2])
        for k in range(3):
            add_plane(quadrics, faces[f, k], x, y, z, d, long / 2)


@njit(nogil=True, cache=True)
def faces_around(count: int, faces: Any) -> tuple[Any, Any]:
    """start (V + 1,), faces around each vertex (3 F,)."""
    start = np.zeros(count + 1, np.int64)
    for f in range(len(faces)):
        for k in range(3):
            start[faces[f, k] + 1] += 1
    for v in range(count):
        start[v + 1] += start[v]
    around = np.empty(3 * len(faces), np.int32)
    place = start[:-1].copy()
    for f in range(len(faces)):
        for k in range(3):
            v = faces[f, k]
            around[place[v]] = f
            place[v] += 1
    return start, around


@njit(nogil=True, cache=True)
def has_edge(faces: Any, start: Any, around: Any, a: int, b: int) -> bool:
    """Whether a triangle runs from a to b."""
    for i in range(start[a], start[a + 1]):
        f = around[i]
        for k in range(3):
            if faces[f, k] == a and faces[f, (k + 1) % 3] == b:
                return True
    return False


@njit(nogil=True, cache=True)
def edges_of(faces: Any, start: Any, around: Any, count: int) -> tuple[Any, Any]:
    """Every edge once (E, 2), and which vertices lie on an open one (V,)."""
    edges = np.empty((3 * len(faces), 2), np.int32)
    open_ = np.zeros(count, np.bool_)
    found = 0
    for f in range(len(faces)):
        for k in range(3):
            a, b = faces[f, k], faces[f, (k + 1) % 3]
            alone = not has_edge(faces, start, around, b, a)
            if alone:
                open_[a] = True
                open_[b] = True
            if a < b or alone:
                edges[found, 0], edges[found, 1] = a, b
                found += 1
    return edges[:found].copy(), open_


@njit(nogil=True, cache=True)
def hold_rims(p: Any, faces: Any, start: Any, around: Any, weight: float, quadrics: Any) -> None:
    """A plane through each open edge, upright on its triangle: rims stay where they are."""
    for f in range(len(faces)):
        x, y, z = normal_of(p, faces[f, 0], faces[f, 1], faces[f, 2])
        for k in range(3):
            a, b = faces[f, k], faces[f, (k + 1) % 3]
            if has_edge(faces, start, around, b, a):
                continue
            ex, ey, ez = p[b, 0] - p[a, 0], p[b, 1] - p[a, 1], p[b, 2] - p[a, 2]
            nx, ny, nz = ey * z - ez * y, ez * x - ex * z, ex * y - ey * x
            long = np.sqrt(nx * nx + ny * ny + nz * nz)
            if long < 1e-300:
                continue
            nx, ny, nz = nx / long, ny / long, nz / long
            d = -(nx * p[a, 0] + ny * p[a, 1] + nz * p[a, 2])
            w = weight * (ex * ex + ey * ey + ez * ez)
            add_plane(quadrics, a, nx, ny, nz, d, w)
            add_plane(quadrics, b, nx, ny, nz, d, w)


@njit(nogil=True, cache=True)
def _best(p: Any, quadrics: Any, a: int, b: int) -> tuple[float, float, float, float]:
    """Cost and place of the vertex that an edge becomes."""
    q, r = quadrics[a], quadrics[b]
    xx, xy, xz, xw = q[0] + r[0], q[1] + r[1], q[2] + r[2], q[3] + r[3]
    yy, yz, yw = q[4] + r[4], q[5] + r[5], q[6] + r[6]
    zz, zw, ww = q[7] + r[7], q[8] + r[8], q[9] + r[9]
    mx, my, mz = (p[a, 0] + p[b, 0]) / 2, (p[a, 1] + p[b, 1]) / 2, (p[a, 2] + p[b, 2]) / 2
    hold = STRAY * (xx + yy + zz) / 3 + 1e-300
    # (A + hold I) s = -(A m + b): the step away from the middle
    gx, gy, gz = (
        -(xx * mx + xy * my + xz * mz + xw),
        -(xy * mx + yy * my + yz * mz + yw),
        -(xz * mx + yz * my + zz * mz + zw),
    )
    hx, hy, hz = xx + hold, yy + hold, zz + hold
    c0, c1, c2 = hy * hz - yz * yz, xz * yz - xy * hz, xy * yz - xz * hy
    det = hx * c0 + xy * c1 + xz * c2
    if det > 0:
        sx = (c0 * gx + c1 * gy + c2 * gz) / det
        sy = (c1 * gx + (hx * hz - xz * xz) * gy + (xy * xz - hx * yz) * gz) / det
        sz = (c2 * gx + (xy * xz - hx * yz) * gy + (hx * hy - xy * xy) * gz) / det
        mx, my, mz = mx + sx, my + sy, mz + sz
    cost = (
        mx * (xx * mx + 2 * (xy * my + xz * mz + xw)) + my * (yy * my + 2 * (yz * mz + yw))
        + mz * (zz * mz + 2 * zw) + ww
    )  # fmt: skip
    return max(cost, 0.0), mx, my, mz


@njit(nogil=True, cache=True)
def _costs(p: Any, quadrics: Any, edges: Any) -> Any:
    cost = np.empty(len(edges), np.float32)
    for e in range(len(edges)):
        cost[e] = _best(p, quadrics, edges[e, 0], edges[e, 1])[0]
    return cost


@njit(nogil=True, cache=True)
def _collapse(
    p: Any, faces: Any, quadrics: Any, edges: Any, chosen: Any, start: Any, around: Any, open_: Any, most: int
) -> int:
    """Number of triangles removed; their rows become -1."""
    taken = np.zeros(len(p), np.bool_)
    mark = np.full(len(p), -1, np.int32)
    gone = 0
    for i in range(len(chosen)):
        if gone >= most:
            break
        e = chosen[i]
        a, b = edges[e, 0], edges[e, 1]
        if taken[a] or taken[b]:
            continue
        shared = shared_faces(faces, start, around, a, b, mark, e)
        if shared == 0 or (open_[a] and open_[b] and shared != 1):
            continue
        _, x, y, z = _best(p, quadrics, a, b)
        if turns(p, faces, start, around, a, b, x, y, z) or turns(p, faces, start, around, b, a, x, y, z):
            continue
        p[a, 0], p[a, 1], p[a, 2] = x, y, z
        for k in range(10):
            quadrics[a, k] += quadrics[b, k]
        for j in range(start[b], start[b + 1]):
            f = around[j]
            if faces[f, 0] < 0:
                continue
            if faces[f, 0] == a or faces[f, 1] == a or faces[f, 2] == a:
                faces[f, 0] = -1
                gone += 1
                continue
            for k in range(3):
                if faces[f, k] == b:
                    faces[f, k] = a
        taken[a] = taken[b] = True
    return gone


@njit(nogil=True, cache=True)
def shared_faces(faces: Any, start: Any, around: Any, a: int, b: int, mark: Any, stamp: int) -> int:
    """Triangles at the edge; 0 where other triangles connect its ends too, so that a collapse would fold the surface."""
    for j in range(start[a], start[a + 1]):
        f = around[j]
        if faces[f, 0] >= 0:
            for k in range(3):
                mark[faces[f, k]] = stamp
    both, shared = 0, 0
    for j in range(start[b], start[b + 1]):
        f = around[j]
        if faces[f, 0] < 0:
            continue
        at_edge = faces[f, 0] == a or faces[f, 1] == a or faces[f, 2] == a
        shared += at_edge
        for k in range(3):
            v = faces[f, k]
            if v != a and v != b and mark[v] == stamp:
                both += 1
                mark[v] = -1
    return shared if both == shared and shared <= 2 else 0


@njit(nogil=True, cache=True)
def turns(p: Any, faces: Any, start: Any, around: Any, a: int, b: int, x: float, y: float, z: float) -> bool:
    """Whether moving `a` there turns one of its triangles too far; those that vanish with the edge to b do not count."""
    for j in range(start[a], start[a + 1]):
        f = around[j]
        if faces[f, 0] < 0 or faces[f, 0] == b or faces[f, 1] == b or faces[f, 2] == b:
            continue
        k = 0 if faces[f, 0] == a else 1 if faces[f, 1] == a else 2
        c, d = faces[f, (k + 1) % 3], faces[f, (k + 2) % 3]
        ox, oy, oz = normal_of(p, a, c, d)
        ux, uy, uz = p[c, 0] - x, p[c, 1] - y, p[c, 2] - z
        vx, vy, vz = p[d, 0] - x, p[d, 1] - y, p[d, 2] - z
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        new, old = nx * nx + ny * ny + nz * nz, ox * ox + oy * oy + oz * oz
        along = nx * ox + ny * oy + nz * oz
        if old > 0 and (along <= 0 or along * along < STEEPEST * STEEPEST * new * old):
            return True
    return False
