"""What EXIF says of a photo: focal length, which camera took it, whom it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def credit_from_exif(exif: Mapping[str, Any]) -> str:
    """The copyright line, else the artist; printable, at most 120 characters."""
    found = (str(exif.get(tag, "")) for tag in ("33432", "315"))
    lines = ("".join(c if c.isprintable() else " " for c in text).strip()[:120] for text in found)
    return next((line for line in lines if line), "")


def focal_from_exif(exif: Mapping[str, Any], width: int, height: int) -> float | None:
    """Focal length in pixels: from the 35 mm equivalent, else from the sensor's pixel pitch; None if unknown."""
    focal, focal35 = number(exif.get("37386")), number(exif.get("41989"))
    if focal35 and 5 < focal35 < 3000:
        return focal35 / 36.0 * max(width, height)
    pitch = number(exif.get("41486"))  # pixels per unit on the sensor, of the photo as the camera stored it
    unit_mm = {2: 25.4, 3: 10.0, 4: 1.0}.get(int(number(exif.get("41488")) or 2), 25.4)
    stored = number(exif.get("40962"))
    if focal and pitch and stored:
        found = focal * pitch / unit_mm * max(width, height) / max(stored, number(exif.get("40963")) or 0)
        if 0.3 < found / max(width, height) < 50:
            return found
    return None


def camera_key(exif: Mapping[str, Any], width: int, height: int) -> str:
    parts = [str(exif.get(tag, "")).strip("\0 ") for tag in ("271", "272", "42036")]
    focal = number(exif.get("37386"))
    return "|".join([*parts, f"{focal:.1f}mm" if focal else "", f"{width}x{height}"])


def number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if np.isfinite(number) and number > 0 else None
