"""Equal rows found by their bits: doubled vertices, corners of a seam."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.types import F32, I32

_MIX = np.uint64(0xFF51AFD7ED558CCD)


def distinct(words: NDArray[np.uint32]) -> tuple[I32, I32]:
    """(N, K) rows of 32 bits -> for each its number (N,), numbered as they first come, and where each first is (U,).

    By sorting one number mixed of all bits: six times as fast as np.unique over rows, and in half of its memory.
    """
    leader = _leaders(words)
    if leader is None:
        return np.arange(len(words), dtype=np.int32), np.arange(len(words), dtype=np.int32)
    leads = np.zeros(len(words), bool)
    leads[leader] = True
    number = np.cumsum(leads, dtype=np.int32) - np.int32(1)
    return number[leader], np.flatnonzero(leads).astype(np.int32)


def _leaders(words: NDArray[np.uint32]) -> I32 | None:
    """(N,) the first row that is as each; None where all differ."""
    key = _mixed(words)
    ordered = np.sort(key)  # a third of the time of argsort
    if not (ordered[1:] == ordered[:-1]).any():
        return None
    del ordered
    order = np.argsort(key)
    key = key[order]
    new = np.ones(len(key), bool)
    new[1:] = key[1:] != key[:-1]
    del key
    starts = np.flatnonzero(new)
    first = np.minimum.reduceat(order, starts).astype(np.int32)
    leader = np.empty(len(words), np.int32)
    leader[order] = np.repeat(first, np.diff(np.append(starts, len(words))))
    if any((words[leader, k] != words[:, k]).any() for k in range(words.shape[1])):  # two rows, one number
        _, exact, same = np.unique(words, axis=0, return_index=True, return_inverse=True)
        return exact[same.reshape(-1)].astype(np.int32)
    return leader


def _mixed(words: NDArray[np.uint32]) -> NDArray[np.uint64]:
    key = np.full(len(words), 0x9E3779B97F4A7C15, np.uint64)
    for k in range(words.shape[1]):
        key ^= words[:, k]
        key *= _MIX
        key ^= key >> np.uint64(32)
    return key


def places(vertices: F32) -> tuple[I32, I32]:
    """The same for positions (N, 3): -0 is 0."""
    return distinct((vertices + np.float32(0)).view(np.uint32))


def all_apart(vertices: F32) -> bool:
    """Whether no two of (N, 3) lie at one place, in a seventh of the time it takes to tell which."""
    key = np.sort(_mixed((vertices + np.float32(0)).view(np.uint32)))
    return not (key[1:] == key[:-1]).any()


def split(corners: I32, *sides: NDArray[Any]) -> tuple[I32, I32, I32]:
    """Vertices doubled where corners that share them differ in `sides`, each (T, 3) or (T, 3, K) of 32 bits.

    Returns triangles (T, 3) over the new vertices, the old vertex of each (U,), and a corner (0 .. 3 T) that it stands for.
    Those that stand first keep their order; the doubles follow.
    """
    flat = corners.reshape(-1)
    n = len(flat)
    if n == 0:
        return corners, flat, flat
    columns = [np.ascontiguousarray(s).reshape(n, -1).view(np.uint32) for s in sides]
    leader = np.zeros(int(flat.max()) + 1, np.int32)  # the first corner at each vertex
    leader[flat[::-1]] = np.arange(n - 1, -1, -1, dtype=np.int32)
    own = leader[flat]
    differs = np.zeros(n, bool)
    for column in columns:
        for k in range(column.shape[1]):
            differs |= column[:, k] != column[own, k]
    faces, vertex = used(corners, len(leader))
    corner = leader[vertex]
    more = np.flatnonzero(differs)
    if len(more):
        words = np.column_stack([flat[more].view(np.uint32), *(c[more] for c in columns)])
        number, first = distinct(words)
        faces = faces.copy()
        faces.reshape(-1)[more] = number + np.int32(len(vertex))
        corner = np.concatenate([corner, more[first].astype(np.int32)])
    return faces, flat[corner], corner


def used(faces: I32, count: int) -> tuple[I32, I32]:
    """The triangles over those of `count` vertices that they use, and which these are."""
    marks = np.zeros(count, bool)
    marks[faces.reshape(-1)] = True
    if marks.all():
        return faces, np.arange(count, dtype=np.int32)
    number = np.cumsum(marks, dtype=np.int32) - np.int32(1)
    return number[faces], np.flatnonzero(marks).astype(np.int32)
