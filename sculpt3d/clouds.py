"""Clouds made even. Sums run over blocks of points, so the memory is that of the surface, not of the number of photos."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from sculpt3d.types import Bool, PointCloud, Scene, Spacing

BLOCK = 4_000_000  # points looked at together
CELLS = 1 << 20  # along an axis: three of them and the facing fill a 64-bit key
LONELY_PX, COMPANY = 3.0, 5  # cell in pixels; points in a cell and the 26 around it, at least
CANCELLED = 0.2  # length of a cell's mean normal below which it holds two skins, or noise
CLOSEST = 0.6  # of the spacing: nearer pairs lose their less certain point


def spacing_in(spacing: Spacing, scene: Scene, cloud: PointCloud) -> float:
    """`spacing` in the cloud's unit, which is taken for a metre where mm are asked."""
    return spacing.value * (0.001 if spacing.unit == "mm" else pixel_size(scene, cloud))


def pixel_size(scene: Scene, cloud: PointCloud) -> float:
    """Median size of a photo's pixel on the object, in the scene's unit."""
    middle = np.median(cloud.xyz, 0)
    return float(np.median([v.cam_from_world.apply(middle)[2] / v.camera.fx for v in scene.views]))


def without_loners(cloud: PointCloud, pixel: float) -> PointCloud:
    """Without points that have fewer than four others within three to six pixels' worth: what plain skies leave in the air.

    On nymph that is 62 % of what floats, and one in 20,000 of the surface's points; three times coarser photos keep theirs.
    """
    low = cloud.xyz.min(0).astype(np.float64)
    cell = max(LONELY_PX * pixel, float((cloud.xyz.max(0) - low).max()) / (CELLS - 3))
    key = np.empty(len(cloud.xyz), np.int64)
    for start in range(0, len(key), BLOCK):
        x, y, z = (np.floor((cloud.xyz[start : start + BLOCK] - low) / cell).astype(np.int64) + 1).T
        key[start : start + BLOCK] = (x * CELLS + y) * CELLS + z
    cells, which, count = np.unique(key, return_inverse=True, return_counts=True)
    around = np.zeros(len(cells), np.int64)
    for step in np.ndindex(3, 3, 3):
        dx, dy, dz = (s - 1 for s in step)
        beside = cells + (dx * CELLS + dy) * CELLS + dz
        at = np.minimum(np.searchsorted(cells, beside), len(cells) - 1)
        around += np.where(cells[at] == beside, count[at], 0)
    return take(cloud, (around >= COMPANY)[which.ravel()])


def evened(cloud: PointCloud, spacing: float) -> PointCloud:
    """About one point every `spacing`, none nearer to another of its facing than 0.6 of it; cells become their means."""
    thin = thinned(cloud, spacing)
    pairs = cKDTree(thin.xyz).query_pairs(CLOSEST * spacing, output_type="ndarray")
    same = (thin.normal[pairs[:, 0]] * thin.normal[pairs[:, 1]]).sum(1) > 0
    sure = np.lexsort((np.arange(len(thin.xyz)), thin.error))
    rank = np.empty(len(sure), np.int64)
    rank[sure] = np.arange(len(sure))
    keep = np.ones(len(thin.xyz), bool)
    better = np.sort(rank[pairs[same]], 1)
    for first, second in better[np.lexsort((better[:, 1], better[:, 0]))]:
        if keep[sure[first]]:
            keep[sure[second]] = False
    return take(thin, keep)


def thinned(cloud: PointCloud, cell: float) -> PointCloud:
    """One averaged point a cubic cell and facing: evens out the density and lowers the noise."""
    low, high = cloud.xyz.min(0).astype(np.float64), cloud.xyz.max(0).astype(np.float64)
    cell = max(cell, float((high - low).max()) / (CELLS - 1))
    parts = []
    for start in range(0, len(cloud.xyz), BLOCK):
        block = slice(start, start + BLOCK)
        rows = np.column_stack(
            [np.ones(len(cloud.xyz[block]))]
            + [
                getattr(cloud, f)[block].astype(np.float64)
                for f in ("xyz", "normal", "rgb", "views", "error")
            ]
        )
        parts.append(_sums(_cell_keys(cloud.xyz[block], cloud.normal[block], low, cell), rows))
    key, total = (np.concatenate(v) for v in zip(*parts, strict=True))
    _, total = _sums(key, total) if len(parts) > 1 else (key, total)
    mean = total[:, 1:] / total[:, :1]
    length = np.linalg.norm(mean[:, 3:6], axis=1)
    good = length > CANCELLED
    mean, length = mean[good], length[good]
    return PointCloud(
        mean[:, :3].astype(np.float32),
        (mean[:, 3:6] / length[:, None]).astype(np.float32),
        mean[:, 6:9].astype(np.uint8),
        mean[:, 9].astype(np.int32),
        mean[:, 10].astype(np.float32),
    )


def take(cloud: PointCloud, keep: Bool) -> PointCloud:
    return PointCloud(
        cloud.xyz[keep], cloud.normal[keep], cloud.rgb[keep], cloud.views[keep], cloud.error[keep]
    )


def _cell_keys(
    xyz: NDArray[np.float32], normal: NDArray[np.float32], low: NDArray[np.float64], cell: float
) -> NDArray[np.int64]:
    x, y, z = np.floor((xyz - low) / cell).astype(np.int64).T
    facing = (normal > 0).astype(np.int64) @ [1, 2, 4]
    return np.asarray(((x * CELLS + y) * CELLS + z) * 8 + facing, np.int64)


def _sums(key: NDArray[np.int64], rows: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows of the same key added up, in the keys' order."""
    order = np.argsort(key, kind="stable")
    key = key[order]
    start = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    return key[start], np.add.reduceat(rows[order], start, axis=0)
