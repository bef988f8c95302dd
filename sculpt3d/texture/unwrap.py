"""UV charts laid into one square, and the atlas as texels: which face covers each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d._kernels import njit
from sculpt3d.geometry import F64
from sculpt3d.surface.topology import vertex_normals
from sculpt3d.texture.charts import chart_of_faces, connected, neighbours
from sculpt3d.texture.packing import pack
from sculpt3d.texture.triangles import box, corner_weights, determinant
from sculpt3d.types import F32, I32, Mesh


@dataclass(frozen=True)
class Unwrapped:
    """The mesh split along its charts. uv (V, 2) in 0..1, origin top-left; `source`: vertex of the given mesh (V,)."""

    vertices: F32
    normals: F32
    faces: I32
    uv: F32
    source: I32
    charts: int


@dataclass(frozen=True)
class Laid:
    """How well charts keep the surface's shape. stretch: median L2 stretch by area, 1 is none; density_spread: median
    deviation of the texel density (texels a length) from its median, by area."""

    stretch: float
    density_spread: float


# Least mean cosine of a chart's faces to its axis, and the share of the atlas that is good enough. Large charts leave holes
# between them where there are no small ones: plato .71 with 31 charts, .76 with 94. xatlas: .41-.59, 30 times slower.
FLATNESS = (0.93, 0.96)
FULL = 0.75


def unwrap(mesh: Mesh, size: int) -> Unwrapped:
    """Charts packed into one square of `size` texels, `packing.GAP` texels apart. Faces without area get no texel."""
    tries = []
    for flatness in FLATNESS:
        tries.append(_unwrapped(mesh, size, flatness))
        if tries[-1][0] >= FULL:
            break
    return max(tries, key=lambda t: t[0])[1]


def _unwrapped(mesh: Mesh, size: int, flatness: float) -> tuple[float, Unwrapped]:
    """The share of the atlas that is used, and the atlas."""
    chart = chart_of_faces(mesh.vertices, mesh.faces, flatness)
    pairs, _ = neighbours(mesh.vertices, mesh.faces)
    for _ in range(4):
        source, faces, flat, of_vertex = _flattened(mesh, chart)
        hidden = _folded(faces, flat, of_vertex, chart, size)
        if not hidden.any():
            break
        chart = connected(np.where(hidden, chart + chart.max() + 1, chart).astype(np.int32), pairs)
    at, _ = pack(flat, faces, of_vertex, size)
    normals = vertex_normals(mesh.vertices, mesh.faces)
    uv = np.clip(at / size, 0, 1).astype(np.float32)
    made = Unwrapped(
        mesh.vertices[source], normals[source], faces, uv, source, int(chart.max(initial=-1)) + 1
    )
    a, b, c = (uv[faces[:, k]] for k in range(3))
    used = np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]).sum() / 2
    return float(used), made


def _flattened(mesh: Mesh, chart: I32) -> tuple[I32, I32, F64, I32]:
    """Source vertex (W,), faces (F, 3), positions in the charts' planes (W, 2), chart of each vertex (W,)."""
    count = len(mesh.vertices)
    key = chart[:, None].astype(np.int64) * count + mesh.faces
    unique, faces = np.unique(key, return_inverse=True)
    source, of_vertex = (unique % count).astype(np.int32), (unique // count).astype(np.int32)
    v = mesh.vertices.astype(np.float64)
    cross = np.cross(v[mesh.faces[:, 1]] - v[mesh.faces[:, 0]], v[mesh.faces[:, 2]] - v[mesh.faces[:, 0]])
    total = np.stack([np.bincount(chart, cross[:, k]) for k in range(3)], 1)
    axis = total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-300)
    side = np.cross(axis, np.where(np.abs(axis[:, :1]) < 0.7, [[1.0, 0, 0]], [[0, 1.0, 0]]))
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-300)
    up = np.cross(side, axis)  # v runs downwards: seen from outside, charts are not mirrored
    p = v[source]
    flat = np.stack([(p * side[of_vertex]).sum(1), (p * up[of_vertex]).sum(1)], 1)
    faces = faces.reshape(-1, 3).astype(np.int32)
    area3 = np.bincount(chart, np.linalg.norm(cross, axis=1))
    a, b, c = (flat[faces[:, k]] for k in range(3))
    area2 = np.bincount(chart, np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]))
    even = np.sqrt(area3 / np.maximum(area2, 1e-300 + 0.05 * area3))  # one texel density for all charts
    return source, faces, flat * even[of_vertex][:, None], of_vertex


