"""Faces of any number of corners as triangles, in their own plane: concave ones too, and no corner is left out.

A corner that lies straight on its neighbours' line must stay: the face beyond has it, and a crack would open.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.errors import UnreadableFile
from sculpt3d.models.ears import clipped
from sculpt3d.types import I32

_STRAIGHT = 1e-9  # of the longest edge squared: a corner that turns less is none


def triangulate(
    points: NDArray[Any], corners: I32, sizes: I32, file: str = "the model"
) -> tuple[NDArray[np.int64], I32]:
    """corners (C,): vertices of face after face, `sizes` (F,) of each. Faces below three corners give nothing.

    Returns (T, 3) places in `corners` and (T,) the face of each, in the order of the faces. Raises `UnreadableFile` where
    faces of many thousand corners wind so that they cannot be split in seconds.
    """
    starts = np.cumsum(sizes, dtype=np.int64) - sizes
    if len(sizes) and (sizes == 3).all():
        return np.arange(len(corners)).reshape(-1, 3), np.arange(len(sizes), dtype=np.int32)
    found, faces = [np.zeros((0, 3), np.int64)], [np.zeros(0, np.int32)]
    for n in np.unique(sizes[sizes >= 3]):
        rows = np.flatnonzero(sizes == n).astype(np.int32)
        step = max(1, (1 << 18) // int(n))
        for k in range(0, len(rows), step):
            part = rows[k : k + step]
            local = _of_one_size(points, corners[starts[part][:, None] + np.arange(n)], file)
            found.append((local + starts[part][:, None, None]).reshape(-1, 3))
            faces.append(np.repeat(part, n - 2))
    at, face = np.concatenate(found), np.concatenate(faces)
    order = np.argsort(face, kind="stable")
    return at[order], face[order]


def _of_one_size(points: NDArray[Any], polygons: I32, file: str) -> NDArray[np.int64]:
    """(M, N) vertices -> (M, N - 2, 3) corners 0 .. N."""
    m, n = polygons.shape
    if n == 4:
        return _quads(points, polygons)
    fan = np.stack([np.zeros(n - 2, np.int64), np.arange(1, n - 1), np.arange(2, n)], 1)
    out = np.repeat(fan[None], m, 0)
    if n == 3:
        return out
    with np.errstate(all="ignore"):  # what is no number is refused later
        xyz = points[polygons].astype(np.float64)
        xyz -= xyz[:, :1]
        after = np.roll(xyz, -1, 1)
        normal = np.cross(xyz, after).sum(1)  # Newell
        edge = after - xyz
        length = np.sqrt((normal**2).sum(1))
        unit = normal / np.where(length > 0, length, 1)[:, None]
        turn = np.einsum("mni,mi->mn", np.cross(np.roll(edge, 1, 1), edge), unit)
        longest = (edge**2).sum(2).max(1)
        odd = np.isfinite(turn).all(1) & (turn <= _STRAIGHT * longest[:, None]).any(1) & (length > 0)
    rows = np.flatnonzero(odd)
    if len(rows):
        flat = np.stack([_in_plane(xyz[r], unit[r]) for r in rows])
        triangles = clipped(flat)
        if triangles is None:
            raise UnreadableFile(f"{file} has faces of too many corners; triangulate it and export it again")
        out[rows] = triangles
    return out


def _quads(points: NDArray[Any], polygons: I32) -> NDArray[np.int64]:
    """Along the diagonal from the first corner, where both halves then have an area and look the same way; else the other."""
    a, b, c, d = (points[polygons[:, k]].T.astype(np.float64) for k in range(4))
    with np.errstate(all="ignore"):
        u, v, w = b - a, c - a, d - a
        first, second = _cross(u, v), _cross(v, w)
        longest = np.maximum.reduce([(e * e).sum(0) for e in (u, v, w)])
        least = (_STRAIGHT * longest) ** 2
        good = (first * second).sum(0) > 0
        good &= ((first * first).sum(0) > least) & ((second * second).sum(0) > least)
    turned = np.where(good, 0, 1)
    return np.asarray((np.array([[0, 1, 2], [0, 2, 3]]) + turned[:, None, None]) % 4, np.int64)


def _cross(u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, M) each."""
    return np.stack([u[(k + 1) % 3] * v[(k + 2) % 3] - u[(k + 2) % 3] * v[(k + 1) % 3] for k in range(3)])


def _in_plane(xyz: NDArray[np.float64], unit: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 3) -> (N, 2), counter-clockwise: the axis that the plane faces most is left out."""
    axis = int(np.abs(unit).argmax())
    kept = xyz[:, [(axis + 1) % 3, (axis + 2) % 3]]
    return kept if unit[axis] > 0 else kept[:, ::-1]
