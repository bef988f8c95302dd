"""Photos and masks without lens distortion, as a COLMAP workspace with PINHOLE cameras."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from sculpt3d._pycolmap import pycolmap
from sculpt3d.errors import UnreadableFile
from sculpt3d.files import put, write_atomic
from sculpt3d.models.colmap import read_model
from sculpt3d.models.residual_grid import ResidualGrid, read_grids
from sculpt3d.photos.masks import NONE, Masks, as_mask, read_mask
from sculpt3d.photos.pictures import plain_note, plain_size, read_bytes, read_photo, sentences
from sculpt3d.progress import Each, Progress, one_by_one
from sculpt3d.types import U8

NOTES = "notes.json"
BAND = 256  # rows resampled at a time
EVERY = 8  # pixels between shifts that are worked out exactly
_WRITTEN = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".bmp", ".webp"}


def undistort(
    model: Path, images: Path, out: Path, masks: Masks = NONE,
    each: Each = one_by_one, progress: Progress | None = None, only: Collection[str] | None = None,
) -> None:  # fmt: skip
    """Write `out/images`, `out/masks/NAME.png`, `out/sparse` and `out/notes.json`; photos that are there already are kept.

    A photo without a mask whose file has alpha is masked by that. `only`: the photos asked for; None, all. Kinds of files that
    not every program writes become NAME.png, in the model too.
    Rejected: `pycolmap.undistort_images`, which leaves a RADIAL camera with zero distortion RADIAL and knows no masks.
    """
    source, grids = read_model(model), read_grids(model)
    target = read_model(model)
    options = pycolmap.UndistortCameraOptions()
    for camera_id, camera in source.cameras.items():
        target.cameras[camera_id] = _pinhole(camera, options)
    _move_points(source, target)
    (out / "sparse").mkdir(parents=True, exist_ok=True)
    shots = sorted((source.images[i] for i in source.reg_image_ids()), key=lambda i: str(i.name))
    jobs = [
        (str(s.name), _Lens(source.cameras[s.camera_id], target.cameras[s.camera_id], grids.get(s.camera_id)))
        for s in shots
        if only is None or str(s.name) in only
    ]

    def one(job: tuple[str, _Lens]) -> str:
        name, lens = job
        photo, mask = out / "images" / plain_name(name), out / "masks" / f"{plain_name(name)}.png"
        given = masks.found.get(name)
        if photo.exists() and (given is None or mask.exists()):
            return ""
        if given is not None:
            _straight_mask(read_mask(given, lens.size, masks.invert), mask, lens)
        return _straight_photo(images / name, photo, mask if given is None else None, lens)

    write_atomic(out / NOTES, json.dumps(sentences(each(one, jobs, progress))).encode())
    for image_id in target.reg_image_ids():
        target.images[image_id].name = plain_name(str(target.images[image_id].name))
    target.write(str(out / "sparse"))


def notes_of(flat: Path) -> list[str]:
    """What a person should know of how the photos were read, a sentence each."""
    return [str(note) for note in json.loads((flat / NOTES).read_text("utf-8"))] if (flat / NOTES).is_file() else []


def plain_name(name: str) -> str:
    """The name that a photo has once it is plain: kinds that few programs write get another ending."""
    return name if Path(name).suffix.lower() in _WRITTEN else f"{name}.png"


def _pinhole(camera: Any, options: Any) -> Any:
    """The camera itself where it distorts nothing (pycolmap would cut a pixel off and move all by half of one)."""
    own = _with_calibration_of(camera, camera.camera_id)
    if _same(camera, own):
        return own
    return _with_calibration_of(pycolmap.undistort_camera(options, camera), camera.camera_id)


def _with_calibration_of(camera: Any, camera_id: int) -> Any:
    k = camera.calibration_matrix()
    return pycolmap.Camera(
        model="PINHOLE",
        width=camera.width,
        height=camera.height,
        params=[k[0, 0], k[1, 1], k[0, 2], k[1, 2]],
        camera_id=camera_id,
    )


def _move_points(source: Any, target: Any) -> None:
    for image_id in source.reg_image_ids():
        a, b = source.images[image_id], target.images[image_id]
        before, after = source.cameras[a.camera_id], target.cameras[a.camera_id]
        if not len(a.points2D):
            continue
        rays = before.cam_from_img(np.array([p.xy for p in a.points2D]))
        pixels = after.img_from_cam(np.c_[rays, np.ones(len(rays))])
        for point, xy in zip(b.points2D, pixels, strict=True):
            point.xy = xy


def _straight_photo(source: Path, out: Path, mask: Path | None, lens: _Lens) -> str:
    """What a person should know of how it was read. `mask`: where to put the photo's own alpha, if it has any."""
    out.parent.mkdir(parents=True, exist_ok=True)
    straight_already = lens.straight()
    plain = plain_size(source)
    if straight_already and plain is not None:
        _check_size(source, plain, lens.size)
        write_atomic(out, read_bytes(source))
        return plain_note(source)
    picture = read_photo(source)
    _check_size(source, picture.pixels.shape[1::-1], lens.size)
    if picture.alpha is not None and mask is not None:
        _straight_mask(as_mask(picture.alpha), mask, lens)
    _save(picture.pixels if straight_already else _resample(picture.pixels, lens), out)
    return picture.note


