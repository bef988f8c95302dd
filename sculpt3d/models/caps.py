"""Triangles without area that hold a closed surface together: turned so that they have one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.types import I32

_ROUNDS = 8  # caps beside caps take one each
_BLOCK = 1 << 15


def turned(vertices: NDArray[Any], faces: I32, caps: NDArray[np.intp], flat: NDArray[np.intp]) -> I32:
    """The faces, where each cap and its neighbour across the cap's longest edge have changed their common edge for the other one.

    The surface is the same; a cap whose neighbour there has other vertices (a seam) or is `flat` stays as it is.
    """
    out = faces.copy()
    left = caps
    for _ in range(_ROUNDS):
        left = _one_round(vertices, out, left, set(flat.tolist())) if len(left) else left
    return out


def _one_round(
    vertices: NDArray[Any], faces: I32, caps: NDArray[np.intp], flat: set[int]
) -> NDArray[np.intp]:
    """Turns what it can in place; the caps that are left where at least one was turned, else none."""
    corners = faces[caps]
    sides = vertices[np.roll(corners, -1, 1)].astype(np.float64) - vertices[corners]
    first = (sides**2).sum(2).argmax(1)
    p, q, b = (corners[np.arange(len(caps)), (first + k) % 3] for k in range(3))
    beyond = _beyond(faces, q, p)
    busy = flat | set(caps.tolist())
    waiting = []
    for k, cap in enumerate(caps.tolist()):
        other = beyond.get((int(q[k]), int(p[k])), -1)
        if other < 0 or other in busy:
            waiting.append(cap)
            continue
        d = next(int(v) for v in faces[other] if v not in (p[k], q[k]))
        faces[cap], faces[other] = (b[k], p[k], d), (d, q[k], b[k])
        busy.add(other)
    return np.array(waiting if len(waiting) < len(caps) else [], np.intp)


def _beyond(faces: I32, start: I32, end: I32) -> dict[tuple[int, int], int]:
    """The one face that goes from each start to its end."""
    wanted = np.unique(start.astype(np.int64) << 32 | end)
    found: dict[tuple[int, int], int] = {}
    for at in range(0, len(faces), _BLOCK):
        part = faces[at : at + _BLOCK].astype(np.int64)
        edges = part << 32 | np.roll(part, -1, 1)
        place = np.minimum(np.searchsorted(wanted, edges), len(wanted) - 1)
        for row, column in zip(*np.nonzero(wanted[place] == edges), strict=True):
            key = (int(part[row, column]), int(part[row, (column + 1) % 3]))
            found[key] = -1 if key in found else at + int(row)
    return found
