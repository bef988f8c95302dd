"""What EXIF says of a photo: whom it belongs to; numbers out of it. `shots.py` reads how it was taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def credit_from_exif(exif: Mapping[str, Any]) -> str:
    """The copyright line, else the artist; printable, at most 120 characters."""
    found = (str(exif.get(tag, "")) for tag in ("33432", "315"))
    lines = ("".join(c if c.isprintable() else " " for c in text).strip()[:120] for text in found)
    return next((line for line in lines if line), "")


def number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if np.isfinite(number) and number > 0 else None
