"""Bundles with truth: cameras around a ball of points, seen through any of COLMAP's lenses."""

from __future__ import annotations

from typing import Any

import numpy as np

from sculpt3d.sfm._colmap import pycolmap
from sculpt3d.sfm.mapping import solve
from sculpt3d.sfm.observations import Observations, with_points

SIZE = (1600, 1200)
FOCAL = 1300.0


def lens(name: str, *params: float, camera_id: int = 1) -> Any:
    """A camera of that form; `params` follow the principal point, which is the middle unless there are two more at the end."""
    camera = pycolmap.Camera.create_from_model_name(camera_id, name, FOCAL, *SIZE)
    values = np.array(camera.params)
    extra = list(camera.extra_params_idxs())
    values[extra] = params[: len(extra)]
    if len(params) > len(extra):
        values[list(camera.principal_point_idxs())] += params[len(extra) :]
    camera.params = values
    return camera


def poses(count: int, seed: int = 0, depth: float = 2.4) -> list[Any]:
    """cam_from_world of cameras that look at the origin from all round, rolled at random."""
    rng, found = np.random.default_rng(seed), []
    for k in range(count):
        a, e = 2 * np.pi * k / count, rng.uniform(-0.4, 0.7)
        centre = depth * np.array([np.cos(a) * np.cos(e), np.sin(e), np.sin(a) * np.cos(e)])
        forward = -centre / np.linalg.norm(centre)
        right = np.cross(forward, [0, -1, 0])
        right /= np.linalg.norm(right)
        rotation = np.stack([right, np.cross(forward, right), forward])
        roll = rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.1)
        turned = (
            np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
            @ rotation
        )
        found.append(pycolmap.Rigid3d(pycolmap.Rotation3d(turned), -turned @ centre))
    return found


def bundle(
    cameras: list[Any],
    count: int = 16,
    points: int = 2000,
    noise_px: float = 0.2,
    seed: int = 0,
    moved: Any = None,
) -> Any:
    """A model adjusted as mapping does it, with one radial term, of photos truly taken by `cameras` in turn.

    moved: what moves each pixel beside the lens, from (image number, world points in cam, pixels) to shifts in pixels.
    """
    rng = np.random.default_rng(seed)
    world = rng.normal(size=(points, 3))
    world *= (0.55 + 0.35 * rng.random(points))[:, None] / np.linalg.norm(world, axis=1)[:, None]
    model = pycolmap.Reconstruction()
    for camera in cameras:
        f = float(camera.mean_focal_length())
        plain = pycolmap.Camera.create_from_model_name(int(camera.camera_id), "SIMPLE_RADIAL", f, *SIZE)
        model.add_camera_with_trivial_rig(plain)
    rows = []
    for k, pose in enumerate(poses(count, seed)):
        camera = cameras[k % len(cameras)]
        image = pycolmap.Image(name=f"{k:03}.jpg", camera_id=int(camera.camera_id), image_id=k + 1)
        model.add_image_with_trivial_frame(image, pose)
        local = world @ pose.matrix()[:, :3].T + pose.matrix()[:, 3]
        uv = np.asarray(camera.img_from_cam(local)) + rng.normal(0, noise_px, (points, 2))
        if moved is not None:
            uv += moved(k, local, uv)
        inside = ((uv > 0) & (uv < SIZE)).all(1) & (rng.random(points) < 0.6)
        rows.append(np.c_[np.flatnonzero(inside), np.full(int(inside.sum()), k + 1), uv[inside]])
    table = np.concatenate(rows)
    seen = Observations(table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2:]).of_length(3)
    model = with_points(model, seen, world[np.unique(seen.point)])
    solve(model)
    model.update_point_3d_errors()
    return model