def _straight_mask(mask: U8, out: Path, lens: _Lens) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    straight = mask if lens.straight() else _resample(mask, lens)
    _save(np.where(straight >= 128, 255, 0).astype(np.uint8), out)


def _save(pixels: U8, out: Path) -> None:
    temporary = out.with_name(f".part.{out.name}")
    options: dict[str, Any] = {} if out.suffix.lower() == ".png" else {"quality": 97, "subsampling": 0}
    Image.fromarray(pixels).save(temporary, **options)
    put(temporary, out)


def _check_size(source: Path, size: tuple[int, ...], expected: tuple[int, int]) -> None:
    if tuple(size) != expected:
        raise UnreadableFile(
            f"{source.name} is {tuple(size)}, its camera {expected[0]}x{expected[1]};"
            " give the photos that the model was made from"
        )


def _same(distorted: Any, flat: Any) -> bool:
    """Whether a photo needs no resampling: its pixels lie to 0.001 where the pinhole camera's do."""
    if (distorted.width, distorted.height) != (flat.width, flat.height):
        return False
    x, y = np.meshgrid(np.linspace(0, flat.width, 9), np.linspace(0, flat.height, 9))
    grid = np.stack([x.ravel(), y.ravel()], 1)
    there = distorted.img_from_cam(np.c_[flat.cam_from_img(grid), np.ones(len(grid))])
    return bool(np.abs(there - grid).max() < 1e-3)


@dataclass(frozen=True)
class _Lens:
    """A photo's camera, the pinhole camera that it becomes, and what the first leaves beside its formula."""

    distorted: Any
    flat: Any
    ripples: ResidualGrid | None

    @property
    def size(self) -> tuple[int, int]:
        return int(self.distorted.width), int(self.distorted.height)

    def straight(self) -> bool:
        return self.ripples is None and _same(self.distorted, self.flat)


def _resample(picture: Any, lens: _Lens) -> Any:
    """By bands of rows: where all pixels lie, in double precision, is 2 GB for 24 megapixels."""
    h, w = lens.flat.height, lens.flat.width
    out = np.empty((h, w, *picture.shape[2:]), np.uint8)
    shifts = None if lens.ripples is None else _lattice(lens.ripples)
    for top in range(0, h, BAND):
        rows = np.arange(top, min(top + BAND, h))
        grid = np.stack(np.meshgrid(np.arange(w) + 0.5, rows + 0.5), -1).reshape(-1, 2)
        rays = lens.flat.cam_from_img(grid)
        there = lens.distorted.img_from_cam(np.c_[rays, np.ones(len(rays))]).reshape(len(rows), w, 2)
        at = there.astype(np.float32)
        if shifts is not None:
            node = at / np.float32(EVERY)
            at = at + cv2.remap(shifts, node[..., 0], node[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        at -= np.float32(0.5)
        out[rows] = cv2.remap(
            picture, at[..., 0], at[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT
        )
    return out


def _lattice(ripples: ResidualGrid) -> Any:
    """Shifts at every so many pixels, (R, C, 2): between them they are straight to a thousandth of themselves."""
    w, h = ripples.size
    x, y = np.meshgrid(np.arange(0, w + EVERY, EVERY), np.arange(0, h + EVERY, EVERY))
    shifts = ripples.at(np.stack([x.ravel(), y.ravel()], 1).astype(np.float64))
    return shifts.reshape(*x.shape, 2).astype(np.float32)
