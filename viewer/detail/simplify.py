"""One group of clusters with half of its triangles: vertices at its border stay, and what is kept of the others stays in place.

So what a vertex carries (uv, colours, measured values) need not be invented, and two groups that meet fit, whatever level
each of them is drawn at. How far the surface moves is measured: every vertex that went is held by the triangle nearest to it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sculpt3d._kernels import njit
from sculpt3d.surface.collapse import (
    edges_of,
    faces_around,
    hold_rims,
    plane_quadrics,
    shared_faces,
    turns,
)
from viewer.detail.nearest import nearest_on, off_segment

_RING = 24  # triangles about a vertex that may go
_SHARE = 0.35  # of the edges, looked at in a pass
_PASSES = 14
_SLACK = 1.5  # times the cost's root: no vertex may be farther off after a collapse
_RIM = 10.0  # weight of open edges
_SHORT = 1e-3  # of an edge's squared length, added to the cost: flat ground is left by the shortest edges first


@njit(nogil=True, cache=True)
def halved(
    xyz: Any, place: Any, chart: Any, island: Any, normals: Any, uv: Any, faces: Any, locked: Any, gone_before: Any,
    held_by: Any, wanted: int,
) -> tuple[Any, Any, Any, Any]:  # fmt: skip
    """faces (F, 3) of one group; locked (V,) places of others too; gone_before (N,) vertices of the model that went in levels
    below, and held_by (N,) the triangle each is held by. At most `wanted` triangles where the shape allows it.

    Returns the faces left; how far the model's vertices that went are from them, how far rims were moved here, how far
    a picture on the surface (0 without), in the unit of `xyz`; (M, 2) vertices that went here and those that took their place;
    (N + K, 2) all that went and the triangle each is held by.
    """
    number, first = _numbered(place, faces)
    count, before_count = len(first), len(gone_before)
    corners, at = number, faces.copy()  # the same triangles by local places, and by vertices
    p = _local(xyz, first, gone_before)  # places, then what went before
    vertex = np.concatenate((first, gone_before))
    held = np.empty(count, np.bool_)
    for i in range(count):
        held[i] = locked[place[first[i]]]
    quadrics, weight = np.zeros((count, 10)), np.zeros(count)
    plane_quadrics(p, corners, quadrics)
    for f in range(len(corners)):
        area = _area(p, corners, f)
        for k in range(3):
            weight[corners[f, k]] += area
    head, after = np.full(len(faces), -1, np.int32), np.full(len(p), -1, np.int32)
    for j in range(before_count):
        after[count + j] = head[held_by[j]]
        head[held_by[j]] = count + j
    off, moved = np.zeros(len(p)), np.zeros(len(p))
    chain, seam = np.zeros(count), 0.0
    merged, last = np.empty((len(faces) * 3, 2), np.int32), 0
    nearest, places = np.empty(len(p), np.int32), np.empty((len(p), 3))
    share, slack, rims = _SHARE, _SLACK, True
    for _ in range(_PASSES):
        if len(corners) <= wanted:
            break
        start, around = faces_around(count, corners)
        edges, open_ = edges_of(corners, start, around, count)
        if rims:
            hold_rims(p, corners, start, around, _RIM, quadrics)
            rims = False
        cost, way = _costs(p, quadrics, weight, edges, held)
        order = np.argsort(cost)
        sound = 0
        while sound < len(order) and np.isfinite(cost[order[sound]]):
            sound += 1
        looked = min(sound, int(share * sound) + 8)
        limit = slack * np.sqrt(cost[order[looked - 1]]) if looked else 0.0
        taken, mark = np.zeros(count, np.bool_), np.full(count, -1, np.int32)
        gone, full = 0, len(corners)
        for i in range(looked):
            e = order[i]
            u, v = edges[e, way[e]], edges[e, 1 - way[e]]
            if taken[u] or taken[v]:
                continue
            shared = shared_faces(corners, start, around, u, v, mark, e)
            if shared == 0 or (open_[u] and open_[v] and shared != 1):
                continue
            if turns(p, corners, start, around, u, v, p[v, 0], p[v, 1], p[v, 2]):
                continue
            pairs, known = _exchange(corners, at, start, around, u, v, chart, normals)
            if known == 0:
                continue
            if len(uv) and _folds(corners, at, start, around, u, v, pairs, known, uv):
                continue
            beside, rim = _beside(corners, at, start, around, u, v, chart)
            if beside == -2 or not _survives(corners, start, around, u, v):
                continue
            jump = np.sqrt(off_segment(p[u], p[v], p[beside])) if beside >= 0 else 0.0
            if jump > limit or _farthest(p, corners, start, around, u, v, head, after, nearest, places) > limit:
                continue
            if rim:
                chain[v] = max(chain[v], chain[u]) + jump
            else:
                seam = max(seam, jump)
            for j in range(known):
                if pairs[j, 0] != pairs[j, 1]:
                    merged[last, 0], merged[last, 1] = pairs[j, 0], pairs[j, 1]
                    last += 1
            after[u] = _collected(corners, start, around, u, head, after)
            gone += _moved_to(corners, at, start, around, u, v, pairs, known)
            for k in range(10):
                quadrics[v, k] += quadrics[u, k]
            weight[v] += weight[u]
            _hand_out(p, corners, at, u, uv, island, vertex, head, after, nearest, places, off, moved)
            taken[u] = taken[v] = True
            if full - gone <= wanted:
                break
        alive = np.flatnonzero(corners[:, 0] >= 0)
        corners, at, head = corners[alive], at[alive], head[alive]
        if gone * 12 < full:
            if share >= 1 and slack > 8 * _SLACK:
                break
            share, slack = min(2 * share, 1.0), 2 * slack
    errors = np.array([off.max(), chain.max(), max(moved.max(), seam)])
    return at, errors, merged[:last], _holding(head, after, vertex)


@njit(nogil=True, cache=True)
def _local(xyz: Any, first: Any, gone_before: Any) -> Any:
    """Positions in doubles about their middle."""
    centre = np.zeros(3)
    for i in range(len(first)):
        for k in range(3):
            centre[k] += xyz[first[i], k] / len(first)
    p = np.empty((len(first) + len(gone_before), 3))
    for i in range(len(p)):
        v = first[i] if i < len(first) else gone_before[i - len(first)]
        for k in range(3):
            p[i, k] = xyz[v, k] - centre[k]
    return p


@njit(nogil=True, cache=True)
def _holding(head: Any, after: Any, vertex: Any) -> Any:
    """(N, 2) every vertex that went, and the number of the triangle that holds it; triangle by triangle."""
    found, n = np.empty((len(after), 2), np.int32), 0
    for f in range(len(head)):
        i = head[f]
        while i >= 0:
            found[n, 0], found[n, 1] = vertex[i], f
            n += 1
            i = after[i]
    return found[:n].copy()


@njit(nogil=True, cache=True)
def _numbered(place: Any, faces: Any) -> tuple[Any, Any]:
    """Local numbers (F, 3) of the places that faces have, and a vertex at each (N,)."""
    size = 16
    while size < 6 * len(faces):
        size *= 2
    table = np.full(size, -1, np.int32)
    number, first = np.empty((len(faces), 3), np.int32), np.empty(3 * len(faces), np.int32)
    found = 0
    for f in range(len(faces)):
        for k in range(3):
            p = np.int64(place[faces[f, k]])
            h = (p * 2654435761 & 0x7FFFFFFF) & (size - 1)
            while table[h] >= 0 and place[first[table[h]]] != p:
                h = (h + 1) & (size - 1)
            if table[h] < 0:
                table[h] = found
                first[found] = faces[f, k]
                found += 1
            number[f, k] = table[h]
    return number, first[:found].copy()


@njit(nogil=True, cache=True)
def _area(p: Any, corners: Any, f: int) -> float:
    a, b, c = corners[f]
    ux, uy, uz = p[b, 0] - p[a, 0], p[b, 1] - p[a, 1], p[b, 2] - p[a, 2]
    vx, vy, vz = p[c, 0] - p[a, 0], p[c, 1] - p[a, 1], p[c, 2] - p[a, 2]
    x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    return float(np.sqrt(x * x + y * y + z * z) / 2)


@njit(nogil=True, cache=True)
def _costs(p: Any, quadrics: Any, weight: Any, edges: Any, held: Any) -> tuple[Any, Any]:
    """Of each edge the mean squared distance from the planes about both ends, and which end goes (0 or 1)."""
    cost, way = np.empty(len(edges), np.float32), np.zeros(len(edges), np.int8)
    for e in range(len(edges)):
        best = np.inf
        a, b = edges[e]
        long = 0.0
        for k in range(3):
            long += (p[a, k] - p[b, k]) ** 2
        for w in range(2):
            u, v = (a, b) if w == 0 else (b, a)
            if held[u]:
                continue
            q, r, x, y, z = quadrics[u], quadrics[v], p[v, 0], p[v, 1], p[v, 2]
            value = (
                (q[0] + r[0]) * x * x + (q[4] + r[4]) * y * y + (q[7] + r[7]) * z * z + q[9] + r[9]
                + 2 * ((q[1] + r[1]) * x * y + (q[2] + r[2]) * x * z + (q[5] + r[5]) * y * z)
                + 2 * ((q[3] + r[3]) * x + (q[6] + r[6]) * y + (q[8] + r[8]) * z)
            )  # fmt: skip
            value = max(value, 0.0) / max(weight[u] + weight[v], 1e-300) + _SHORT * long
            if value < best:
                best = value
                way[e] = w
        cost[e] = best
    return cost, way


@njit(nogil=True, cache=True)
def _has(corners: Any, f: int, v: int) -> bool:
    return corners[f, 0] == v or corners[f, 1] == v or corners[f, 2] == v


@njit(nogil=True, cache=True)
def _exchange(
    corners: Any, at: Any, start: Any, around: Any, u: int, v: int, chart: Any, normals: Any
) -> tuple[Any, int]:
    """(N, 2) for each vertex at u the one at v that takes its place: that of its own chart, told by the triangles at the edge; 0
    where one has none there, so u may not go that way."""
    pairs, known = np.empty((_RING, 2), np.int32), 0
    if start[u + 1] - start[u] > _RING:
        return pairs, 0
    for j in range(start[u], start[u + 1]):
        f = around[j]
        if corners[f, 0] >= 0 and _has(corners, f, v):
            a, b = _corner(corners, at, f, u), _corner(corners, at, f, v)
            for i in range(known):
                if chart[pairs[i, 0]] == chart[a] and chart[pairs[i, 1]] != chart[b]:
                    return pairs, 0
            pairs[known, 0], pairs[known, 1] = a, b
            known += 1
    edge = known
    for j in range(start[u], start[u + 1]):
        f = around[j]
        if corners[f, 0] < 0 or _has(corners, f, v):
            continue
        a = _corner(corners, at, f, u)
        seen = False
        for i in range(known):
            seen = seen or pairs[i, 0] == a
        if seen:
            continue
        best, most = -1, -2.0
        for i in range(edge):
            if chart[pairs[i, 0]] == chart[a]:
                b = pairs[i, 1]
                along = 0.0
                for k in range(3):
                    along += normals[a, k] * normals[b, k]
                if along > most:
                    best, most = b, along
        if best < 0 or known == _RING:
            return pairs, 0
        pairs[known, 0], pairs[known, 1] = a, best
        known += 1
    return pairs, known


@njit(nogil=True, cache=True)
def _folds(
    corners: Any, at: Any, start: Any, around: Any, u: int, v: int, pairs: Any, known: int, uv: Any
) -> bool:
    """Whether a triangle about u would lie the other way round on the picture, and show what lies beside its chart."""
    new = np.empty(3, np.int32)
    for j in range(start[u], start[u + 1]):
        f = around[j]
        if corners[f, 0] < 0 or _has(corners, f, v):
            continue
        for k in range(3):
            new[k] = at[f, k]
            if corners[f, k] == u:
                for i in range(known):
                    if pairs[i, 0] == at[f, k]:
                        new[k] = pairs[i, 1]
                        break
        before, after = _across(uv, at[f]), _across(uv, new)
        if before * after <= 0 and before != 0:
            return True
    return False


@njit(nogil=True, cache=True)
def _across(uv: Any, of: Any) -> float:
    """Twice the area on the picture, by its turn."""
    bu, bv = uv[of[1], 0] - uv[of[0], 0], uv[of[1], 1] - uv[of[0], 1]
    cu, cv = uv[of[2], 0] - uv[of[0], 0], uv[of[2], 1] - uv[of[0], 1]
    return float(bu * cv - bv * cu)


@njit(nogil=True, cache=True)
def _corner(corners: Any, at: Any, f: int, u: int) -> int:
    return at[f, 0] if corners[f, 0] == u else at[f, 1] if corners[f, 1] == u else at[f, 2]


@njit(nogil=True, cache=True)
def _beside(corners: Any, at: Any, start: Any, around: Any, u: int, v: int, chart: Any) -> tuple[int, bool]:
    """Where u lies on a rim or a seam that goes on to v: the place before u on it, and whether it is a rim. -1 where it lies on
    none; -2 where it may not go."""
    near, count, first = np.empty(2 * _RING, np.int32), np.zeros(2 * _RING, np.int32), np.empty(2 * _RING, np.int32)
    apart = np.zeros(2 * _RING, np.bool_)
    found = 0
    for j in range(start[u], start[u + 1]):
        f = around[j]
        if corners[f, 0] < 0:
            continue
        own = chart[_corner(corners, at, f, u)]
        for k in range(3):
            x = corners[f, k]
            if x == u:
                continue
            i = 0
            while i < found and near[i] != x:
                i += 1
            if i == found:
                near[i], first[i] = x, own
                found += 1
            count[i] += 1
            apart[i] = apart[i] or first[i] != own
    ways, other, along, rim = 0, -1, False, False
    for i in range(found):
        if count[i] > 2:
            return -2, False
        if count[i] == 1 or apart[i]:
            ways += 1
            rim = rim or count[i] == 1
            if near[i] == v:
                along = True
            else:
                other = near[i]
    if ways == 0:
        return -1, False
    return (other, rim) if ways == 2 and along else (-2, False)


@njit(nogil=True, cache=True)
def _survives(corners: Any, start: Any, around: Any, u: int, v: int) -> bool:
    """Whether a triangle about u is left without those at the edge to v."""
    for j in range(start[u], start[u + 1]):
        f = around[j]
        if corners[f, 0] >= 0 and not _has(corners, f, v):
            return True
    return False


@njit(nogil=True, cache=True)
def _farthest(
    p: Any, corners: Any, start: Any, around: Any, u: int, v: int, head: Any, after: Any, nearest: Any, places: Any
) -> float:
    """How far u, and all that the triangles about it hold, would be from these with v for u. Of each: the nearest of them, and
    its weights there and distance."""
    worst = _nearest_of(p, corners, start, around, u, v, u, nearest, places)
    for j in range(start[u], start[u + 1]):
        f = around[j]
        if corners[f, 0] < 0:
            continue
        i = head[f]
        while i >= 0:
            worst = max(worst, _nearest_of(p, corners, start, around, u, v, i, nearest, places))
            i = after[i]
    return float(np.sqrt(worst))


@njit(nogil=True, cache=True)
def _nearest_of(
    p: Any, corners: Any, start: Any, around: Any, u: int, v: int, i: int, nearest: Any, places: Any
) -> float:
    least = np.inf
    for j in range(start[u], start[u + 1]):
        f = around[j]
        if corners[f, 0] < 0 or _has(corners, f, v):
            continue
        a, b, c = corners[f]
        a, b, c = (v if a == u else a), (v if b == u else b), (v if c == u else c)
        d, s, t = nearest_on(p[i], p[a], p[b], p[c])
        if d < least:
            least = d
            nearest[i] = f
            places[i, 0], places[i, 1], places[i, 2] = s, t, d
    return least


@njit(nogil=True, cache=True)
def _collected(corners: Any, start: Any, around: Any, u: int, head: Any, after: Any) -> int:
    """What the triangles about u hold, as one list; they hold nothing then."""
    found = -1
    for j in range(start[u], start[u + 1]):
        f = around[j]
        if corners[f, 0] < 0:
            continue
        i = head[f]
        while i >= 0:
            following = after[i]
            after[i] = found
            found = i
            i = following
        head[f] = -1
    return found


@njit(nogil=True, cache=True)
def _moved_to(corners: Any, at: Any, start: Any, around: Any, u: int, v: int, pairs: Any, known: int) -> int:
    """The triangles about u get v for it; those at the edge go, and are counted."""
    gone = 0
    for j in range(start[u], start[u + 1]):
        f = around[j]
        if corners[f, 0] < 0:
            continue
        if _has(corners, f, v):
            corners[f, 0] = -1
            gone += 1
            continue
        for k in range(3):
            if corners[f, k] == u:
                corners[f, k] = v
                for i in range(known):
                    if pairs[i, 0] == at[f, k]:
                        at[f, k] = pairs[i, 1]
                        break
    return gone


@njit(nogil=True, cache=True)
def _hand_out(
    p: Any, corners: Any, at: Any, u: int, uv: Any, island: Any, vertex: Any, head: Any, after: Any, nearest: Any,
    places: Any, off: Any, moved: Any,
) -> None:  # fmt: skip
    """u, and what follows it in its list, each to the triangle that `_farthest` found."""
    i = u
    while i >= 0:
        following, f = after[i], nearest[i]
        off[i] = np.sqrt(places[i, 2])
        if len(island) and island[vertex[i]] == island[at[f, 0]]:
            moved[i] = _shift(uv, at, f, vertex[i], places[i, 0], places[i, 1], _area(p, corners, f))
        after[i] = head[f]
        head[f] = i
        i = following


@njit(nogil=True, cache=True)
def _shift(uv: Any, at: Any, f: int, x: int, s: float, t: float, area: float) -> float:
    """By how much the picture at vertex x slides on the surface where its nearest place on triangle f has another uv."""
    a, b, c = at[f]
    bu, bv = uv[b, 0] - uv[a, 0], uv[b, 1] - uv[a, 1]
    cu, cv = uv[c, 0] - uv[a, 0], uv[c, 1] - uv[a, 1]
    across = abs(bu * cv - bv * cu) / 2
    if across < 1e-20:
        return 0.0
    du, dv = uv[x, 0] - uv[a, 0] - s * bu - t * cu, uv[x, 1] - uv[a, 1] - s * bv - t * cv
    return float(np.sqrt((du * du + dv * dv) * area / across))
