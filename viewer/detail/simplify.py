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
from viewer.detail.collapses import beside, exchange_of, folds_picture, survives
from viewer.detail.held import area_of, collect, farthest_held, hand_out, move_corners
from viewer.detail.nearest import off_segment

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
        area = area_of(p, corners, f)
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
            pairs, known = exchange_of(corners, at, start, around, u, v, chart, normals)
            if known == 0:
                continue
            if len(uv) and folds_picture(corners, at, start, around, u, v, pairs, known, uv):
                continue
            other, rim = beside(corners, at, start, around, u, v, chart)
            if other == -2 or not survives(corners, start, around, u, v):
                continue
            jump = np.sqrt(off_segment(p[u], p[v], p[other])) if other >= 0 else 0.0
            if jump > limit or farthest_held(p, corners, start, around, u, v, head, after, nearest, places) > limit:
                continue
            if rim:
                chain[v] = max(chain[v], chain[u]) + jump
            else:
                seam = max(seam, jump)
            for j in range(known):
                if pairs[j, 0] != pairs[j, 1]:
                    merged[last, 0], merged[last, 1] = pairs[j, 0], pairs[j, 1]
                    last += 1
            after[u] = collect(corners, start, around, u, head, after)
            gone += move_corners(corners, at, start, around, u, v, pairs, known)
            for k in range(10):
                quadrics[v, k] += quadrics[u, k]
            weight[v] += weight[u]
            hand_out(p, corners, at, u, uv, island, vertex, head, after, nearest, places, off, moved)
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
