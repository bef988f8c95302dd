"""What lens each photo of a finished bundle asks for, by itself: focal length and distortion against the points as they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from sculpt3d.geometry import F64
from sculpt3d.sfm.observations import Observations

ROWS = (
    100,
    400,
)  # observations a photo that are looked at, where it has them: the more, the fewer the photos
ALL_ROWS = 16_000
LEAST = 30  # below, a photo says nothing of its lens
STEPS = 12


@dataclass(frozen=True)
class Lens:
    """SIMPLE_RADIAL about a fixed principal point: focal length in pixels, k1."""

    focal: float
    k1: float


@dataclass(frozen=True)
class Fit:
    """`lens` of one photo; `error_px`: what its observations miss by (robust mean) under it; `rows`: how many they are."""

    lens: Lens
    error_px: float
    rows: int


def sample(model: Any) -> Observations:
    """Tie points seen by three photos and more, the longest tracks first, until each photo has enough of them."""
    rows = int(np.clip(ALL_ROWS // max(model.num_reg_images(), 1), *ROWS))
    tracks = [
        (p.track.length(), k, p.track.elements) for k, p in model.points3D.items() if p.track.length() >= 3
    ]
    tracks.sort(key=lambda track: (-track[0], track[1]))
    seen = {i: 0 for i in model.reg_image_ids()}
    image: list[int] = []
    point: list[int] = []
    place: list[int] = []
    for number, (_, _, elements) in enumerate(tracks):
        ids = [int(e.image_id) for e in elements]
        if min(seen[i] for i in ids) >= rows:
            continue
        for i in ids:
            seen[i] += 1
        image += ids
        point += [number] * len(ids)
        place += [int(e.point2D_idx) for e in elements]
    pixels = {i: model.images[i].points2D for i in seen}
    uv = np.array([pixels[i][k].xy for i, k in zip(image, place, strict=True)], np.float64).reshape(-1, 2)
    return Observations(np.array(point, np.int64), np.array(image, np.int64), uv)


def fit(
    pose: F64, centre: F64, start: Lens, xyz: F64, uv: F64, free: bool = True
) -> tuple[Lens, float]:  # fmt: skip
    """The lens and pose, from `pose` (3, 4) cam from world, that see points (N, 3) best at pixels (N, 2); and their error.

    Not `free`: only the pose is sought. Errors beyond twice the median count less and less.
    """
    turn, shift, focal, k1 = pose[:, :3], pose[:, 3], start.focal, start.k1
    error = np.inf
    for _ in range(STEPS):
        turned = xyz @ turn.T
        there = turned + shift
        depth = there[:, 2:]
        ray = there[:, :2] / depth
        square = (ray**2).sum(1, keepdims=True)
        bent = ray * (1 + k1 * square)
        miss = uv - centre - focal * bent
        far = np.linalg.norm(miss, axis=1)
        usual = max(float(np.median(far)), 1e-3)
        weight = 1 / (1 + (far / (2 * usual)) ** 2)
        error = float((weight * far).sum() / weight.sum())
        slope = _slope(turned, ray, square, bent, depth, focal, k1)[:, :, : 8 if free else 6]
        a = np.einsum("nij,nik,n->jk", slope, slope, weight)
        b = np.einsum("nij,ni,n->j", slope, miss, weight)
        size = np.sqrt(np.diag(a)) + 1e-12
        step = np.linalg.solve(a / np.outer(size, size) + 1e-10 * np.eye(len(a)), b / size) / size
        turn, shift = Rotation.from_rotvec(step[:3]).as_matrix() @ turn, shift + step[3:6]
        if free:
            focal, k1 = focal + step[6], k1 + step[7]
        if not np.isfinite(focal) or focal <= 0 or float(np.abs(step * size).max()) < 1e-6 * len(uv):
            break
    return Lens(float(focal), float(k1)), error


def _slope(turned: F64, ray: F64, square: F64, bent: F64, depth: F64, focal: float, k1: float) -> F64:
    """(N, 2, 8) change of pixels with rotation (3), shift (3), focal length and k1."""
    n = len(ray)
    inner = np.zeros((n, 2, 3))
    inner[:, 0, 0] = inner[:, 1, 1] = 1 / depth[:, 0]
    inner[:, :, 2] = -ray / depth
    outer = focal * ((1 + k1 * square)[:, :, None] * np.eye(2) + 2 * k1 * ray[:, :, None] * ray[:, None, :])
    by_place = outer @ inner
    x, y, z = turned.T
    cross = np.zeros((n, 3, 3))
    cross[:, 0, 1], cross[:, 0, 2], cross[:, 1, 2] = z, -y, x
    cross[:, 1, 0], cross[:, 2, 0], cross[:, 2, 1] = -z, y, -x
    return np.concatenate(
        [by_place @ cross, by_place, bent[:, :, None], (focal * square * ray)[:, :, None]], axis=2
    )


def fit_photos(model: Any, seen: Observations, xyz: F64) -> dict[int, Fit]:
    """By image id, photos with enough observations of the points `xyz` (in the order of `numbered`)."""
    return {i: Fit(*fit(*given), len(given[-1])) for i, given in _photos(model, seen, xyz)}


def errors_with(model: Any, seen: Observations, xyz: F64, lens: Lens) -> dict[int, float]:
    """By image id, what each photo's observations miss by under `lens`, its pose adapted to it."""
    found = {}
    for i, (pose, centre, own, points, uv) in _photos(model, seen, xyz):
        depth = float((points @ pose[2, :3] + pose[2, 3]).mean())
        moved = pose.copy()
        moved[2, 3] += depth * (lens.focal / own.focal - 1)  # a longer lens sees as much from farther away
        found[i] = fit(moved, centre, lens, points, uv, free=False)[1]
    return found


def _photos(
    model: Any, seen: Observations, xyz: F64
) -> Iterator[tuple[int, tuple[F64, F64, Lens, F64, F64]]]:  # fmt: skip
    """Image id and what `fit` takes, of photos with enough observations."""
    number, _ = seen.numbered()
    for i in sorted(model.reg_image_ids()):
        mine = np.flatnonzero(seen.image == i)
        if len(mine) >= LEAST:
            camera = model.cameras[model.images[i].camera_id]
            pose = np.asarray(model.images[i].cam_from_world().matrix())
            yield (
                int(i),
                (pose, np.asarray(camera.params[1:3]), lens_of(camera), xyz[number[mine]], seen.uv[mine]),
            )


def lens_of(camera: Any) -> Lens:
    """Of a SIMPLE_RADIAL camera."""
    return Lens(float(camera.params[0]), float(camera.params[3]))
