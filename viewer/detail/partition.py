"""Triangles in compact clusters of one size: halved across their longest side until they are few enough."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d._kernels import njit
from sculpt3d.types import F32, I32


def clusters_of(xyz: F32, faces: I32, most: int) -> tuple[I32, NDArray[np.int64]]:
    """An order of faces (F,) in which clusters of at most `most` lie one after another, and where each begins (C + 1,)."""
    middles = _middles(xyz, faces)
    order = np.arange(len(faces), dtype=np.int32)
    return order, _halved(middles, order, most)


def halved_points(points: F32, order: I32, most: int) -> NDArray[np.int64]:
    """The same for points (N, 3): where each cluster begins; both arrays are put in their order."""
    return np.asarray(_halved(points, order, most))


@njit(nogil=True, cache=True)
def _middles(xyz: Any, faces: Any) -> Any:
    found = np.empty((len(faces), 3), np.float32)
    for f in range(len(faces)):
        for axis in range(3):
            found[f, axis] = (
                xyz[faces[f, 0], axis] + xyz[faces[f, 1], axis] + xyz[faces[f, 2], axis]
            ) / np.float32(3)
    return found


@njit(nogil=True, cache=True)
def _halved(at: Any, order: Any, most: int) -> Any:
    """Where each cluster begins; `at` (N, 3) and `order` (N,) are put in their order. Clusters are full but the last of a
    half, so there are as few as can be."""
    count = len(at)
    begins = np.empty((count + most - 1) // most + 1, np.int64)
    stack = np.empty((64, 2), np.int64)
    stack[0, 0], stack[0, 1] = 0, count
    depth, found = 1, 0
    low, high = np.empty(3, np.float32), np.empty(3, np.float32)
    while depth:
        depth -= 1
        a, b = stack[depth]
        if b - a <= most:
            begins[found] = a
            found += 1
            continue
        low[:], high[:] = at[a], at[a]
        for i in range(a, b):
            for axis in range(3):
                low[axis] = min(low[axis], at[i, axis])
                high[axis] = max(high[axis], at[i, axis])
        axis = int(np.argmax(high - low))
        pieces = (b - a + most - 1) // most
        middle = a + pieces // 2 * most
        _select(at, order, axis, a, b - 1, middle)
        stack[depth, 0], stack[depth, 1] = middle, b  # the left half comes out first
        stack[depth + 1, 0], stack[depth + 1, 1] = a, middle
        depth += 2
    begins[found] = count
    return begins[: found + 1]


@njit(nogil=True, cache=True)
def _select(at: Any, order: Any, axis: int, left: int, right: int, kth: int) -> None:
    """All before place `kth` are no farther along the axis than those from it on (Hoare's quickselect)."""
    while left < right:
        pivot = _middle_of(at[left, axis], at[(left + right) // 2, axis], at[right, axis])
        i, j = left, right
        while i <= j:
            while at[i, axis] < pivot:
                i += 1
            while at[j, axis] > pivot:
                j -= 1
            if i <= j:
                for k in range(3):
                    at[i, k], at[j, k] = at[j, k], at[i, k]
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if kth <= j:
            right = j
        elif kth >= i:
            left = i
        else:
            return


@njit(nogil=True, cache=True)
def _middle_of(a: float, b: float, c: float) -> float:
    return max(min(a, b), min(max(a, b), c))
