"""Whether a COLMAP model is whole and makes sense, before and after pycolmap reads it.

pycolmap 4.2.1 reads a cut-short points3D.bin or frames.bin for ever, and a camera without focal length goes unnoticed.
"""

from __future__ import annotations

import struct
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.errors import InputError, UnreadableFile

MAX_SIDE = 200_000  # pixels; beyond it a header is broken or hostile
_HEAD = struct.Struct("<Q")
_POINT = struct.Struct("<Q3d3BdQ")
_FRAME = struct.Struct("<II7dI")


def check_files(model: Path) -> None:
    """Raises `UnreadableFile` where the binary lists of points or frames do not end where their counts say."""
    for name, record, item in (("points3D.bin", _POINT, 8), ("frames.bin", _FRAME, 16)):
        path = model / name
        if path.is_file() and not _is_whole(path.read_bytes(), record, item):
            raise UnreadableFile(f"{name} in {model} is cut short or broken; export the model again")


def _is_whole(data: bytes, record: struct.Struct, item: int) -> bool:
    """A count, then records that each end in the number of items of `item` bytes that follow."""
    if len(data) < _HEAD.size:
        return False
    (count,), at = _HEAD.unpack_from(data), _HEAD.size
    if count * record.size > len(data):
        return False
    for _ in range(count):
        if at + record.size > len(data):
            return False
        at += record.size + item * record.unpack_from(data, at)[-1]
    return at == len(data)


def check_points(data: bytes) -> NDArray[np.int64] | None:
    """Where each record of a points3D.bin begins; None where they do not end where their counts say."""
    if not _is_whole(data, _POINT, 8):
        return None
    (count,), at = _HEAD.unpack_from(data), _HEAD.size
    starts = np.empty(count, np.int64)
    for k in range(count):
        starts[k] = at
        at += _POINT.size + 8 * _POINT.unpack_from(data, at)[-1]
    return starts


def check_model(folder: Path, model: Any) -> None:
    """Raises `InputError` where cameras, poses, points or names cannot be worked with."""
    shots = [model.images[i] for i in model.reg_image_ids()]
    if not shots:
        raise InputError(f"The COLMAP model in {folder} holds no photo with a pose; give one that does")
    for camera_id in {s.camera_id for s in shots}:
        if camera_id not in model.cameras or not _makes_sense(model.cameras[camera_id]):
            raise InputError(
                f"Camera {camera_id} of the COLMAP model in {folder} has no usable size or focal length; export it again"
            )
    for shot in shots:
        check_name(str(shot.name))
    poses = np.array([s.cam_from_world().matrix() for s in shots])
    points = np.array([p.xyz for p in model.points3D.values()]).reshape(-1, 3)
    if not (np.isfinite(poses).all() and np.isfinite(points).all()):
        raise InputError(f"The COLMAP model in {folder} has positions that are not numbers; export it again")


def _makes_sense(camera: Any) -> bool:
    focal = camera.mean_focal_length()
    sizes = 0 < camera.width < MAX_SIDE and 0 < camera.height < MAX_SIDE
    return bool(sizes and np.isfinite(camera.params).all() and focal > 0)


def check_name(name: str) -> None:
    """Names become paths that are read and written: they stay below the photos' folder."""
    path = PureWindowsPath(name)  # knows both kinds of separators, and drives
    if not path.parts or path.anchor or ".." in path.parts or not name.isprintable():
        raise InputError(f"The model names a photo outside its folder ({ascii(name)[:80]}); export it again")
