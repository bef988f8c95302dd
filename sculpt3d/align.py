"""Which part of the scene is the object, which way is up, and where the world frame lies: metres, +Y up, base at y = 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sculpt3d.errors import InputError
from sculpt3d.geometry import F64, Sim3, project
from sculpt3d.mvs.neighbours import gaze_point
from sculpt3d.types import Region, Scene, SparsePoints, View
from sculpt3d.views import read_mask

# Where the top of the motif lies in the stored picture, by EXIF orientation (TIFF 6 / EXIF 2.3, tag 274).
_TOP = {1: (0, -1), 2: (0, -1), 3: (0, 1), 4: (0, 1), 5: (-1, 0), 6: (-1, 0), 7: (1, 0), 8: (1, 0)}


@dataclass(frozen=True)
class Placement:
    """The world frame. `source` says what the scale rests on; without one `metric` is False and lengths have no unit."""

    world_from_sfm: Sim3
    metric: bool
    source: str


def find_region(scene: Scene) -> Region:
    """The sphere that holds the object: what the masks show, else what the cameras look at together.

    Without masks: around the point nearest to all optical axes, a fifth larger than the pictures, never reaching the cameras.
    """
    masked = _points_in_masks(scene)
    if masked is not None:
        centre = (np.quantile(masked, 0.01, 0) + np.quantile(masked, 0.99, 0)) / 2
        return Region(centre, 1.25 * float(np.quantile(np.linalg.norm(masked - centre, axis=1), 0.99)))
    centres = np.array([v.cam_from_world.source_origin for v in scene.views])
    centre = _looked_at(scene)
    distance = np.linalg.norm(centres - centre, axis=1)
    half = np.array(
        [max(v.camera.width / v.camera.fx, v.camera.height / v.camera.fy) / 2 for v in scene.views]
    )
    radius = float(min(1.2 * np.median(distance * half), 0.85 * np.quantile(distance, 0.1)))
    return Region(centre, radius)


def _looked_at(scene: Scene) -> F64:
    """The gaze point where the axes meet; the middle of the tie points where they are nearly parallel (a relief)."""
    axes = np.array([v.cam_from_world.rotation[2] for v in scene.views])
    spread = np.degrees(np.arccos(np.clip(axes @ axes.mean(0) / np.linalg.norm(axes.mean(0)), -1, 1)))
    if np.quantile(spread, 0.8) < 8 and len(scene.points.xyz) >= 50:
        return np.asarray(np.median(scene.points.xyz, 0))
    return gaze_point(
        scene
    )  # mixed with the tie points' middle it slid to the textured plinth and cut a bronze's head


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


def find_up(scene: Scene, orientations: Mapping[str, int]) -> F64:
    """Unit vector that points up in the scene's frame.

    Photographers hold the horizon level, so the picture's horizontal axis is level: `up` is what the horizontal axes of
    all cameras are most nearly perpendicular to, on the side of the pictures' tops. `orientations`: EXIF by photo name.
    """
    tops, sides = [], []
    for view in scene.views:
        x, y = _TOP.get(orientations.get(view.name, 1), (0, -1))
        turn = view.cam_from_world.rotation.T
        tops.append(turn @ [x, y, 0.0])
        sides.append(turn @ [-y, x, 0.0])
    top, side = np.array(tops), np.array(sides)
    weight = np.ones(len(top))
    up = top.mean(0)
    for _ in range(20):
        # The tops only decide what the level axes leave open (all photos from one side).
        spread = (side * weight[:, None]).T @ side - 0.05 * (top * weight[:, None]).T @ top
        up = np.linalg.eigh(spread)[1][:, 0]
        up *= np.sign((top @ up).sum()) or 1.0
        tilt = np.abs(side @ up)
        weight = 1 / (1 + (tilt / 0.05) ** 2) * np.where(top @ up > 0, 1.0, 0.1)
    return up / np.linalg.norm(up)


def place(vertices: NDArray[np.float32], up: F64, object_height_mm: float | None = None) -> Placement:
    """The world frame of a surface (V, 3): upright, its base at y = 0, its middle on the Y axis; metres if its height is
    known. Height is measured between the lowest and highest 0.02 % of the vertices, so a stray spike does not count.
    """
    if not len(vertices):
        raise InputError("There is no surface to place; take more photos of the object")
    turn = rotation_to_y(up)
    turned = vertices.astype(np.float64) @ turn.T
    low, high = np.quantile(turned[:, 1], 0.0002), np.quantile(turned[:, 1], 0.9998)
    scale = 1.0 if object_height_mm is None else object_height_mm / 1000 / float(high - low)
    base = turned[turned[:, 1] <= low + 0.05 * (high - low)]
    middle = (base.min(0) + base.max(0)) / 2
    translation = -scale * np.array([middle[0], low, middle[2]])
    source = "none" if object_height_mm is None else f"object height {object_height_mm:g} mm"
    return Placement(Sim3(scale, turn, translation), object_height_mm is not None, source)


def rotation_to_y(up: F64) -> F64:
    """The smallest rotation (3, 3) that turns `up` to +Y."""
    turn, _ = Rotation.align_vectors(np.array([[0.0, 1.0, 0.0]]), up[None])  # exact for `up` close to -Y as well
    return np.asarray(turn.as_matrix())


def move_scene(scene: Scene, placement: Placement) -> Scene:
    """The scene in the world frame."""
    move = placement.world_from_sfm
    views = tuple(
        View(v.name, v.camera, move.move_camera(v.cam_from_world), v.image, v.mask) for v in scene.views
    )
    p = scene.points
    points = SparsePoints(move.apply(p.xyz), p.error_px, p.start, p.view_index)
    return Scene(views, points, "world", placement.metric)
