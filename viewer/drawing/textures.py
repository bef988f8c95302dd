"""Textures as the card reads them, for the picture without it: halved levels, wrapping, three-way interpolation."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sculpt3d.colour import linear, to_codes
from sculpt3d.models.document import Wrap
from sculpt3d.types import F32, U8

_ROWS = 512  # at a time: a large picture as floats is four times as large


def halved(pixels: U8) -> U8:
    """Half the size (H, W, 3 or 4); every texel is the mean of what it covers, in linear light."""
    height, width = (max(n // 2, 1) for n in pixels.shape[:2])
    if pixels.shape[0] <= 2 * _ROWS:
        return _mean(pixels, height, width)
    strips = [
        _mean(pixels[2 * row : 2 * min(row + _ROWS, height)], min(_ROWS, height - row), width)
        for row in range(0, height, _ROWS)
    ]
    return np.concatenate(strips)


def fitting(pixels: U8, side: int) -> U8:
    """Halved until no side is longer than `side`."""
    while max(pixels.shape[:2]) > side:
        pixels = halved(pixels)
    return pixels


def levels(pixels: U8) -> list[U8]:
    """The picture and its halves, down to one texel."""
    found = [pixels]
    while max(found[-1].shape[:2]) > 1:
        found.append(halved(found[-1]))
    return found


def look_up(of: list[U8], wrap: tuple[Wrap, Wrap], uv: NDArray[Any], level: NDArray[Any]) -> F32:
    """Linear light and alpha (N, 4) at uv (N, 2), between the two halvings about `level` (N,)."""
    level = np.clip(level, 0, len(of) - 1)
    low = np.minimum(level.astype(np.intp), max(len(of) - 2, 0))
    found = np.empty((len(uv), 4), np.float32)
    for k in np.unique(low):
        here = np.flatnonzero(low == k)
        fine = _bilinear(of[k], wrap, uv[here])
        share = (level[here] - k)[:, None].astype(np.float32)
        if share.any():
            fine = fine + share * (_bilinear(of[k + 1], wrap, uv[here]) - fine)
        found[here] = fine
    return found


def _mean(pixels: U8, height: int, width: int) -> U8:
    light = cv2.resize(linear(pixels[..., :3]), (width, height), interpolation=cv2.INTER_AREA)
    codes = to_codes(light)
    if pixels.shape[2] == 3:
        return codes
    alpha = cv2.resize(np.ascontiguousarray(pixels[..., 3]), (width, height), interpolation=cv2.INTER_AREA)
    return np.dstack([codes, alpha])


def _bilinear(pixels: U8, wrap: tuple[Wrap, Wrap], uv: NDArray[Any]) -> F32:
    height, width = pixels.shape[:2]
    at = uv * [width, height] - 0.5
    corner = np.floor(at)
    dx, dy = ((at - corner)[:, k, None].astype(np.float32) for k in range(2))
    x0, y0 = corner.astype(np.int64).T
    (x0, x1), (y0, y1) = (
        [_wrapped(n + step, size, how) for step in (0, 1)]
        for n, size, how in ((x0, width, wrap[0]), (y0, height, wrap[1]))
    )
    upper = _light(pixels[y0, x0]) * (1 - dx) + _light(pixels[y0, x1]) * dx
    lower = _light(pixels[y1, x0]) * (1 - dx) + _light(pixels[y1, x1]) * dx
    return np.asarray(upper * (1 - dy) + lower * dy)


def _wrapped(n: NDArray[np.int64], size: int, how: Wrap) -> NDArray[np.int64]:
    if how == "clamp":
        return np.clip(n, 0, size - 1)
    if how == "repeat":
        return n % size
    n = n % (2 * size)
    return np.minimum(n, 2 * size - 1 - n)


def _light(texels: U8) -> F32:
    found = np.ones((len(texels), 4), np.float32)
    found[:, :3] = linear(texels[:, :3])
    if texels.shape[1] == 4:
        found[:, 3] = texels[:, 3] / np.float32(255)
    return found
