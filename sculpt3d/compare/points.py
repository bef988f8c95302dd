"""Sets of surface points made comparable: strays and the ground left out, as dense everywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from sculpt3d.geometry import F64

CELLS = 100  # along the largest side, of which each gives one point
STRAY = 5.0  # times the distance from the median within which nine of ten points lie


@dataclass(frozen=True)
class Points:
    """xyz (N, 3) with unit normals (N, 3)."""

    xyz: F64
    normal: F64

    def take(self, which: NDArray[np.generic]) -> Points:
        return Points(self.xyz[which], self.normal[which])


def near(xyz: F64) -> NDArray[np.bool_]:
    """Which points (N, 3) are no strays: those that would make a box around all of them meaningless."""
    distance = np.linalg.norm(xyz - np.median(xyz, axis=0), axis=1)
    return np.asarray(distance <= STRAY * float(np.quantile(distance, 0.9)))


def box(xyz: F64) -> tuple[F64, F64]:
    """Lowest and highest corner (3,) without strays."""
    kept = xyz[near(xyz)]
    return kept.min(0), kept.max(0)


def evened(points: Points) -> Points:
    """A point a cell, in random order: dense parts weigh no more than others."""
    cell = _cell_of(points.xyz, CELLS)
    first = np.unique(cell @ [1, 1 << 20, 1 << 40], return_index=True)[1]
    return points.take(np.random.default_rng(0).permutation(first))


def with_and_without_ground(points: Points) -> list[Points]:
    """The points, and where a plane holds many of them and the others lie on one side of it: the largest piece of those."""
    xyz, rng = points.xyz, np.random.default_rng(0)
    few = evened(points).xyz[:2000]
    thin = 0.01 * float(np.ptp(xyz, axis=0).max())
    a, b, c = few[rng.integers(len(few), size=(3, 1000))]
    normal = np.cross(b - a, c - a)
    length = np.linalg.norm(normal, axis=1)
    a, normal = a[length > thin**2], normal[length > thin**2] / length[length > thin**2, None]
    if not len(a):
        return [points]
    best = int((np.abs(few @ normal.T - (a * normal).sum(1)) < thin).sum(0).argmax())
    flat = xyz[np.abs((xyz - a[best]) @ normal[best]) < thin]
    middle = flat.mean(0)
    heights = (xyz - middle) @ np.linalg.svd(flat[:5000] - middle, full_matrices=False)[2][2]
    if (heights > 0).sum() < (heights < 0).sum():
        heights = -heights
    on, under, over = np.abs(heights) < thin, heights < -thin, heights > 2 * thin
    if on.mean() < 0.15 or under.mean() > 0.03 or over.mean() < 0.05:
        return [points]
    rest = points.take(over)
    grid = _cell_of(rest.xyz, CELLS // 2)
    filled = np.zeros(grid.max(0) + 1, bool)
    filled[tuple(grid.T)] = True
    piece = label(filled, np.ones((3, 3, 3)))[0][tuple(grid.T)]
    return [points, rest.take(piece == np.bincount(piece).argmax())]


def _cell_of(xyz: F64, cells: int) -> NDArray[np.int64]:
    low = xyz.min(0)
    return np.floor((xyz - low) / (float(np.ptp(xyz, axis=0).max()) / cells)).astype(np.int64)


def mean_and_radius(xyz: F64) -> tuple[F64, float]:
    middle = xyz.mean(0)
    return middle, float(np.sqrt(((xyz - middle) ** 2).sum(1).mean()))
