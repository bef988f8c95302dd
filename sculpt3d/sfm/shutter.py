"""Rolling shutter: whether photos look as if the camera moved while their lines were read, one after the other.

Each photo is given a steady motion during its read-out: six numbers, times how far down the sensor a line lies. Lines run
along one side of the sensor, so a true read-out explains the residuals along one axis of the picture and not along the other;
what a lens leaves, or a stabiliser moves, is explained by both alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sculpt3d.geometry import F64
from sculpt3d.sfm.lenses import LEAST, sample
from sculpt3d.sfm.observations import Observations, intersect
from sculpt3d.sfm.populations import BETTER, HELD_BACK, SURE

STEP = 1e-5


@dataclass(frozen=True)
class Shutter:
    """Lines are read along `axis` (0: columns, 1: rows, one after the other); `photos`: how many moved markedly meanwhile.

    moved_px: how far the motion moves the picture from its first line to its last, median photo.
    """

    axis: int
    photos: int
    moved_px: float


def rolling_shutter(model: Any) -> Shutter | None:
    """What the residuals show of it; None where they do not. Judged by tie points that take no part."""
    seen = sample(model)
    number, count = seen.numbered()
    xyz = intersect(model, seen)
    gains: list[tuple[float, F64, F64, F64]] = []
    for axis in (0, 1):
        still, moving = np.zeros(count), np.zeros(count)
        photo: list[tuple[float, float]] = []
        for i in np.unique(seen.image):
            mine = seen.image == i
            if int(mine.sum()) < LEAST:
                continue
            before, after, turn = _photo(
                model, int(i), xyz[number[mine]], seen.only(mine), number[mine], axis
            )
            judge = number[mine] % HELD_BACK == 0
            np.add.at(still, number[mine][judge], before[judge])
            np.add.at(moving, number[mine][judge], after[judge])
            photo.append((after[judge].sum() / max(before[judge].sum(), 1e-9), turn))
        gains.append((moving.sum() / max(still.sum(), 1e-9), still, moving, np.array(photo).reshape(-1, 2)))
    axis = int(gains[1][0] < gains[0][0])
    (ratio, still, moving, photo_), (other, _, elsewhere, _) = gains[axis], gains[1 - axis]
    if not (ratio < BETTER and _sure(still - moving) > SURE):
        return None
    if not (ratio < BETTER * other and _sure(elsewhere - moving) > SURE):
        return None
    moved = photo_[photo_[:, 0] < BETTER]
    return Shutter(axis, len(moved), round(float(np.median(moved[:, 1])), 2))


def _sure(fallen: F64) -> float:
    return float(fallen.sum() / max(np.sqrt((fallen**2).sum()), 1e-9))


def _photo(
    model: Any, image_id: int, xyz: F64, seen: Observations, number: Any, axis: int
) -> tuple[F64, F64, float]:
    """Errors of a photo's rows with its pose fitted, and with a motion too; and that motion in pixels over the picture."""
    image = model.images[image_id]
    camera, pose = model.cameras[image.camera_id], image.cam_from_world().matrix()
    slope, miss = _slope(camera, xyz @ pose[:, :3].T, pose[:, 3], seen.uv)
    size = (camera.width, camera.height)[axis]
    late = (seen.uv[:, axis] / size - 0.5)[:, None, None]
    far = np.linalg.norm(miss, axis=1)
    fitted = (number % HELD_BACK != 0) & (far < 4 * np.median(far))
    errors = []
    for columns in (slope, np.concatenate([slope, slope * late], axis=2)):
        found, *_ = np.linalg.lstsq(
            columns[fitted].reshape(-1, columns.shape[2]), miss[fitted].ravel(), rcond=None
        )
        left = np.linalg.norm(miss - columns @ found, axis=1)
        errors.append(np.minimum(left, 4 * np.median(far)))
    moved = np.linalg.norm(slope @ found[6:], axis=1)
    return errors[0], errors[1], float(np.median(moved))


def _slope(camera: Any, turned: F64, shift: F64, uv: F64) -> tuple[F64, F64]:
    """(N, 2, 6) change of pixels with a turn and a shift (in depths) of the photo, and what they miss by, (N, 2)."""
    local = turned + shift
    depth = float(np.median(local[:, 2]))
    ways = [np.cross(axis, local) for axis in np.eye(3)] + [
        np.tile(axis * depth, (len(local), 1)) for axis in np.eye(3)
    ]
    columns = [
        (
            np.asarray(camera.img_from_cam(local + STEP * way))
            - np.asarray(camera.img_from_cam(local - STEP * way))
        )
        / (2 * STEP)
        for way in ways
    ]
    return np.stack(columns, axis=2), uv - np.asarray(camera.img_from_cam(local))
