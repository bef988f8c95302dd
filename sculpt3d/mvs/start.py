"""Where the planes of a view start: at the coarsest scale from tie points, then from the scale before."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree

from sculpt3d.geometry import F64, project
from sculpt3d.mvs.pyramid import Pyramid
from sculpt3d.region import depth_span, find_region
from sculpt3d.types import F32, Pinhole


def depth_range(pyramid: Pyramid, i: int) -> tuple[float, float]:
    """Nearest and farthest depth that view i may show."""
    z, view = _tie_depths(pyramid, i, 0)[1], pyramid.scene.views[i]
    near: float
    far: float
    if len(z) >= 200:
        near, far = np.quantile(z, 0.005) * 0.7, np.quantile(z, 0.995) * 1.5
    elif len(z) >= 5:
        near, far = z.min() * 0.8, z.max() * 1.25
    else:
        low, high = depth_span(find_region(pyramid.scene), view)
        near, far = low / 3, high * 3
    if pyramid.region is not None:
        low, high = depth_span(pyramid.region, view)
        if len(z) < 5 or far <= low or near >= high:
            near, far = low, high
        else:
            near, far = max(near, low), min(far, high)
    return float(near), float(far)


def from_tie_points(pyramid: Pyramid, i: int, scale: int) -> tuple[F32, F32]:
    """Depths (H, W): of the nearest tie points, a fifth at random; normals (H, W, 3) that lean at random."""
    h, w = pyramid.sizes(scale)[i]
    near, far = depth_range(pyramid, i)
    rng = np.random.default_rng(zlib.crc32(pyramid.scene.views[i].name.encode()))
    uv, z = _tie_depths(pyramid, i, scale)
    depth = 1 / rng.uniform(1 / far, 1 / near, (h, w))
    if len(z) >= 5:
        grid = np.stack(np.meshgrid(np.arange(w) + 0.5, np.arange(h) + 0.5), -1).reshape(-1, 2)
        pick = cKDTree(uv).query(grid, k=min(3, len(z)))[1][np.arange(h * w), rng.integers(0, 3, h * w)]
        guess = z[pick].reshape(h, w) * rng.normal(1, 0.01, (h, w))
        depth = np.where(rng.random((h, w)) < 0.8, guess, depth)
    lean = rng.uniform(-0.5, 0.5, (2, h, w))
    normal = np.stack([lean[0], lean[1], np.full((h, w), -1.0)], -1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return np.clip(depth, near, far).astype(np.float32), normal.astype(np.float32)


def from_coarser(before: Any, coarse: Pinhole, fine: Pinhole) -> tuple[F32, F32, NDArray[np.uint8]]:
    """Planes at the next scale (depth, normal, choice): each fine pixel's ray meets its coarse pixel's plane.

    Where there was none, the nearest one stands in.
    """
    depth, normal, choice = before["depth"], before["normal"], before["choice"]
    if not (depth > 0).all() and (depth > 0).any():
        row, column = distance_transform_edt(depth <= 0, return_distances=False, return_indices=True)
        depth, normal, choice = depth[row, column], normal[row, column], choice[row, column]
    depth = np.maximum(depth, 1e-6)
    if coarse == fine:
        return depth, normal, choice
    depth, normal, choice = (a.repeat(2, 0).repeat(2, 1) for a in (depth, normal, choice))

    def along(camera: Pinhole, shrink: int) -> Any:
        x = (np.arange(fine.width) // shrink + 0.5 - camera.cx) / camera.fx
        y = (np.arange(fine.height) // shrink + 0.5 - camera.cy) / camera.fy
        return (
            normal[..., 0] * x.astype(np.float32)
            + normal[..., 1] * y.astype(np.float32)[:, None]
            + normal[..., 2]
        )

    was, now = along(coarse, 2), along(fine, 1)
    steep = np.abs(now) <= 0.05
    ratio = np.where(steep, 1, was / np.where(steep, 1, now))
    return (depth * np.clip(ratio, 0.9, 1.1)).astype(np.float32), normal, choice


def _tie_depths(pyramid: Pyramid, i: int, scale: int) -> tuple[F64, F64]:
    """Pixels (N, 2) at this scale and depths (N,) of the tie points that view `i` saw."""
    points, view = pyramid.scene.points, pyramid.scene.views[i]
    index = np.repeat(np.arange(len(points.xyz)), np.diff(points.start))[points.view_index == i]
    uv, z = project(pyramid.camera(i, scale).matrix(), view.cam_from_world, points.xyz[index])
    return uv[z > 0], z[z > 0]
