"""Which way is up, and where the world frame lies: metres, +Y up, base at y = 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sculpt3d.errors import InputError
from sculpt3d.geometry import F64, Sim3
from sculpt3d.relief import extent, squared
from sculpt3d.silhouettes import masked_extent
from sculpt3d.types import Scene, SparsePoints, View

# Where the top of the motif lies in the stored picture, by EXIF orientation (TIFF 6 / EXIF 2.3, tag 274).
_TOP = {1: (0, -1), 2: (0, -1), 3: (0, 1), 4: (0, 1), 5: (-1, 0), 6: (-1, 0), 7: (1, 0), 8: (1, 0)}


@dataclass(frozen=True)
class Placement:
    """The world frame. `source` says what the scale rests on; without one `metric` is False and lengths have no unit.
    relief: it has a front only, which faces +Z; size: of such a one, between its edges."""

    world_from_sfm: Sim3
    metric: bool
    source: str
    relief: bool = False
    size: tuple[float, float, float] | None = None


def find_up(scene: Scene, orientations: Mapping[str, int]) -> F64:
    """Unit vector that points up in the scene's frame.

    Photographers hold the horizon level, so the picture's horizontal axis is level: `up` is what the horizontal axes of
    all cameras are most nearly perpendicular to, on the side of the pictures' tops. `orientations`: EXIF by photo name.
    """
    top, side = _tops(scene, orientations)
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


def _tops(scene: Scene, orientations: Mapping[str, int]) -> tuple[F64, F64]:
    """Where each picture's top and its right-hand side point, (N, 3) each."""
    tops, sides = [], []
    for view in scene.views:
        x, y = _TOP.get(orientations.get(view.name, 1), (0, -1))
        turn = view.cam_from_world.rotation.T
        tops.append(turn @ [x, y, 0.0])
        sides.append(turn @ [-y, x, 0.0])
    return np.array(tops), np.array(sides)


def up_on(front: F64, up: F64, scene: Scene, orientations: Mapping[str, int]) -> F64:
    """Up in the plane of a relief: where `up` points, or, where it lies on the floor or under a ceiling, the pictures' tops."""
    if abs(float(front @ up)) > 0.8:
        up = _tops(scene, orientations)[0].mean(0)
    within = up - (up @ front) * front
    return within / max(float(np.linalg.norm(within)), 1e-300)


def place_relief(
    vertices: NDArray[np.float32],
    front: F64,
    up: F64,
    object_height_mm: float | None = None,
    known: tuple[float, str] | None = None,
    square: bool = True,
    views: Sequence[View] = (),
) -> Placement:
    """The same for what has a front only, and `up` in its plane: it faces +Z, stands on its lower edge (`square`; else `up` is
    surer than that), and its height is that between its edges, in which rag takes no part. `views`: their masks show the
    edges best."""
    turn = np.stack([np.cross(up, front), up, front])
    lean = squared((vertices @ turn.T[:, :2]).astype(np.float64)) if square else 0.0
    turn = Rotation.from_rotvec([0.0, 0.0, lean]).as_matrix() @ turn
    here = vertices.astype(np.float64) @ turn.T
    move = Sim3(1.0, turn, np.zeros(3))
    seen = [replace(v, cam_from_world=move.move_camera(v.cam_from_world)) for v in views]
    low, high = masked_extent(seen, *extent(here), here)
    placed = _placement(turn, low, high, (low + high) / 2, object_height_mm, known, True)
    width, height, depth = placed.world_from_sfm.scale * (high - low)
    return replace(placed, size=(float(width), float(height), float(depth)))


def place(
    vertices: NDArray[np.float32],
    up: F64,
    object_height_mm: float | None = None,
    known: tuple[float, str] | None = None,
) -> Placement:
    """The world frame of a surface (V, 3): upright, its base at y = 0, its middle on the Y axis; metres if its height is
    known. Height is measured between the lowest and highest 0.002 % of the vertices, so a stray spike does not count.
    `known`: how many metres the surface's unit is, and what says so.
    """
    if not len(vertices):
        raise InputError("There is no surface to place; take more photos of the object")
    turn = rotation_to_y(up)
    turned = vertices.astype(np.float64) @ turn.T
    # A pointed headdress lost 5 mm of its figure's 600 with 0.02 %.
    low, high = np.quantile(turned[:, 1], 0.00002), np.quantile(turned[:, 1], 0.99998)
    base = turned[turned[:, 1] <= low + 0.05 * (high - low)]
    middle = (base.min(0) + base.max(0)) / 2
    lowest, highest = np.array([0.0, low, 0.0]), np.array([0.0, high, 0.0])
    return _placement(turn, lowest, highest, middle, object_height_mm, known, False)


def _placement(
    turn: F64, low: F64, high: F64, middle: F64, height_mm: float | None, known: tuple[float, str] | None, relief: bool
) -> Placement:  # fmt: skip
    scale = 1.0 if height_mm is None else height_mm / 1000 / float(high[1] - low[1])
    scale = scale if known is None else known[0]
    translation = -scale * np.array([middle[0], low[1], middle[2]])
    if known is not None:
        return Placement(Sim3(scale, turn, translation), True, known[1], relief)
    source = "none" if height_mm is None else f"object height {height_mm:g} mm"
    return Placement(Sim3(scale, turn, translation), height_mm is not None, source, relief)


def rotation_to_y(up: F64) -> F64:
    """The smallest rotation (3, 3) that turns the unit vector `up` to +Y; about Z where `up` is -Y."""
    axis = np.array([-up[2], 0.0, up[0]])
    sine = float(np.hypot(up[0], up[2]))
    if sine < 1e-12:
        return np.eye(3) if up[1] > 0 else np.diag([-1.0, -1.0, 1.0])
    return np.asarray(Rotation.from_rotvec(axis / sine * np.arctan2(sine, up[1])).as_matrix())


def move_scene(scene: Scene, placement: Placement) -> Scene:
    """The scene in the world frame."""
    move = placement.world_from_sfm
    views = tuple(
        View(v.name, v.camera, move.move_camera(v.cam_from_world), v.image, v.mask) for v in scene.views
    )
    p = scene.points
    points = SparsePoints(move.apply(p.xyz), p.error_px, p.start, p.view_index)
    return Scene(views, points, "world", placement.metric)


def about(scene: Scene, offset: F64) -> Scene:
    """The scene about `offset` (3,): large coordinates lose nothing, as they are taken off in double precision."""
    move = Sim3(1.0, np.eye(3), -offset)
    views = tuple(replace(v, cam_from_world=move.move_camera(v.cam_from_world)) for v in scene.views)
    return replace(scene, views=views, points=replace(scene.points, xyz=move.apply(scene.points.xyz)))


def with_photos(scene: Scene) -> Scene:
    """Without the views whose photo is not there; tie points count the views that stay."""
    there = np.array([v.image.is_file() for v in scene.views], bool)
    if there.all():
        return scene
    p = scene.points
    number = np.cumsum(there) - 1
    stays = there[p.view_index]
    start = np.concatenate([[0], np.cumsum(stays)])[p.start]
    points = replace(p, start=start.astype(np.int32), view_index=number[p.view_index[stays]].astype(np.int32))
    return replace(scene, views=tuple(v for v, t in zip(scene.views, there, strict=True) if t), points=points)
