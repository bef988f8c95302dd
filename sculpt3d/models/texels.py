"""Textures read in linear light straight from their 8 bits: an 8192 one as floats would take 800 MB."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d._kernels import njit
from sculpt3d.colour import linear
from sculpt3d.models.document import Wrap
from sculpt3d.types import F32, U8

_LIGHT: F32 = linear(np.arange(256, dtype=np.uint8))
_WRAPS: dict[Wrap, int] = {"clamp": 0, "repeat": 1, "mirror": 2}


def sample_texture(pixels: U8, uv: NDArray[np.floating], wrap: tuple[Wrap, Wrap] = ("clamp", "clamp")) -> F32:
    """sRGB (H, W, 3 or 4) at uv (N, 2) -> linear (N, 3 or 4), alpha as it is: bilinear, texel centres at half texels."""
    found = np.empty((len(uv), pixels.shape[2]), np.float32)
    at = np.ascontiguousarray(uv, np.float64)
    _sample(np.ascontiguousarray(pixels), at, _WRAPS[wrap[0]], _WRAPS[wrap[1]], _LIGHT, found)
    return found


def shrink(pixels: U8, width: int, height: int) -> U8:
    """Every new texel is the mean of what it covers, in linear light; colour weighs as much as it is opaque."""
    found = np.empty((height, width, pixels.shape[2]), np.uint8)
    _shrink(np.ascontiguousarray(pixels), _LIGHT, found)
    return found


@njit(inline="always")
def _texel(n: int, size: int, how: int) -> int:
    if how == 1:
        return n % size
    if how == 2:
        n = n % (2 * size)
        return min(n, 2 * size - 1 - n)
    return min(max(n, 0), size - 1)


@njit(nogil=True, cache=True)
def _sample(pixels: Any, uv: Any, across: int, down: int, light: Any, found: Any) -> None:
    height, width, channels = pixels.shape
    for i in range(len(uv)):
        u, v = uv[i, 0], uv[i, 1]
        if not (abs(u) < 1e6 and abs(v) < 1e6):  # beyond, float32 has no fraction left
            u, v = 0.0, 0.0
        x, y = u * width - 0.5, v * height - 0.5
        left, top = int(np.floor(x)), int(np.floor(y))
        dx, dy = x - left, y - top
        x0, x1 = _texel(left, width, across), _texel(left + 1, width, across)
        y0, y1 = _texel(top, height, down), _texel(top + 1, height, down)
        for c in range(channels):
            if c < 3:
                a, b = light[pixels[y0, x0, c]], light[pixels[y0, x1, c]]
                d, e = light[pixels[y1, x0, c]], light[pixels[y1, x1, c]]
            else:
                a, b = pixels[y0, x0, c] / 255.0, pixels[y0, x1, c] / 255.0
                d, e = pixels[y1, x0, c] / 255.0, pixels[y1, x1, c] / 255.0
            upper, lower = a * (1 - dx) + b * dx, d * (1 - dx) + e * dx
            found[i, c] = upper * (1 - dy) + lower * dy


@njit(nogil=True, cache=True)
def _shrink(pixels: Any, light: Any, found: Any) -> None:
    high, wide = pixels.shape[0] / found.shape[0], pixels.shape[1] / found.shape[1]
    clear = pixels.shape[2] == 4
    for row in range(found.shape[0]):
        y0, y1 = row * high, min((row + 1) * high, pixels.shape[0])
        for column in range(found.shape[1]):
            x0, x1 = column * wide, min((column + 1) * wide, pixels.shape[1])
            total0, total1, total2, weight, solid = 0.0, 0.0, 0.0, 0.0, 0.0
            for y in range(int(y0), int(np.ceil(y1))):
                part = min(y + 1.0, y1) - max(float(y), y0)
                for x in range(int(x0), int(np.ceil(x1))):
                    w = part * (min(x + 1.0, x1) - max(float(x), x0))
                    a = (
                        w * (pixels[y, x, 3] + 0.004) if clear else w
                    )  # what is clear all over keeps its colour
                    total0 += a * light[pixels[y, x, 0]]
                    total1 += a * light[pixels[y, x, 1]]
                    total2 += a * light[pixels[y, x, 2]]
                    weight += w
                    solid += a
            for c, total in enumerate((total0, total1, total2)):
                value = total / solid
                coded = value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
                found[row, column, c] = np.uint8(min(max(coded * 255 + 0.5, 0.0), 255.0))
            if clear:
                found[row, column, 3] = np.uint8(min(max(solid / weight + 0.496, 0.0), 255.0))
