"""Vertices of the model that went: each held by the triangle nearest to it; how far they are, who holds them after a collapse."""

from __future__ import annotations

from typing import Any

import numpy as np

from sculpt3d._kernels import njit
from viewer.detail.collapses import has_corner
from viewer.detail.nearest import nearest_on


@njit(nogil=True, cache=True)
def area_of(p: Any, corners: Any, f: int) -> float:
    a, b, c = corners[f]
    ux, uy, uz = p[b, 0] - p[a, 0], p[b, 1] - p[a, 1], p[b, 2] - p[a, 2]
    vx, vy, vz = p[c, 0] - p[a, 0], p[c, 1] - p[a, 1], p[c, 2] - p[a, 2]
    x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    return float(np.sqrt(x * x + y * y + z * z) / 2)


@njit(nogil=True, cache=True)
def farthest_held(
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
        if corners[f, 0] < 0 or has_corner(corners, f, v):
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
def collect(corners: Any, start: Any, around: Any, u: int, head: Any, after: Any) -> int:
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
def move_corners(corners: Any, at: Any, start: Any, around: Any, u: int, v: int, pairs: Any, known: int) -> int:
    """The triangles about u get v for it; those at the edge go, and are counted."""
    gone = 0
    for j in range(start[u], start[u + 1]):
        f = around[j]
        if corners[f, 0] < 0:
            continue
        if has_corner(corners, f, v):
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
def hand_out(
    p: Any, corners: Any, at: Any, u: int, uv: Any, island: Any, vertex: Any, head: Any, after: Any, nearest: Any,
    places: Any, off: Any, moved: Any,
) -> None:  # fmt: skip
    """u, and what follows it in its list, each to the triangle that `_farthest` found."""
    i = u
    while i >= 0:
        following, f = after[i], nearest[i]
        off[i] = np.sqrt(places[i, 2])
        if len(island) and island[vertex[i]] == island[at[f, 0]]:
            moved[i] = _shift(uv, at, f, vertex[i], places[i, 0], places[i, 1], area_of(p, corners, f))
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
