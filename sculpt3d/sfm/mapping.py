"""Cameras from matches: incremental mapping, the largest model, clean tie points, adjusted again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np

from sculpt3d.files import put
from sculpt3d.sfm._colmap import SEED, pycolmap, seed_this_thread

MIN_ANGLE_DEG = 1.5  # a tie point seen under less is uncertain along the ray
MAX_ERROR_PX = 2.0


def map_incrementally(
    database: Path,
    images: Path,
    out: Path,
    told: Callable[[], None],
    relaxed: bool = False,
    start: Path | None = None,
) -> Any:
    """The largest model that incremental mapping finds (None if none), also written to `out`.

    `relaxed`: other initial pairs (smaller angle, fewer inliers) and photos with fewer inliers are taken too.
    `start`: a model to go on from, so that the photos of smaller models join the largest.
    """
    if not out.exists():
        _map(database, images, out, told, relaxed, start)
    # Always as read from disk: a resumed run must go on from the very same model.
    return pycolmap.Reconstruction(str(out)) if (out / "cameras.bin").exists() else None


def _map(
    database: Path, images: Path, out: Path, told: Callable[[], None], relaxed: bool, start: Path | None
) -> None:
    work = out.with_name(f".{out.name}.part")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    seed_this_thread()
    models = pycolmap.incremental_mapping(
        database, images, work, _options(relaxed), input_path=start or "", next_image_callback=told
    )
    shutil.rmtree(work)
    work.mkdir()
    best = max(models.values(), key=lambda m: (m.num_reg_images(), m.num_points3D()), default=None)
    if best is not None:
        best.write(str(work))
    put(work, out)


def _options(relaxed: bool) -> Any:
    options = pycolmap.IncrementalPipelineOptions()
    options.num_threads = 1
    options.random_seed = SEED
    options.mapper.random_seed = SEED
    options.mapper.num_threads = 1
    options.min_model_size = 3
    options.extract_colors = False
    # The bundle is adjusted to the end when all photos are in. COLMAP's own tolerances are zero here too.
    options.ba_local_function_tolerance = options.ba_global_function_tolerance = 1e-4
    options.ba_global_max_refinements = 2
    options.ba_global_frames_ratio = options.ba_global_points_ratio = 1.3
    if relaxed:
        options.mapper.init_min_tri_angle = 6.0
        options.mapper.init_min_num_inliers = 40
        options.mapper.abs_pose_min_num_inliers = 15
        options.mapper.abs_pose_min_inlier_ratio = 0.15
        options.mapper.max_reg_trials = 6
    return options


def adjust(model: Any, rounds: int = 2) -> None:
    """Drop uncertain tie points and adjust the bundle again, `rounds` times; in place.

    Uncertain: reprojection error above 2 px or three times the median, ray angle below 1.5 degrees, two-view points
    where three-view ones suffice.
    """
    model.update_point_3d_errors()  # points that were added by hand have none
    for round_ in range(rounds):
        errors = np.array([p.error for p in model.points3D.values()])
        limit = float(np.clip(3 * np.median(errors), 0.5, MAX_ERROR_PX)) if len(errors) else MAX_ERROR_PX
        manager = pycolmap.ObservationManager(model)
        manager.filter_points3D_with_large_reprojection_error(limit, set(model.point3D_ids()))
        manager.filter_points3D_with_small_triangulation_angle(MIN_ANGLE_DEG, set(model.point3D_ids()))
        if round_ == 0 and _enough_long_tracks(model):
            manager.filter_points3D_with_short_tracks(3)
        solve(model)
        model.update_point_3d_errors()


def _enough_long_tracks(model: Any) -> bool:
    """Every photo keeps at least 60 tie points when those that only two photos see are dropped."""
    kept = {i: 0 for i in model.reg_image_ids()}
    for point in model.points3D.values():
        if point.track.length() >= 3:
            for element in point.track.elements:
                kept[element.image_id] += 1
    return min(kept.values(), default=0) >= 60


def solve(
    model: Any,
    loss_px: float = 1.0,
    centres: bool = False,
    tolerance: float = 1e-6,
    held: Collection[int] = (),
) -> None:
    """Adjust poses, intrinsics and points, errors beyond `loss_px` counting less and less; in place.

    `centres`: principal points too, which else stay where they are. `held`: cameras whose lenses stay as they are.

    `pycolmap.bundle_adjustment` does the same and always writes its log to the terminal.
    """
    config = pycolmap.BundleAdjustmentConfig()
    for image_id in model.reg_image_ids():
        config.add_image(image_id)
    for camera_id in held:
        config.set_constant_cam_intrinsics(camera_id)
    config.fix_gauge(pycolmap.BundleAdjustmentGauge.TWO_CAMS_FROM_WORLD)
    options = pycolmap.BundleAdjustmentOptions()
    options.print_summary = False
    options.refine_principal_point = centres
    options.ceres.loss_function_type = pycolmap.LossFunctionType.CAUCHY
    options.ceres.loss_function_scale = loss_px
    options.ceres.solver_options.num_threads = 1
    options.ceres.solver_options.max_num_iterations = 60
    # COLMAP's own is none: every bundle then takes all 60, and cameras end within 1.4e-5 of the scene's size of where this ends.
    options.ceres.solver_options.function_tolerance = tolerance
    pycolmap.create_default_bundle_adjuster(options, config, model).solve()
