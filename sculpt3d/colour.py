"""Colours as numbers: linear light and sRGB (IEC 61966-2-1), CIE L*a*b*, and how different two colours look."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.geometry import F64
from sculpt3d.types import F32, U8


def to_srgb(light: NDArray[Any]) -> F64:
    """Linear light 0..1 -> sRGB 0..1."""
    x = np.clip(light, 0, 1).astype(np.float64)
    return np.where(x <= 0.0031308, x * 12.92, 1.055 * x ** (1 / 2.4) - 0.055)


def from_srgb(coded: NDArray[Any]) -> F64:
    """sRGB 0..1 -> linear light 0..1."""
    x = np.asarray(coded, np.float64)
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)


_LIGHT = from_srgb(np.arange(256) / 255).astype(np.float32)
_CODE = np.asarray(to_srgb(np.arange(65536) / 65535) * 255 + 0.5, np.uint8)
_SLICE = 1 << 24


def linear(srgb: U8) -> F32:
    """sRGB 8 bit -> linear light 0..1."""
    return np.asarray(_LIGHT[srgb])


def to_codes(light: NDArray[Any]) -> U8:
    """Linear light 0..1 -> sRGB 8 bit, in slices: the picture is large."""
    flat = light.reshape(-1)
    coded = np.empty(flat.shape, np.uint8)
    for start in range(0, len(flat), _SLICE):
        part = np.s_[start : start + _SLICE]
        coded[part] = _CODE[(np.clip(flat[part], 0, 1) * 65535 + 0.5).astype(np.uint16)]
    return coded.reshape(light.shape)


def lab(light: np.ndarray) -> F64:
    """Linear sRGB (N, 3) -> CIE L*a*b* under D65."""
    to_xyz = [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
    xyz = np.clip(light, 0, None).astype(np.float64) @ np.array(to_xyz).T / [0.95047, 1.0, 1.08883]
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], 1)


def delta_e(a: F64, b: F64) -> F64:
    """CIEDE2000 of L*a*b* pairs (N, 3) -> (N,); Sharma, Wu, Dalal 2005."""
    c = (np.hypot(a[:, 1], a[:, 2]) + np.hypot(b[:, 1], b[:, 2])) / 2
    g = 0.5 * (1 - np.sqrt(c**7 / (c**7 + 25.0**7)))
    (l1, a1, b1), (l2, a2, b2) = ((v[:, 0], v[:, 1] * (1 + g), v[:, 2]) for v in (a, b))
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    grey = c1 * c2 == 0
    dh = np.where(grey, 0, (h2 - h1 + 180) % 360 - 180)
    mean_h = np.where(grey, h1 + h2, np.where(np.abs(h1 - h2) > 180, (h1 + h2 + 360) / 2, (h1 + h2) / 2))
    big_h = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(dh / 2))
    middle, cc = (l1 + l2) / 2, (c1 + c2) / 2
    t = (
        1
        - 0.17 * np.cos(np.radians(mean_h - 30))
        + 0.24 * np.cos(np.radians(2 * mean_h))
        + 0.32 * np.cos(np.radians(3 * mean_h + 6))
        - 0.2 * np.cos(np.radians(4 * mean_h - 63))
    )
    sl = 1 + 0.015 * (middle - 50) ** 2 / np.sqrt(20 + (middle - 50) ** 2)
    sc, sh = 1 + 0.045 * cc, 1 + 0.015 * cc * t
    turn = (
        2
        * np.sqrt(cc**7 / (cc**7 + 25.0**7))
        * np.sin(np.radians(60 * np.exp(-(((mean_h - 275) / 25) ** 2))))
    )
    dl, dc, dhh = (l2 - l1) / sl, (c2 - c1) / sc, big_h / sh
    return np.asarray(np.sqrt(np.maximum(dl**2 + dc**2 + dhh**2 - turn * dc * dhh, 0)))
