"""What stands against taking one vertex into another: charts and parts that would tear, pictures that would turn over, fans."""

from __future__ import annotations

from typing import Any

import numpy as np

from sculpt3d._kernels import njit

_RING = 24  # triangles about a vertex that may go


@njit(nogil=True, cache=True)
def has_corner(corners: Any, f: int, v: int) -> bool:
    return corners[f, 0] == v or corners[f, 1] == v or corners[f, 2] == v


@njit(nogil=True, cache=True)
def exchange_of(
    corners: Any, at: Any, start: Any, around: Any, u: int, v: int, chart: Any, normals: Any
) -> tuple[Any, int]:
    """(N, 2) for each vertex at u the one at v that takes its place: that of its own chart, told by the triangles at the edge; 0
    where one has none there, so u may not go that way."""
    pairs, known = np.empty((_RING, 2), np.int32), 0
    if start[u + 1] - start[u] > _RING:
        return pairs, 0
    for j in range(start[u], start[u + 1]):
        f = around[j]
        if corners[f, 0] >= 0 and has_corner(corners, f, v):
            a, b = _corner(corners, at, f, u), _corner(corners, at, f, v)
            for i in range(known):
                if chart[pairs[i, 0]] == chart[a] and chart[pairs[i, 1]] != chart[b]:
                    return pairs, 0
            pairs[known, 0], pairs[known, 1] = a, b
            known += 1
    edge = known
    for j in range(start[u], start[u + 1]):
        f = around[j]
        if corners[f, 0] < 0 or has_corner(corners, f, v):
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
def folds_picture(
    corners: Any, at: Any, start: Any, around: Any, u: int, v: int, pairs: Any, known: int, uv: Any
) -> bool:
    """Whether a triangle about u would lie the other way round on the picture, and show what lies beside its chart."""
    new = np.empty(3, np.int32)
    for j in range(start[u], start[u + 1]):
        f = around[j]
        if corners[f, 0] < 0 or has_corner(corners, f, v):
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
def beside(corners: Any, at: Any, start: Any, around: Any, u: int, v: int, chart: Any) -> tuple[int, bool]:
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
def survives(corners: Any, start: Any, around: Any, u: int, v: int) -> bool:
    """Whether a triangle about u is left without those at the edge to v."""
    for j in range(start[u], start[u + 1]):
        f = around[j]
        if corners[f, 0] >= 0 and not has_corner(corners, f, v):
            return True
    return False
