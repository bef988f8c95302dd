"""Triangles without area: those that are none, and those that hold a closed surface together all the same."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.types import I32

_FLAT = 1e-10  # twice the area, of the longest edge squared
_STEP = 2.0**-23  # of the model's size: float32 tells no height below it
_SUSPECT = 1e-6  # twice the area over the longest edge squared, squared: what float32 tells of it
_BLOCK = 1 << 15


def flat_faces(vertices: NDArray[Any], faces: I32) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Numbers of the triangles that have no area: those that nothing needs, and caps.

    A cap's corners lie apart on one line, between three other faces of its surface (over a corner on an edge): without it the
    surface would have a crack.
    """
    none = np.zeros(0, np.intp)
    step = _STEP * float(
        np.ptp(vertices.reshape(-1, 3)[faces[:: max(1, len(faces) // 4096)].reshape(-1)], 0).max()
    )
    columns = [np.ascontiguousarray(vertices[:, k]) for k in range(3)]
    found = [none]
    for start in range(0, len(faces), _BLOCK):
        found.append(start + _suspects(columns, faces[start : start + _BLOCK], step))
    suspects = np.concatenate(found)
    if not len(suspects):
        return none, none
    a, b, c = (vertices[faces[suspects, k]].astype(np.float64) for k in range(3))
    sides = np.stack([((x - y) ** 2).sum(1) for x, y in ((a, b), (b, c), (c, a))])
    longest = sides.max(0)
    flat = np.linalg.norm(np.cross(b - a, c - a), axis=1) <= np.maximum(
        _FLAT * longest, step * np.sqrt(longest)
    )
    line = flat & (sides > 0).all(0)
    if not line.any():
        return suspects[flat], none
    caps = np.flatnonzero(line)[_needed(vertices, faces, suspects[flat], suspects[line])]
    flat[caps] = False
    return suspects[flat], suspects[caps]


def _suspects(columns: list[NDArray[Any]], faces: I32, step: float) -> NDArray[np.intp]:
    """Few more than those that are flat: 1 - cos² of the angle at the first corner is good to a part in a million."""
    at = np.ascontiguousarray(faces.T, np.intp)
    uu, vv, uv = (np.zeros(len(faces), columns[0].dtype) for _ in range(3))
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for column in columns:
            a, b, c = column.take(at, mode="clip")
            b -= a
            c -= a
            uu += b * b
            vv += c * c
            uv += b * c
        area = uu * vv - uv * uv
        long = np.maximum(uu, vv)  # within a factor of four of the longest edge's square
        return np.flatnonzero(~(area > long * np.maximum(_SUSPECT * long, 16 * step**2)))


def _needed(
    vertices: NDArray[Any], faces: I32, flat: NDArray[np.intp], line: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """(len(line),) whether each edge of such a face is another's too, of one that has an area at least once."""
    from sculpt3d.models.distinct import places

    local = np.asarray(vertices - vertices[faces[0, 0]], np.float32)
    place, _ = places(local)
    wanted = np.unique(_edges(place[faces[line]]))
    total, whole = np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.int64)
    is_flat = np.zeros(len(faces), bool)
    is_flat[flat] = True
    for start in range(0, len(faces), _BLOCK):
        part = slice(start, start + _BLOCK)
        edges = _edges(place[faces[part]])
        at = np.minimum(np.searchsorted(wanted, edges), len(wanted) - 1)
        same = wanted[at] == edges
        total += np.bincount(at[same], minlength=len(wanted))
        whole += np.bincount(at[same & ~is_flat[part, None]], minlength=len(wanted))
    own = np.searchsorted(wanted, _edges(place[faces[line]]))
    return np.asarray((total[own] == 2).all(1) & (whole[own] > 0).any(1))


def _edges(corners: I32) -> NDArray[np.int64]:
    """(T, 3) of each triangle's edges a number that both its sides share."""
    ends = np.stack([corners, np.roll(corners, -1, 1)]).astype(np.int64)
    return np.asarray(ends.min(0) << 32 | ends.max(0))
