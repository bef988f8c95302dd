"""Which photos show a place on the surface best, and where in them, in the photos as they were taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sculpt3d.desk.nearest import finder_of
from sculpt3d.desk.surface import Surface
from sculpt3d.errors import InputError
from sculpt3d.geometry import F64
from sculpt3d.models.residual_grid import ResidualGrid, read_grids
from sculpt3d.photos.pictures import read_photo
from sculpt3d.types import U8

FLAT = 0.2  # cosine: photos that see the place flatter than 78 degrees show nothing of it
OFF = 0.02  # of the model's size: a place that far from the surface is none on it


@dataclass(frozen=True)
class Taken:
    """A photo with its camera: cam_from_file (3, 4), from the model file's coordinates; lens: pycolmap's, with distortion;
    ripples: what it leaves beside its formula."""

    name: str
    file: Path
    cam_from_file: F64
    lens: Any
    ripples: ResidualGrid | None = None

    @property
    def eye(self) -> F64:
        return -self.cam_from_file[:, :3].T @ self.cam_from_file[:, 3]


@dataclass(frozen=True)
class Sight:
    """pixel (2,): first pixel's centre is 0.5, 0.5. per_px: width of a pixel at the place, in the model's unit, across the
    flattest direction. degrees: between the way to the camera and the way out of the surface."""

    photo: Taken
    pixel: F64
    per_px: float
    degrees: float


def read_taken(project: Path) -> list[Taken]:
    """By name, those that are still there. Raises `InputError` where no photo or camera is left."""
    folders = sorted(project.glob("work/photos-*/images"))
    if not (project / "cameras").is_dir() or not folders:
        raise InputError(f"{project} has no photos with cameras; give a project folder whose work/ was kept")
    return taken_of(project / "cameras", folders[-1])


def taken_of(cameras: Path, photos: Path) -> list[Taken]:
    """Of a COLMAP model in the frame of the model's file."""
    from sculpt3d.models.colmap import read_model

    model, grids = read_model(cameras), read_grids(cameras)
    found = []
    for number in model.reg_image_ids():
        image = model.images[number]
        file = (photos / str(image.name)).resolve()
        if file.is_file() and file.is_relative_to(photos.resolve()):
            pose = np.asarray(image.cam_from_world().matrix(), float)
            camera = image.camera_id
            found.append(Taken(str(image.name), file, pose, model.cameras[camera], grids.get(camera)))
    if not found:
        raise InputError(f"None of the photos that {cameras} names is in {photos}")
    return sorted(found, key=lambda t: t.name)


def best_photos(surface: Surface, taken: Sequence[Taken], point: F64, most: int = 6) -> list[Sight]:
    """Of `point` (3,) in the file's coordinates, taken to the surface: the sharpest first, those that see it alone.

    Raises `InputError` where it lies far off the surface.
    """
    place = finder_of(surface).nearest(surface.local(point[None]))
    if place.distance[0] > OFF * surface.size:
        raise InputError(
            f"The place lies off the surface, by {place.distance[0] / surface.size:.0%} of the model's size"
        )
    local, normal = place.xyz[0], surface.face_normals[place.face[0]]
    xyz = local + surface.offset
    free = _unhidden(surface, local, np.array([t.eye - surface.offset for t in taken]))
    found = []
    for one, seen in zip(taken, free, strict=True):
        sight = _sight(one, xyz, normal)
        if seen and sight is not None:
            found.append(sight)
    return sorted(found, key=lambda s: (s.per_px, s.photo.name))[:most]


def _sight(one: Taken, xyz: F64, normal: F64) -> Sight | None:
    """None where the photo's frame ends before, or it looks from behind or too flatly."""
    at = one.cam_from_file[:, :3] @ xyz + one.cam_from_file[:, 3]
    way = one.eye - xyz
    away = float(np.linalg.norm(way))
    cosine = float(normal @ way) / max(away, 1e-300)
    if at[2] <= 0 or cosine < FLAT:
        return None
    pixel = one.lens.img_from_cam(at)
    if pixel is None:
        return None
    pixel = np.asarray(pixel, float).reshape(2)
    if one.ripples is not None:
        pixel = one.ripples.own(pixel[None])[0]
    if not ((pixel >= 0) & (pixel < [one.lens.width, one.lens.height])).all():
        return None
    focal = float(one.lens.mean_focal_length())
    return Sight(one, pixel, away / (focal * cosine), float(np.degrees(np.arccos(min(cosine, 1.0)))))


def _unhidden(surface: Surface, local: F64, eyes: F64) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """(N,) whether nothing of the surface is on the way from a place to eyes (N, 3), all local."""
    ways = local - eyes
    hit, _ = surface.tree.first(eyes, ways, np.zeros(len(eyes)), np.full(len(eyes), np.inf))
    rough = 1e-3 * surface.size  # the surface may be met as much before
    return np.asarray(hit >= 1 - rough / np.maximum(np.linalg.norm(ways, axis=1), 1e-300))


def close_up(sight: Sight, width: float, size: int = 480) -> U8:
    """sRGB (size, size, 3): the photo around the place, `width` of the model's unit across, the place marked in the middle.

    Grey where the photo ends; at least 16 of its pixels across. The mark is a ring and four strokes, free in the middle.
    """
    import cv2

    pixels = read_photo(sight.photo.file).pixels
    step = (
        max(width / (sight.per_px * float(np.cos(np.radians(sight.degrees)))), 16.0) / size
    )  # photo pixels a pixel
    inner = cv2.INTER_AREA if step > 1 else cv2.INTER_LINEAR
    if step > 2:  # warping samples single pixels: make them fewer first
        factor = 1 / int(step)
        small = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=inner)
        scale = np.array([small.shape[1] / pixels.shape[1], small.shape[0] / pixels.shape[0]])
        pixels = small
    else:
        scale = np.ones(2)
    photo_from_picture = np.array([[step * scale[0], 0, 0.0], [0, step * scale[1], 0.0]])
    middle = sight.pixel * scale - 0.5
    photo_from_picture[:, 2] = middle - photo_from_picture[:, :2] @ np.full(2, (size - 1) / 2)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(pixels, photo_from_picture, (size, size), flags=flags, borderValue=(128, 128, 128))
    return _marked(cut)


def _marked(picture: U8) -> U8:
    """White with a dark rim, so that it is seen on any ground."""
    import cv2

    size = len(picture)
    middle, shift = (size - 1) / 2, 4
    near, far = size / 24, size / 12
    for tint, thick in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            ends = [tuple(round((middle + d * v) * 2**shift) for v in (x, y)) for d in (near, far)]
            cv2.line(picture, ends[0], ends[1], tint, thick, cv2.LINE_AA, shift)
        centre = (round(middle * 2**shift),) * 2
        cv2.circle(picture, centre, round(near * 2**shift), tint, thick, cv2.LINE_AA, shift)
    return picture
