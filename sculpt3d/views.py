"""An undistorted photo's camera, pixels and mask at the size that is asked for."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sculpt3d.errors import UnreadableFile
from sculpt3d.types import U8, Bool, Pinhole, View


def finest_size(camera: Pinhole, max_image_size: int) -> tuple[int, int]:
    """Height and width whose longer side is at most `max_image_size` pixels."""
    shrink = min(1.0, max_image_size / max(camera.width, camera.height))
    return max(1, round(camera.height * shrink)), max(1, round(camera.width * shrink))


def scaled(camera: Pinhole, height: int, width: int) -> Pinhole:
    """The same camera on a picture of another size."""
    sx, sy = width / camera.width, height / camera.height
    return Pinhole(width, height, camera.fx * sx, camera.fy * sy, camera.cx * sx, camera.cy * sy)


def read_rgb(view: View, height: int, width: int) -> U8:
    """sRGB (H, W, 3), averaged down where smaller. Pixels as stored: the EXIF orientation is not applied."""
    return _read(view, cv2.IMREAD_COLOR_RGB, height, width)


def read_grey(view: View, height: int, width: int) -> U8:
    """(H, W), averaged down where smaller."""
    return _read(view, cv2.IMREAD_GRAYSCALE, height, width)


def read_mask(view: View, height: int, width: int) -> Bool:
    """(H, W), True = object; all True where the view has no mask."""
    if view.mask is None:
        return np.ones((height, width), bool)
    mask = cv2.imread(str(view.mask), cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION)
    if mask is None:
        raise UnreadableFile(f"The mask of {view.name} cannot be read; save it again as PNG")
    return np.asarray(_resized(mask, height, width) >= 128)


def _read(view: View, how: int, height: int, width: int) -> U8:
    picture = cv2.imread(str(view.image), how | cv2.IMREAD_IGNORE_ORIENTATION)
    if picture is None:
        raise UnreadableFile(f"{view.name} cannot be read; check the file, or leave it out")
    return np.asarray(_resized(picture, height, width), np.uint8)


def _resized(picture: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    if picture.shape[:2] == (height, width):
        return picture
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA))
