"""KHR_materials_pbrSpecularGlossiness as base colour, by the conversion that the archived extension gives with itself."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from sculpt3d.colour import linear, to_codes
from sculpt3d.geometry import F64
from sculpt3d.types import U8

_DIELECTRIC = 0.04  # reflectance that the conversion takes every stone and paint to have
_BLOCK = 1 << 20


def base_colour(
    diffuse: Sequence[float], picture: U8 | None, specular: Sequence[float], shine: U8 | None, same: bool
) -> tuple[list[float], U8 | None]:
    """Linear factor (3) and picture (H, W, 3 or 4) of the base colour: the diffuse, brightened by what a metal would not
    reflect, and a metal's own. picture: diffuse, sRGB, its alpha kept. shine: specular, sRGB; where it does not lie on the
    picture's own coordinates (`same`), or there is no picture of the diffuse to lie on, its mean counts."""
    strong = np.array([specular], np.float64)
    if shine is not None and picture is None:
        picture = np.full((*shine.shape[:2], 3), 255, np.uint8)
    if picture is None:
        return _base(np.array([diffuse], np.float64), strong)[0].tolist(), None
    height, width = picture.shape[:2]
    if shine is not None and not same:
        strong = strong * linear(np.ascontiguousarray(shine[..., :3])).reshape(-1, 3).mean(0)
        shine = None
    if shine is not None and shine.shape[:2] != (height, width):
        shine = np.asarray(cv2.resize(shine, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    out = np.empty((height * width, 3), np.uint8)
    levels, gloss = (None if p is None else p[..., :3].reshape(-1, 3) for p in (picture, shine))
    assert levels is not None
    for k in range(0, len(levels), _BLOCK):
        part = np.s_[k : k + _BLOCK]
        light = linear(np.ascontiguousarray(levels[part])).astype(np.float64) * diffuse
        of = (
            strong if gloss is None else linear(np.ascontiguousarray(gloss[part])).astype(np.float64) * strong
        )
        out[part] = to_codes(_base(light, of).astype(np.float32))
    coded = out.reshape(height, width, 3)
    return [1.0, 1.0, 1.0], coded if picture.shape[2] == 3 else np.dstack([coded, picture[..., 3]])


def _base(diffuse: F64, specular: F64) -> F64:
    """(N, 3) of linear diffuse (N, 3) and specular (N, 3) or (1, 3)."""
    left = 1 - specular.max(1)
    metal = _metallic(_brightness(diffuse), _brightness(specular), left)[:, None]
    from_diffuse = diffuse * left[:, None] / (1 - _DIELECTRIC) / np.maximum(1 - metal, 1e-6)
    from_specular = (specular - _DIELECTRIC * (1 - metal)) / np.maximum(metal, 1e-6)
    share = metal**2
    return np.asarray(np.clip(from_diffuse * (1 - share) + from_specular * share, 0, 1), np.float64)


def _metallic(diffuse: F64, specular: F64, left: F64) -> F64:
    a, c = _DIELECTRIC, _DIELECTRIC - specular
    b = diffuse * left / (1 - a) + specular - 2 * a
    found = np.clip((-b + np.sqrt(np.maximum(b * b - 4 * a * c, 0))) / (2 * a), 0, 1)
    return np.asarray(np.where(specular < _DIELECTRIC, 0, found), np.float64)


def _brightness(rgb: F64) -> F64:
    """Perceived; HSP model's weights, as the conversion takes them."""
    return np.asarray(np.sqrt(rgb**2 @ np.array([0.299, 0.587, 0.114])), np.float64)
