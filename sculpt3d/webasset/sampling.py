"""Textures read in linear light straight from their 8 bits: an 8192 one as floats would take 800 MB."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d._kernels import njit
from sculpt3d.colour import linear
from sculpt3d.types import F32, U8

_LIGHT: F32 = linear(np.arange(256, dtype=np.uint8))


def sample_texture(texture: U8, uv: NDArray[np.floating]) -> F32:
    """sRGB (H, W, 3) at uv (N, 2) -> linear (N, 3): bilinear, repeated outside 0..1, texel centres at half texels."""
    found = np.empty((len(uv), 3), np.float32)
    _sample(np.ascontiguousarray(texture), np.ascontiguousarray(uv, np.float64), _LIGHT, found)
    return found


def shrink(texture: U8, width: int, height: int) -> U8:
    """Every new texel is the mean of what it covers, in linear light."""
    found = np.empty((height, width, 3), np.uint8)
    _shrink(np.ascontiguousarray(texture), _LIGHT, found)
    return found


@njit(nogil=True, cache=True)
def _sample(texture: Any, uv: Any, light: Any, found: Any) -> None:
    height, width = texture.shape[0], texture.shape[1]
    for i in range(len(uv)):
        x = uv[i, 0] % 1.000001 * width - 0.5
        y = uv[i, 1] % 1.000001 * height - 0.5
        left, top = int(np.floor(x)), int(np.floor(y))
        dx, dy = x - left, y - top
        x0, x1 = min(max(left, 0), width - 1), min(max(left + 1, 0), width - 1)
        y0, y1 = min(max(top, 0), height - 1), min(max(top + 1, 0), height - 1)
        for c in range(3):
            upper = light[texture[y0, x0, c]] * (1 - dx) + light[texture[y0, x1, c]] * dx
            lower = light[texture[y1, x0, c]] * (1 - dx) + light[texture[y1, x1, c]] * dx
            found[i, c] = upper * (1 - dy) + lower * dy


@njit(nogil=True, cache=True)
def _shrink(texture: Any, light: Any, found: Any) -> None:
    high, wide = texture.shape[0] / found.shape[0], texture.shape[1] / found.shape[1]
    for row in range(found.shape[0]):
        y0, y1 = row * high, min((row + 1) * high, texture.shape[0])
        for column in range(found.shape[1]):
            x0, x1 = column * wide, min((column + 1) * wide, texture.shape[1])
            total0, total1, total2, weight = 0.0, 0.0, 0.0, 0.0
            for y in range(int(y0), int(np.ceil(y1))):
                part = min(y + 1.0, y1) - max(float(y), y0)
                for x in range(int(x0), int(np.ceil(x1))):
                    w = part * (min(x + 1.0, x1) - max(float(x), x0))
                    total0 += w * light[texture[y, x, 0]]
                    total1 += w * light[texture[y, x, 1]]
                    total2 += w * light[texture[y, x, 2]]
                    weight += w
            for c, total in enumerate((total0, total1, total2)):
                value = total / weight
                coded = value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
                found[row, column, c] = np.uint8(min(max(coded * 255 + 0.5, 0.0), 255.0))
