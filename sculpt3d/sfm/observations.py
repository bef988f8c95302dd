"""Tie points as arrays: which point was seen by which image where; in and out of COLMAP models, triangulated, judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.geometry import F64
from sculpt3d.sfm._colmap import pycolmap
from sculpt3d.sfm.tracks import Tracks

I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Observations:
    """Row k: `point[k]` (any numbers) lies at pixel `uv[k]` of the photo whose id in the model is `image[k]`."""

    point: I64  # (M,)
    image: I64  # (M,)
    uv: F64  # (M, 2)

    def only(self, rows: Any) -> Observations:
        """The rows of a mask or an index."""
        return Observations(self.point[rows], self.image[rows], self.uv[rows])

    def beside(self, other: Observations) -> Observations:
        """Both; the points of `other` are numbered after mine."""
        shift = int(self.point.max()) + 1 if len(self.point) else 0
        return Observations(
            np.r_[self.point, other.point + shift],
            np.r_[self.image, other.image],
            np.concatenate([self.uv, other.uv]),
        )

    def numbered(self) -> tuple[I64, int]:
        """Points as 0..N-1 in the order of their numbers, and N."""
        unique, number = np.unique(self.point, return_inverse=True)
        return number.astype(np.int64), len(unique)

    def of_length(self, least: int) -> Observations:
        """Without the points that fewer than `least` rows see."""
        number, count = self.numbered()
        return self.only(np.bincount(number, minlength=count)[number] >= least)


def observations_of(model: Any) -> Observations:
    """A model's own, points in the order of their ids."""
    rows = [
        (number, e.image_id, *model.images[e.image_id].points2D[e.point2D_idx].xy)
        for number, k in enumerate(sorted(model.points3D))
        for e in model.points3D[k].track.elements
    ]
    table = np.array(rows, np.float64).reshape(-1, 4)
    return Observations(table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2:])


def photo_pixels(model: Any, flat: Any, names: list[str], tracks: Tracks) -> Observations:
    """Tracks through undistorted photos (their cameras in `flat`) as pixels of the photos themselves."""
    ids = {str(model.images[i].name): int(i) for i in model.reg_image_ids()}
    image = np.array([ids[name] for name in names], np.int64)[tracks.view]
    uv = np.empty_like(tracks.uv)
    for i in ids.values():
        mine, camera = image == i, model.images[i].camera_id
        rays = flat.cameras[camera].cam_from_img(tracks.uv[mine])
        uv[mine] = model.cameras[camera].img_from_cam(np.c_[rays, np.ones(len(rays))])
    return Observations(tracks.track, image, uv)


def intersect(model: Any, seen: Observations) -> F64:
    """The point nearest to all its rays, for every point in the order of `numbered`; (N, 3)."""
    centre, ray = np.empty((len(seen.point), 3)), np.empty((len(seen.point), 3))
    for i in np.unique(seen.image):
        mine, image = seen.image == i, model.images[int(i)]
        xy = model.cameras[image.camera_id].cam_from_img(seen.uv[mine])
        ray[mine] = np.c_[xy, np.ones(len(xy))] @ image.cam_from_world().matrix()[:, :3]
        centre[mine] = image.projection_center()
    ray /= np.linalg.norm(ray, axis=1, keepdims=True)
    number, count = seen.numbered()
    across = np.eye(3) - ray[:, :, None] * ray[:, None, :]
    a, b = np.zeros((count, 3, 3)), np.zeros((count, 3, 1))
    np.add.at(a, number, across)
    np.add.at(b, number, across @ centre[:, :, None])
    return np.asarray(np.linalg.solve(a + 1e-12 * np.eye(3), b)[..., 0])


def errors_px(model: Any, seen: Observations, xyz: F64) -> F64:
    """Distance of every row's pixel from where the model's cameras see its point; (M,), inf behind the camera."""
    far = np.linalg.norm(residuals_px(model, seen, xyz), axis=1)
    return np.where(np.isfinite(far), far, np.inf)


def residuals_px(model: Any, seen: Observations, xyz: F64) -> F64:
    """Every row's pixel less where the model's cameras see its point; (M, 2), not finite behind the camera."""
    off, number = np.empty((len(seen.point), 2)), seen.numbered()[0]
    for i in np.unique(seen.image):
        mine, image = seen.image == i, model.images[int(i)]
        pose = image.cam_from_world().matrix()
        in_cam = xyz[number[mine]] @ pose[:, :3].T + pose[:, 3]
        uv = np.asarray(model.cameras[image.camera_id].img_from_cam(in_cam))
        off[mine] = np.where(in_cam[:, 2:] > 0, seen.uv[mine] - uv, np.inf)
    return off


def misfit_px(model: Any, seen: Observations) -> float:
    """Median error where the rays of each point meet best."""
    return float(np.median(errors_px(model, seen, intersect(model, seen)))) if len(seen.point) else np.inf


def with_points(model: Any, seen: Observations, xyz: F64) -> Any:
    """A copy of `model` whose only points are these, (N, 3) in the order of `numbered`."""
    copy = pycolmap.Reconstruction(model)
    copy.delete_all_points2D_and_points3D()
    place = np.empty(len(seen.point), np.int64)
    for i in copy.reg_image_ids():
        mine = np.flatnonzero(seen.image == i)
        place[mine] = np.arange(len(mine))
        copy.images[i].points2D = pycolmap.Point2DList([pycolmap.Point2D(uv) for uv in seen.uv[mine]])
    number, count = seen.numbered()
    order = np.argsort(number, kind="stable")
    bounds = np.searchsorted(number[order], np.arange(count + 1))
    for k in range(count):
        rows = order[bounds[k] : bounds[k + 1]]
        elements = [pycolmap.TrackElement(int(seen.image[r]), int(place[r])) for r in rows]
        copy.add_point3D(xyz[k], pycolmap.Track(elements))
    return copy


def points_of(model: Any) -> F64:
    """Positions in the order of their ids, (N, 3)."""
    return np.array([model.points3D[k].xyz for k in sorted(model.points3D)]).reshape(-1, 3)
