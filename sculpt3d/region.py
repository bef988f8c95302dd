"""The part of space that holds the object of interest: a convex body, and what of a photo it covers."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import HalfspaceIntersection

from sculpt3d.geometry import F64, project
from sculpt3d.mvs.neighbours import gaze_point
from sculpt3d.types import Bool, Pinhole, Region, Scene, SparsePoints, View
from sculpt3d.views import read_mask

_FACES = 96  # of the body: 2 % wider than the exact hull


def sphere(centre: F64, radius: float) -> Region:
    """A body that holds the ball."""
    return _body(np.asarray(centre, np.float64), np.full(_FACES, radius))


def around(points: NDArray[Any], margin: float) -> Region:
    """A body that holds the points (N, 3) and `margin` around them."""
    middle = (points.max(0) + points.min(0)).astype(np.float64) / 2
    reach = np.max((points - middle) @ _directions().T, axis=0)
    return _body(middle, reach + margin)


def _body(middle: F64, reach: NDArray[Any]) -> Region:
    planes = np.c_[_directions(), -(reach + _directions() @ middle)]
    return Region(HalfspaceIntersection(planes, middle).intersections, planes)


def _directions() -> F64:
    """Evenly spread unit vectors (Fibonacci lattice)."""
    k = np.arange(_FACES) + 0.5
    z, angle = 1 - 2 * k / _FACES, np.pi * (1 + 5**0.5) * k
    return np.stack([np.sqrt(1 - z * z) * np.cos(angle), np.sqrt(1 - z * z) * np.sin(angle), z], 1)


def outline(region: Region, view: View, camera: Pinhole) -> Bool:
    """(H, W) of `camera`, a crop or scaling of the view's: pixels whose ray may meet the body."""
    uv, depth = project(camera.matrix(), view.cam_from_world, region.corners)
    picture = np.zeros((camera.height, camera.width), np.uint8)
    if depth.min() < 0.02 * depth.max():  # the camera stands in the body or beside it
        return np.ones_like(picture, bool)
    border = cv2.convexHull(np.clip(uv - 0.5, -30_000, 30_000).astype(np.float32))
    cv2.fillConvexPoly(picture, np.round(border).astype(np.int32), 1)
    return np.asarray(picture > 0)


def depth_span(region: Region, view: View) -> tuple[float, float]:
    """Nearest and farthest depth of the body in the view."""
    z = view.cam_from_world.apply(region.corners)[:, 2]
    return max(float(z.min()), 1e-3 * float(z.max())), float(z.max())


def find_region(scene: Scene) -> Region:
    """What the masks show, else what the cameras look at together.

    Without masks: around the point nearest to all optical axes, a fifth larger than the pictures, never reaching the cameras.
    """
    masked = _points_in_masks(scene)
    if masked is not None:
        centre = (np.quantile(masked, 0.01, 0) + np.quantile(masked, 0.99, 0)) / 2
        return sphere(centre, 1.25 * float(np.quantile(np.linalg.norm(masked - centre, axis=1), 0.99)))
    centres = np.array([v.cam_from_world.source_origin for v in scene.views])
    centre = _looked_at(scene)
    distance = np.linalg.norm(centres - centre, axis=1)
    half = np.array(
        [max(v.camera.width / v.camera.fx, v.camera.height / v.camera.fy) / 2 for v in scene.views]
    )
    return sphere(centre, float(min(1.2 * np.median(distance * half), 0.85 * np.quantile(distance, 0.1))))


def _looked_at(scene: Scene) -> F64:
    """The gaze point where the axes meet; the middle of the tie points where they are nearly parallel (a relief).

    Mixed with the tie points' middle it slid to the textured plinth and cut a bronze's head off.
    """
    axes = np.array([v.cam_from_world.rotation[2] for v in scene.views])
    spread = np.degrees(np.arccos(np.clip(axes @ axes.mean(0) / np.linalg.norm(axes.mean(0)), -1, 1)))
    if np.quantile(spread, 0.8) < 8 and len(scene.points.xyz) >= 50:
        return np.asarray(np.median(scene.points.xyz, 0))
    return gaze_point(scene)


def _points_in_masks(scene: Scene) -> F64 | None:
    """Tie points that lie in the mask in at least four of five masked photos that see them; None without masks."""
    inside, seen = np.zeros(len(scene.points.xyz)), np.zeros(len(scene.points.xyz))
    for i, view in enumerate(scene.views):
        if view.mask is None:
            continue
        index = np.flatnonzero(_seen_by(scene.points, i))
        uv, _ = project(view.camera.matrix(), view.cam_from_world, scene.points.xyz[index])
        at = np.clip(uv.astype(int), 0, [view.camera.width - 1, view.camera.height - 1])
        seen[index] += 1
        inside[index] += read_mask(view, view.camera.height, view.camera.width)[at[:, 1], at[:, 0]]
    good = (seen > 0) & (inside >= 0.8 * seen)
    return scene.points.xyz[good] if good.sum() >= 30 else None


def _seen_by(points: SparsePoints, view: int) -> NDArray[np.bool_]:
    number = np.repeat(np.arange(len(points.xyz)), np.diff(points.start))
    seen = np.zeros(len(points.xyz), bool)
    seen[number[points.view_index == view]] = True
    return seen
