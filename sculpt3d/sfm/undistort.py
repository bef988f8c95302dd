"""Photos and masks without lens distortion, as a COLMAP workspace with PINHOLE cameras."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from sculpt3d._pycolmap import pycolmap
from sculpt3d.errors import UnreadableFile
from sculpt3d.files import write_atomic
from sculpt3d.models.colmap import read_model
from sculpt3d.photos.masks import find_mask
from sculpt3d.progress import Each, Progress, one_by_one

BAND = 256  # rows resampled at a time


def undistort(
    model: Path, images: Path, out: Path, masks: Path | None = None,
    each: Each = one_by_one, progress: Progress | None = None, only: Collection[str] | None = None,
) -> None:  # fmt: skip
    """Write `out/images`, `out/masks/NAME.png` and `out/sparse`; photos that are there already are kept.

    `masks` holds NAME.png (NAME with its ending) or STEM.png, white = object. `only`: the photos asked for; None, all.
    Rejected: `pycolmap.undistort_images`, which leaves a RADIAL camera with zero distortion RADIAL and knows no masks.
    """
    source = read_model(model)
    target = read_model(model)
    options = pycolmap.UndistortCameraOptions()
    for camera_id, camera in source.cameras.items():
        target.cameras[camera_id] = _pinhole(camera, options)
    _move_points(source, target)
    (out / "sparse").mkdir(parents=True, exist_ok=True)
    shots = sorted((source.images[i] for i in source.reg_image_ids()), key=lambda i: str(i.name))
    jobs = [
        (str(s.name), source.cameras[s.camera_id], target.cameras[s.camera_id])
        for s in shots
        if only is None or str(s.name) in only
    ]

    def one(job: tuple[str, Any, Any]) -> None:
        name, distorted, flat = job
        _warp(images / name, out / "images" / name, distorted, flat)
        mask = find_mask(masks, name) if masks is not None else None
        if mask is not None:
            _warp(mask, out / "masks" / f"{name}.png", distorted, flat, mask=True)

    each(one, jobs, progress)
    target.write(str(out / "sparse"))


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


def _warp(source: Path, out: Path, distorted: Any, flat: Any, mask: bool = False) -> None:
    if out.exists():
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    straight_already = _same(distorted, flat)
    if straight_already and not mask:
        with _opened(source, distorted):
            pass  # of the right size; a full disk, below, is not the photo's fault
        write_atomic(out, source.read_bytes())
        return
    picture = _read(source, distorted, mask)
    straight = picture if straight_already else _resample(picture, distorted, flat)
    if mask:
        straight = np.where(straight >= 128, 255, 0).astype(np.uint8)
    temporary = out.with_name(f".part.{out.name}")
    options: dict[str, Any] = {} if mask else {"quality": 97, "subsampling": 0}
    Image.fromarray(straight).save(temporary, **options)
    os.replace(temporary, out)


def _same(distorted: Any, flat: Any) -> bool:
    """Whether a photo needs no resampling: its pixels lie to 0.001 where the pinhole camera's do."""
    if (distorted.width, distorted.height) != (flat.width, flat.height):
        return False
    x, y = np.meshgrid(np.linspace(0, flat.width, 9), np.linspace(0, flat.height, 9))
    grid = np.stack([x.ravel(), y.ravel()], 1)
    there = distorted.img_from_cam(np.c_[flat.cam_from_img(grid), np.ones(len(grid))])
    return bool(np.abs(there - grid).max() < 1e-3)


def _read(source: Path, camera: Any, mask: bool) -> Any:
    """Grey for a mask, which may have another size, else RGB."""
    with _opened(source, None if mask else camera) as image:
        picture = image.convert("L" if mask else "RGB")
        if mask and picture.size != (camera.width, camera.height):
            picture = picture.resize((camera.width, camera.height), Image.Resampling.NEAREST)
        return np.asarray(picture)


@contextmanager
def _opened(source: Path, camera: Any) -> Iterator[Image.Image]:
    """The picture, of its camera's size where one is given. Raises `UnreadableFile`."""
    try:
        with Image.open(source) as image:
            if camera is not None and image.size != (camera.width, camera.height):
                raise UnreadableFile(
                    f"{source.name} is {image.size}, its camera {camera.width}x{camera.height};"
                    " give the photos that the model was made from"
                )
            yield image
    except (OSError, SyntaxError) as error:
        raise UnreadableFile(f"{source.name} cannot be read; check the file or leave it out") from error


def _resample(picture: Any, distorted: Any, flat: Any) -> Any:
    """By bands of rows: where all pixels lie, in double precision, is 2 GB for 24 megapixels."""
    h, w = flat.height, flat.width
    out = np.empty((h, w, *picture.shape[2:]), np.uint8)
    for top in range(0, h, BAND):
        rows = np.arange(top, min(top + BAND, h))
        grid = np.stack(np.meshgrid(np.arange(w) + 0.5, rows + 0.5), -1).reshape(-1, 2)
        rays = flat.cam_from_img(grid)
        there = distorted.img_from_cam(np.c_[rays, np.ones(len(rays))]).reshape(len(rows), w, 2)
        at = there.astype(np.float32) - np.float32(0.5)
        out[rows] = cv2.remap(
            picture, at[..., 0], at[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT
        )
    return out
