"""Which clusters are simplified together: neighbours that share most of their borders, so that borders that were locked once
come to lie inside."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d._kernels import njit
from sculpt3d.types import I32

I64 = NDArray[np.int64]


def groups_of(place: I32, faces: I32, begins: I64, size: int) -> I32:
    """(C,) the group of each cluster, of about `size` clusters each. faces: of all clusters, one after another."""
    count = len(begins) - 1
    pairs = _touching(place, faces, begins, np.full(len(place), -1, np.int32))
    keys, weight = np.unique(pairs, return_counts=True)
    a, b = keys // count, keys % count
    first = np.concatenate([a, b])
    order = np.argsort(first, kind="stable")
    start = np.searchsorted(first[order], np.arange(count + 1))
    return _grown(start, np.concatenate([b, a])[order], np.concatenate([weight, weight])[order], size)


@njit(nogil=True, cache=True)
def _touching(place: Any, faces: Any, begins: Any, first: Any) -> Any:
    """A key of two clusters for every corner at which the second meets the first that came there."""
    count = len(begins) - 1
    found = np.empty(1 << 16, np.int64)
    n = 0
    for c in range(count):
        for f in range(begins[c], begins[c + 1]):
            for k in range(3):
                p = place[faces[f, k]]
                if first[p] < 0:
                    first[p] = c
                elif first[p] != c:
                    if n == len(found):
                        more = np.empty(2 * n, np.int64)
                        more[:n] = found
                        found = more
                    found[n] = first[p] * np.int64(count) + c
                    n += 1
    return found[:n]


@njit(nogil=True, cache=True)
def _grown(start: Any, other: Any, weight: Any, size: int) -> Any:
    """From the first cluster that is free, the neighbour with the largest share of its border at the group, again and again;
    where there is none, the next that is free. Groups of less than half the size join the one they touch most."""
    count = len(start) - 1
    group = np.full(count, -1, np.int32)
    score = np.zeros(count, np.int64)
    total = np.ones(count, np.int64)
    for c in range(count):
        for e in range(start[c], start[c + 1]):
            total[c] += weight[e]
    edge = np.empty(count, np.int64)
    held = np.zeros(count, np.int64)
    groups, seed = 0, 0
    while True:
        while seed < count and group[seed] >= 0:
            seed += 1
        if seed == count:
            break
        border, c, ahead = 0, seed, seed
        while True:
            group[c] = groups
            held[groups] += 1
            for e in range(start[c], start[c + 1]):
                o = other[e]
                if group[o] < 0:
                    if score[o] == 0:
                        edge[border] = o
                        border += 1
                    score[o] += weight[e]
            if held[groups] >= size:
                break
            best, most = -1, 0.0
            for i in range(border):
                o = edge[i]
                if group[o] < 0 and score[o] / total[o] > most:
                    best, most = o, score[o] / total[o]
            if best < 0:
                if held[groups] >= size // 2:
                    break
                while ahead < count and group[ahead] >= 0:
                    ahead += 1
                if ahead == count:
                    break
                best = ahead
            c = best
        for i in range(border):
            score[edge[i]] = 0
        groups += 1
    return _joined(start, other, weight, group, held, groups, size)


@njit(nogil=True, cache=True)
def _joined(start: Any, other: Any, weight: Any, group: Any, held: Any, groups: int, size: int) -> Any:
    small = np.full(groups, -1, np.int64)
    touch = np.zeros(groups, np.int64)
    members = np.argsort(group, kind="mergesort")
    at = 0
    for g in range(groups):
        end = at + held[g]
        if held[g] < size // 2:
            best = -1
            for i in range(at, end):
                for e in range(start[members[i]], start[members[i] + 1]):
                    o = group[other[e]]
                    if o != g and held[o] >= size // 2:
                        touch[o] += weight[e]
                        if best < 0 or touch[o] > touch[best]:
                            best = o
            for i in range(at, end):
                for e in range(start[members[i]], start[members[i] + 1]):
                    touch[group[other[e]]] = 0
            small[g] = best
        at = end
    number, last = np.full(groups, -1, np.int32), 0
    for g in range(groups):
        if small[g] < 0:
            number[g] = last
            last += 1
    found = np.empty(len(group), np.int32)
    for c in range(len(group)):
        g = group[c]
        found[c] = number[g] if small[g] < 0 else number[small[g]]
    return found
