"""An undistorted photo's camera, pixels and mask at the size that is asked for."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sculpt3d.photos import masks
from sculpt3d.photos.pictures import has_alpha, plain_size, read_photo
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
    if mask is None or mask.max(initial=0) < 255 or has_alpha(view.mask):
        mask = masks.read_mask(view.mask)
    return np.asarray(_resized(mask, height, width) >= 128)


def _read(view: View, how: int, height: int, width: int) -> U8:
    """Undistorted photos are plain files, which OpenCV decodes to the same pixels sooner; all else by the one reader."""
    picture: NDArray[Any] | None = None
    if plain_size(view.image) is not None:
        picture = cv2.imread(str(view.image), how | cv2.IMREAD_IGNORE_ORIENTATION)
    if picture is None:
        picture = read_photo(view.image).pixels
        picture = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if how == cv2.IMREAD_GRAYSCALE else picture
    return np.asarray(_resized(picture, height, width), np.uint8)


def _resized(picture: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    if picture.shape[:2] == (height, width):
        return picture
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA))
