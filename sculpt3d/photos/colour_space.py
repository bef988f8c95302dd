"""Colours of a photo as sRGB: through its own profile, or by what EXIF says of its colour space where there is none."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from sculpt3d.colour import from_srgb, to_codes
from sculpt3d.geometry import F64
from sculpt3d.types import U8

_BAND = 1 << 22  # pixels converted at a time
_D65 = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_SRGB_PROFILE = ImageCms.createProfile("sRGB")


@dataclass(frozen=True)
class Space:
    """Primaries as XYZ under D65, (3, 3), and the light of its 256 codes."""

    name: str
    xyz: F64
    light: F64

    def to_srgb(self, pixels: U8) -> U8:
        """(H, W, 3) codes -> sRGB; colours beyond sRGB are cut at its borders."""
        turn = (np.linalg.inv(_D65) @ self.xyz).T
        flat = pixels.reshape(-1, 3)
        out = np.empty_like(flat)
        for start in range(0, len(flat), _BAND):
            part = np.s_[start : start + _BAND]
            out[part] = to_codes(np.clip(self.light[flat[part]] @ turn, 0, 1))
        return out.reshape(pixels.shape)


_CODES = np.arange(256) / 255
ADOBE = Space(  # Adobe RGB (1998), 4.3
    "Adobe RGB",
    np.array([[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]]),
    _CODES ** (563 / 256),
)
P3 = Space(  # Display P3: SMPTE EG 432-1 primaries, D65, sRGB's curve
    "Display P3",
    np.array(
        [[0.4865709, 0.2656677, 0.1982173], [0.2289746, 0.6917385, 0.0792869], [0.0, 0.0451134, 1.0439444]]
    ),
    from_srgb(_CODES),
)
_PHONES = ("apple", "google")  # their photos are Display P3 where EXIF says "uncalibrated"


def space_by_exif(exif: Mapping[str, Any]) -> tuple[Space | None, str]:
    """The space where it is not sRGB, and a line for people where nothing is said or more than EXIF's own words count."""
    said, interoperability = str(exif.get("40961", "")), str(exif.get("interoperability", "")).strip("\0 ")
    if interoperability == "R03" or said == "2":
        return ADOBE, ""
    if said != "65535" or interoperability == "R98":  # DCF's basic rule: sRGB
        return None, ""
    if any(maker in str(exif.get("271", "")).lower() for maker in _PHONES):
        return P3, "colours read as Display P3: EXIF says uncalibrated, as this maker's phones do"
    return None, "its colour space is unknown (EXIF: uncalibrated, no profile); read as sRGB"


def is_srgb(profile: bytes | None) -> bool:
    """Also what has no profile, or one that cannot be read."""
    if not profile:
        return True
    try:
        name = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    except (OSError, ValueError, ImageCms.PyCMSError):
        return True
    return "srgb" in name.lower()


def through_profile(image: Image.Image, profile: bytes) -> Image.Image:
    """sRGB through the file's own profile; the plain conversion where the profile is broken."""
    try:
        there = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        source = image if image.mode in {"RGB", "CMYK", "L", "LAB"} else image.convert("RGB")
        flags = ImageCms.Flags(0)
        if there.profile.xcolor_space.strip() == "GRAY":
            source = image.convert("L")
            flags = ImageCms.Flags.NOOPTIMIZE  # its table of 33 steps is 10 codes off near black
        found = ImageCms.profileToProfile(source, there, _SRGB_PROFILE, outputMode="RGB", flags=flags)
        return found if found is not None else image.convert("RGB")
    except (OSError, ValueError, ImageCms.PyCMSError):
        return image.convert("RGB")
