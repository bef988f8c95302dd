"""Picture values of any depth as 8 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.types import U8

_NARROW = (10, 12)  # bits of sensors whose programs leave them at the low end of 16


def eight_bits(pixels: NDArray[Any], bits: int = 0) -> tuple[U8, str]:
    """Same shape in 8 bits, and a sentence where the range was guessed. bits: that the file says whole numbers have; 0, all.

    Floats reach to 1, 255 or 65535, as their largest says. 16 bits whose largest fits into 10 or 12 are read as these: as 16
    they would be black all over.
    """
    if pixels.dtype == np.bool_:
        return pixels.astype(np.uint8) * np.uint8(255), ""
    if pixels.dtype.kind == "f":
        real = np.nan_to_num(pixels, posinf=0, neginf=0)
        white = next((w for w in (1.0, 255.0) if real.max(initial=0) <= w * 1.001), 65535.0)
        return _scaled(real, white), ""
    if pixels.dtype == np.uint8 and not 0 < bits < 8:
        return np.ascontiguousarray(pixels), ""
    if bits % 8:
        return _scaled(pixels, (1 << bits) - 1), ""
    largest = int(pixels.max(initial=0))
    if pixels.dtype.itemsize == 1 or (pixels.dtype.itemsize == 2 and pixels.dtype.kind == "i") or largest > 65535:
        return _scaled(pixels, int(np.iinfo(pixels.dtype).max)), ""
    narrow = next((b for b in _NARROW if 255 < largest < 1 << b), 16)
    return _scaled(pixels, (1 << narrow) - 1), "" if narrow == 16 else f"its 16 bits hold {narrow}; read as such"


def _scaled(pixels: NDArray[Any], top: float) -> U8:
    """By rows, as whole photos in floats are four times as large."""
    out = np.empty(pixels.shape, np.uint8)
    for row in range(0, len(pixels), 512):
        part: NDArray[np.float64] = pixels[row : row + 512].astype(np.float64)
        out[row : row + 512] = np.clip(part * (255 / top), 0, 255) + 0.5
    return out
