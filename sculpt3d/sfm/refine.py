"""Cameras from dense matches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.geometry import F64
from sculpt3d.sfm._colmap import pycolmap
from sculpt3d.sfm.tracks import Tracks

LOSS_PX = 0.3


def add_tracks(model: Any, flat: Any, names: list[str], tracks: Tracks, keep_ties: bool = True) -> Any:
    ids = {str(model.images[i].name): i for i in model.reg_image_ids()}
    order = [ids[n] for n in names]
    pixels, rays = np.empty_like(tracks.uv), np.empty((len(tracks.uv), 3))
    for k, image_id in enumerate(order):
        mine = tracks.view == k
        camera = model.cameras[model.images[image_id].camera_id]
        xy = flat.cameras[model.images[image_id].camera_id].cam_from_img(tracks.uv[mine])
        full = np.c_[xy, np.ones(len(xy))]
        pixels[mine], rays[mine] = camera.img_from_cam(full), full @ model.images[image_id].cam_from_world().matrix()[:, :3]
    centres = np.array([model.images[i].projection_center() for i in order])
    xyz = intersect(centres[tracks.view], rays, tracks.track)
    old = []
    if keep_ties:
        for p in model.points3D.values():
            old.append((p.xyz, [(e.image_id, model.images[e.image_id].points2D[e.point2D_idx].xy) for e in p.track.elements]))
    sort = np.argsort(tracks.track, kind="stable")
    for rows in np.split(sort, np.flatnonzero(np.diff(tracks.track[sort])) + 1):
        old.append((xyz[tracks.track[rows[0]]], [(order[tracks.view[r]], pixels[r]) for r in rows]))
    model.delete_all_points2D_and_points3D()
    seen: dict[int, list[Any]] = {i: [] for i in model.reg_image_ids()}
    elements = []
    for point, views in old:
        mine = []
        for image_id, xy in views:
            mine.append(pycolmap.TrackElement(image_id, len(seen[image_id])))
            seen[image_id].append(pycolmap.Point2D(xy))
        elements.append((point, pycolmap.Track(mine)))
    for image_id, points in seen.items():
        model.images[image_id].points2D = pycolmap.Point2DList(points)
    for point, track in elements:
        model.add_point3D(point, track)
    return model


def intersect(centres: F64, rays: F64, track: NDArray[np.int64]) -> F64:
    """Points nearest to all rays of each track, (N, 3)."""
    d = rays / np.linalg.norm(rays, axis=1, keepdims=True)
    across = np.eye(3) - d[:, :, None] * d[:, None, :]
    n = int(track.max()) + 1
    a, b = np.zeros((n, 3, 3)), np.zeros((n, 3))
    np.add.at(a, track, across)
    np.add.at(b, track, (across @ centres[:, :, None])[..., 0])
    return np.asarray(np.linalg.solve(a, b[..., None])[..., 0])


def solve(model: Any, loss: float = LOSS_PX) -> None:
    config = pycolmap.BundleAdjustmentConfig()
    for image_id in model.reg_image_ids():
        config.add_image(image_id)
    config.fix_gauge(pycolmap.BundleAdjustmentGauge.TWO_CAMS_FROM_WORLD)
    options = pycolmap.BundleAdjustmentOptions()
    options.print_summary = False
    options.ceres.loss_function_type = pycolmap.LossFunctionType.CAUCHY
    options.ceres.loss_function_scale = loss
    options.ceres.solver_options.num_threads = 1
    options.ceres.solver_options.max_num_iterations = 60
    pycolmap.create_default_bundle_adjuster(options, config, model).solve()
    model.update_point_3d_errors()


def trim(model: Any, factor: float = 3.0) -> None:
    errors = np.array([p.error for p in model.points3D.values()])
    manager = pycolmap.ObservationManager(model)
    manager.filter_points3D_with_large_reprojection_error(float(np.clip(factor * np.median(errors), 0.3, 2)), set(model.point3D_ids()))
    manager.filter_points3D_with_small_triangulation_angle(1.5, set(model.point3D_ids()))
