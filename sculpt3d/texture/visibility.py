"""What of the surface a photo really shows: ray casting for occlusion, distance from outlines, masks."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sculpt3d._open3d import o3d
from sculpt3d.geometry import project
from sculpt3d.texture.unwrap import Unwrapped
from sculpt3d.types import F32, I32, View
from sculpt3d.views import read_mask

OUTLINE_PX = 6.0  # a texel nearer than this to an outline counts less: there the photo mixes near and far


def caster(vertices: F32, faces: I32) -> Any:
    """The mesh, ready for `depth_image`."""
    scene = o3d.t.geometry.RaycastingScene(nthreads=1)
    scene.add_triangles(
        o3d.core.Tensor(np.ascontiguousarray(vertices, np.float32)),
        o3d.core.Tensor(np.ascontiguousarray(faces, np.uint32)),
    )
    return scene


def depth_image(scene: Any, view: View) -> F32:
    """Depth along z (H, W) of the surface as the view sees it; 0 where it sees none."""
    c = view.camera
    x = (np.arange(c.width) + 0.5 - c.cx) / c.fx
    y = (np.arange(c.height) + 0.5 - c.cy) / c.fy
    rays = np.empty((c.height, c.width, 6), np.float32)
    rays[..., :3] = view.cam_from_world.source_origin
    in_cam = np.stack(
        [
            np.broadcast_to(x, (c.height, c.width)),
            np.broadcast_to(y[:, None], (c.height, c.width)),
            np.ones((c.height, c.width)),
        ],
        -1,
    )
    rays[..., 3:] = in_cam @ view.cam_from_world.rotation  # z in cam is 1, so the hit distance is the depth
    depth = scene.cast_rays(o3d.core.Tensor(rays), nthreads=1)["t_hit"].numpy()
    return np.where(np.isfinite(depth), depth, 0).astype(np.float32)


def clearance(depth: F32, view: View) -> F32:
    """(H, W) 0..1: 1 well inside a surface, falling to 0 at outlines, depth steps, the mask's and the photo's border."""
    step = np.zeros(depth.shape, bool)
    for axis in (0, 1):
        a, b = (depth[1:], depth[:-1]) if axis == 0 else (depth[:, 1:], depth[:, :-1])
        broken = np.abs(a - b) > 0.01 * np.minimum(a, b)
        if axis == 0:
            step[1:] |= broken
            step[:-1] |= broken
        else:
            step[:, 1:] |= broken
            step[:, :-1] |= broken
    free = (depth > 0) & ~step
    free &= read_mask(view, *depth.shape)
    free[0], free[-1], free[:, 0], free[:, -1] = False, False, False, False
    distance = cv2.distanceTransform(free.astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(np.clip((distance - 1) / OUTLINE_PX, 0, 1), np.float32)


def faces_in_sight(view: View, depth: F32, flat: Unwrapped) -> NDArray[np.bool_]:
    """(F,) whether a corner or the middle of a face may be seen: a quick choice before texels are looked at one by one."""
    z = np.zeros((4, len(flat.faces)))
    near = np.zeros((4, len(flat.faces)), bool)
    corners = flat.vertices[flat.faces]
    for k, points in enumerate([corners.mean(1), *corners.swapaxes(0, 1)]):
        uv, z[k] = project(view.camera.matrix(), view.cam_from_world, points)
        at = np.clip(uv, 0, [view.camera.width - 1, view.camera.height - 1]).astype(np.int64)
        near[k] = (z[k] > 0) & (np.abs(depth[at[:, 1], at[:, 0]] - z[k]) < 0.02 * z[k])
    towards = ((view.cam_from_world.source_origin - corners.mean(1)) * flat.normals[flat.faces].sum(1)).sum(
        1
    ) > 0
    return np.asarray(near.any(0) & towards)


def weights(
    view: View, depth: F32, clear: F32, xyz: F32, normal: F32
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Which points the view shows: index (M,), pixels (M, 2), and how well (M,): pixels a unit of area, less at outlines."""
    uv, z = project(view.camera.matrix(), view.cam_from_world, xyz)
    inside = (
        (z > 0)
        & (uv[:, 0] >= 1)
        & (uv[:, 1] >= 1)
        & (uv[:, 0] < view.camera.width - 1)
        & (uv[:, 1] < view.camera.height - 1)
    )
    index = np.flatnonzero(inside)
    uv, z = uv[index], z[index]
    at = uv[:, 1].astype(np.int64), uv[:, 0].astype(np.int64)
    to_camera = view.cam_from_world.source_origin - xyz[index]
    facing = (to_camera * normal[index]).sum(1) / np.maximum(np.linalg.norm(to_camera, axis=1), 1e-12)
    tolerance = (2.5 / np.maximum(facing, 0.15)) * z / view.camera.fx
    how = clear[at] * np.maximum(facing, 0) * (view.camera.fx / z) ** 2
    shown = (facing > 0.12) & (np.abs(depth[at] - z) < tolerance) & (how > 0)
    return index[shown], uv[shown], how[shown]
