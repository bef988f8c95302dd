"""A model of any lenses as a scene: pinholes near enough to know what a photo shows, and how well its pixels were found."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sculpt3d.errors import NotEnoughViews
from sculpt3d.geometry import Rigid3
from sculpt3d.types import Pinhole, Scene, SparsePoints, View

LEAST = 3  # photos
TIES = 100  # tie points, to know a surface by
USUAL_PX = 0.5  # where nothing says how well pixels were found
BEST_PX = 0.05  # no photo's pixels are found better, whatever a model made by hand says
WINDOW_PX = 0.33  # what a window is matched to, whatever tie points are
_RAYLEIGH = 1.2533  # mean length of a residual whose coordinates have sigma 1


def scene_of_model(model: Any, masks: Mapping[str, Path] | None = None) -> Scene:
    """Views sorted by name; lens distortion is left out. masks: by photo. Raises `NotEnoughViews`."""
    shots = sorted((model.images[i] for i in model.reg_image_ids()), key=lambda image: str(image.name))
    if len(shots) < LEAST or len(model.points3D) < TIES:
        raise NotEnoughViews(
            f"{len(shots)} photos with {len(model.points3D)} tie points are too few to plan from; give at least {LEAST} photos "
            f"that overlap by two thirds, and {TIES} tie points"
        )
    model.update_point_3d_errors()
    number = {image.image_id: i for i, image in enumerate(shots)}
    points = [model.points3D[i] for i in sorted(model.points3D)]
    tracks = [sorted({number[e.image_id] for e in p.track.elements if e.image_id in number}) for p in points]
    return Scene(
        tuple(_view(image, model.cameras[image.camera_id], masks or {}) for image in shots),
        SparsePoints(
            np.array([p.xyz for p in points], np.float64).reshape(-1, 3),
            np.array([p.error for p in points], np.float32),
            np.concatenate([[0], np.cumsum([len(t) for t in tracks])]).astype(np.int32),
            np.array([i for t in tracks for i in t], np.int32),
        ),
    )


def _view(image: Any, camera: Any, masks: Mapping[str, Path]) -> View:
    k, name = camera.calibration_matrix(), str(image.name)
    pinhole = Pinhole(
        int(camera.width), int(camera.height), *(float(k[i]) for i in ((0, 0), (1, 1), (0, 2), (1, 2)))
    )
    pose = Rigid3.from_matrix(image.cam_from_world().matrix())
    return View(name, pinhole, pose, Path(name), masks.get(name))


def noise_px(points: SparsePoints) -> float:
    """Sigma of a pixel's coordinate, from the residuals of tie points that three photos or more see."""
    views = np.diff(points.start).astype(np.float64)
    good = (views >= 3) & np.isfinite(points.error_px) & (points.error_px >= 0)
    if good.sum() < 30:
        return USUAL_PX
    free = 2 * views[good] / (2 * views[good] - 3)  # a point takes three of its residuals' freedoms
    return max(BEST_PX, float(np.median(points.error_px[good] / _RAYLEIGH * np.sqrt(free))))


def matching_px(noise: float) -> float:
    """Sigma of a pixel's coordinate in dense matching: of the cameras, and of the matching itself. With ties of .16 px dense
    clouds err 2.3 times as far as those alone foretell, with .4 px as far (benchmarks/bench_plan.py)."""
    return float(np.hypot(noise, WINDOW_PX))
