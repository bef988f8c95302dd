"""Where a picture is taken from: the six sides by name, or angles in degrees."""

from __future__ import annotations

import math
from typing import NamedTuple


class Aim(NamedTuple):
    """Radians: to the right of the front, above it, and how far the model leans to the right in the picture."""

    azimuth: float
    elevation: float
    roll: float = 0.0


SIDES = {
    "front": Aim(0.0, 0.0),
    "right": Aim(math.pi / 2, 0.0),
    "back": Aim(math.pi, 0.0),
    "left": Aim(-math.pi / 2, 0.0),
    "top": Aim(0.0, math.pi / 2),
    "bottom": Aim(0.0, -math.pi / 2),
}


def aim_of(view: str) -> Aim | None:
    """Of a side's name, or of "az=..,el=..[,roll=..]" in degrees; None where it is neither."""
    if view in SIDES:
        return SIDES[view]
    found = numbers_of(view, {"az": 0.0, "el": 0.0, "roll": 0.0})
    if found is None or abs(found["el"]) > 90:
        return None
    return Aim(*(math.radians(found[name]) for name in ("az", "el", "roll")))


def numbers_of(text: str, known: dict[str, float]) -> dict[str, float] | None:
    """ "name=number,name=number" over the values that are known; None where a name or number is none of them."""
    found = dict(known)
    seen: set[str] = set()
    for part in text.split(","):
        name, _, value = part.partition("=")
        if name not in known or name in seen:
            return None
        try:
            found[name] = float(value)
        except ValueError:
            return None
        if not math.isfinite(found[name]):
            return None
        seen.add(name)
    return found
