"""Which photos are matched with which: by shared tie points, the angle between their rays, and their resolution there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sculpt3d.geometry import F64, project
from sculpt3d.types import Scene, View

CANDIDATES = (
    60  # photos that share most points; only they are weighed by angle, so cost grows with N, not N squared
)


@dataclass(frozen=True)
class Neighbours:
    """Best first: indices into Scene.views, and the median ray angle (degrees) to each."""

    views: tuple[int, ...]
    angle_deg: tuple[float, ...]


def choose_neighbours(scene: Scene, count: int = 8) -> tuple[Neighbours, ...]:
    """For every view up to `count` neighbours; without tie points the frusta's common ground stands in for them."""
    xyz, seen = _points_and_visibility(scene)
    centres = np.array([v.cam_from_world.source_origin for v in scene.views])
    rays = [_unit(xyz[seen[i]] - c) for i, c in enumerate(centres)]
    pixels = [_pixel_size(v, xyz[s]) for v, s in zip(scene.views, seen, strict=True)]
    shared = seen.astype(np.float32) @ seen.T.astype(np.float32)
    found = []
    for i in range(len(scene.views)):
        scores = []
        for j in np.argsort(-shared[i], kind="stable")[:CANDIDATES].tolist():
            both = seen[i] & seen[j]
            if j == i or not both.any():
                continue
            cosine = (rays[i][both[seen[i]]] * rays[j][both[seen[j]]]).sum(1)
            angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
            finer = pixels[j][both[seen[j]]] / pixels[i][both[seen[i]]]
            score = float((angle_weight(angle) * resolution_weight(finer)).sum())
            if score > 0:
                scores.append((-score, j, float(np.median(angle))))
        best = sorted(scores)[:count]
        found.append(Neighbours(tuple(j for _, j, _ in best), tuple(a for _, _, a in best)))
    return tuple(found)


def angle_weight(angle_deg: F64) -> F64:
    """Small angles measure depth badly, wide ones see another surface: 1 from 6 to 15 degrees, 0 beyond 65."""
    small = np.minimum(1.0, (angle_deg / 6.0) ** 2)
    wide = np.exp(-((np.maximum(angle_deg - 15.0, 0.0) / 22.0) ** 2))
    return np.where(angle_deg < 65.0, small * wide, 0.0)


def resolution_weight(ratio: F64) -> F64:
    """A window is blurred in a photo of coarser pixels and aliased in one of finer: 1 up to a ratio of 1.5, then falling."""
    return np.minimum(1.0, 1.5 / np.maximum(ratio, 1 / ratio)) ** 2


def gaze_point(scene: Scene) -> F64:
    """The point nearest to all optical axes, least squares; (3,)."""
    a, b = 1e-9 * np.eye(3), np.zeros(3)
    for view in scene.views:
        axis = view.cam_from_world.rotation[2]
        across = np.eye(3) - np.outer(axis, axis)
        a += across
        b += across @ view.cam_from_world.source_origin
    return np.asarray(np.linalg.solve(a, b))


def _points_and_visibility(scene: Scene) -> tuple[F64, np.ndarray]:
    points, n = scene.points, len(scene.views)
    if len(points.xyz) >= 50:
        seen = np.zeros((n, len(points.xyz)), bool)
        point_index = np.repeat(np.arange(len(points.xyz)), np.diff(points.start))
        seen[points.view_index, point_index] = True
        return points.xyz, seen
    target = gaze_point(scene)
    distance = np.median([np.linalg.norm(v.cam_from_world.source_origin - target) for v in scene.views])
    xyz = target + np.random.default_rng(0).normal(size=(400, 3)) * 0.1 * distance
    seen = np.zeros((n, len(xyz)), bool)
    for i, view in enumerate(scene.views):
        uv, depth = project(view.camera.matrix(), view.cam_from_world, xyz)
        size = [view.camera.width, view.camera.height]
        seen[i] = (depth > 0) & (uv > 0).all(1) & (uv < size).all(1)
    return xyz, seen


def _pixel_size(view: View, xyz: F64) -> F64:
    """Of the view at the points (N, 3): (N,) in the scene's unit."""
    depth = view.cam_from_world.apply(xyz)[:, 2]
    return np.maximum(depth, 1e-9) / view.camera.fx


def _unit(v: F64) -> F64:
    return v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-12)