def _folded(faces: I32, flat: F64, of_vertex: I32, chart: I32, size: int) -> NDArray[np.bool_]:
    """(F,) faces that lie over others of their chart in its plane, as texels see it."""
    count = int(chart.max(initial=-1)) + 1
    a, b, c = (flat[faces[:, k]] for k in range(3))
    twice = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    scale = size * np.sqrt(0.75 / max(float(np.abs(twice).sum()) / 2, 1e-300))
    p = flat * scale
    low, high = np.full((count, 2), np.inf), np.full((count, 2), -np.inf)
    np.minimum.at(low, of_vertex, p)
    np.maximum.at(high, of_vertex, p)
    wide = np.ceil(high - low).astype(np.int64) + 1
    order = np.argsort(chart, kind="stable")
    bounds = np.searchsorted(chart[order], np.arange(count + 1))
    hidden = np.zeros(len(faces), np.bool_)
    _overlaps(p - low[of_vertex], faces, order, bounds, wide, hidden)
    return hidden


@njit(nogil=True, cache=True)
def _overlaps(p: Any, faces: Any, order: Any, bounds: Any, wide: Any, hidden: Any) -> None:
    for k in range(len(bounds) - 1):
        owner = np.full((wide[k, 1], wide[k, 0]), -1, np.int32)
        for o in range(bounds[k], bounds[k + 1]):
            f = order[o]
            if not _claim(p, faces, f, owner):
                hidden[f] = True


@njit(nogil=True, cache=True)
def _claim(p: Any, faces: Any, f: int, owner: Any) -> bool:
    """Takes the cells whose middle lies well inside; False where one is taken."""
    a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
    det = determinant(p, a, b, c)
    if abs(det) < 1e-12:
        return True
    x0, x1 = max(0, int(min(p[a, 0], p[b, 0], p[c, 0]) - 0.5)), int(max(p[a, 0], p[b, 0], p[c, 0]) + 0.5)
    y0, y1 = max(0, int(min(p[a, 1], p[b, 1], p[c, 1]) - 0.5)), int(max(p[a, 1], p[b, 1], p[c, 1]) + 0.5)
    free = True
    for y in range(y0, min(y1 + 1, owner.shape[0])):
        for x in range(x0, min(x1 + 1, owner.shape[1])):
            w0, w1 = corner_weights(p, a, b, c, det, x, y)
            if w0 > 1e-3 and w1 > 1e-3 and w0 + w1 < 1 - 1e-3:
                if owner[y, x] >= 0:
                    free = False
                else:
                    owner[y, x] = f
    return free


def laid(vertices: F32, faces: I32, uv: F32) -> Laid:
    """L2 stretch (Sander 2001) of each triangle, with the whole atlas scaled to the surface's area."""
    v, t = vertices.astype(np.float64), uv.astype(np.float64)
    e1, e2 = v[faces[:, 1]] - v[faces[:, 0]], v[faces[:, 2]] - v[faces[:, 0]]
    d1, d2 = t[faces[:, 1]] - t[faces[:, 0]], t[faces[:, 2]] - t[faces[:, 0]]
    area = np.linalg.norm(np.cross(e1, e2), axis=1)
    det = d1[:, 0] * d2[:, 1] - d1[:, 1] * d2[:, 0]
    good = (np.abs(det) > 1e-14) & (area > 0)
    if not good.any():
        return Laid(1.0, 0.0)
    e1, e2, d1, d2, area, det = e1[good], e2[good], d1[good], d2[good], area[good], det[good]
    du = (e1 * d2[:, 1:] - e2 * d1[:, 1:]) / det[:, None]
    dv = (e2 * d1[:, :1] - e1 * d2[:, :1]) / det[:, None]
    whole = np.abs(det).sum() / area.sum()
    stretch = np.sqrt(((du**2).sum(1) + (dv**2).sum(1)) / 2 * whole)
    density = np.sqrt(np.abs(det) / area)
    middle = _weighted_median(density, area)
    return Laid(_weighted_median(stretch, area), _weighted_median(np.abs(density / middle - 1), area))


def _weighted_median(values: F64, weights: F64) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


def rasterise(uv: F32, faces: I32, size: int) -> tuple[I32, NDArray[np.float32]]:
    """Face (S, S), -1 where none, and barycentric weights (S, S, 2) of the face's first two corners, at texel centres."""
    face = np.full((size, size), -1, np.int32)
    weights = np.zeros((size, size, 2), np.float32)
    _raster(uv.astype(np.float64) * size, faces, face, weights)
    return face, weights


@njit(nogil=True, cache=True)
def _raster(p: Any, faces: Any, face: Any, weights: Any) -> None:
    size = face.shape[0]
    for f in range(len(faces)):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        det = determinant(p, a, b, c)
        if abs(det) < 1e-12:
            continue
        x0, x1, y0, y1 = box(p, a, b, c, size)
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                w0, w1 = corner_weights(p, a, b, c, det, x, y)
                if w0 >= -1e-6 and w1 >= -1e-6 and w0 + w1 <= 1 + 1e-6:
                    face[y, x] = f
                    weights[y, x, 0], weights[y, x, 1] = w0, w1
