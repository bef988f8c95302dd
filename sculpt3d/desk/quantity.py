"""The nouns of measuring: what is asked for, and what came out, with its unit and how far off it may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sculpt3d.geometry import F64

COVER = 1.96  # sigmas on either side that hold 95 of 100

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Region:
    """A painted part of a surface, by places in the file's own coordinates, so that it outlives the mesh. brush: strokes (x, y,
    z, radius); polygon: corners on the surface. One of the two is given."""

    brush: tuple[tuple[float, float, float, float], ...] = ()
    polygon: tuple[Point, ...] = ()


@dataclass(frozen=True)
class Measurement:
    """What is asked for. points: in the file's own coordinates, in its unit. up: which way is up, for what is vertical."""

    kind: str
    points: tuple[Point, ...] = ()
    name: str = ""
    region: Region | None = None
    up: Point = (0.0, 1.0, 0.0)
    hidden: bool = False


@dataclass(frozen=True)
class Quantity:
    """value and plus_minus in `unit`: the truth lies within, 95 times of 100."""

    name: str
    value: float
    unit: str
    plus_minus: float

    def text(self) -> str:
        """As far as the digits mean something."""
        if not self.plus_minus > 0:
            return f"{self.value:.3f} {self.unit}"
        digits = int(np.clip(1 - np.floor(np.log10(self.plus_minus)), 0, 3))
        spread = f"± {self.plus_minus:.{digits}f}"
        if float(spread[2:]) == 0:
            spread = "± < 0.001"
        return f"{self.value:.{digits}f} {spread} {self.unit}"

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "value": self.value, "unit": self.unit, "plus_minus": self.plus_minus}


@dataclass(frozen=True)
class Measured:
    """What came out: the value asked for, and what else is known. line: places on the way, in the file's coordinates."""

    asked: Measurement
    value: Quantity
    more: tuple[Quantity, ...] = ()
    line: tuple[Point, ...] = ()
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        a = self.asked
        return {
            "kind": a.kind,
            "name": a.name,
            "points": [list(p) for p in a.points],
            **({"region": region_as_saved(a.region)} if a.region is not None else {}),
            "quantity": self.value.name,
            "value": self.value.value,
            "unit": self.value.unit,
            "plus_minus": self.value.plus_minus,
            "more": [q.as_dict() for q in self.more],
            **({"line": [list(p) for p in self.line]} if self.line else {}),
            "notes": list(self.notes),
        }


def region_as_saved(region: Region) -> dict[str, Any]:
    """As VIEW.json holds it."""
    return (
        {"brush": [list(s) for s in region.brush]}
        if region.brush
        else {"polygon": [list(p) for p in region.polygon]}
    )


def length(
    name: str, value: float, sigma: float, mm: float, scale_sigma: float, extra: float = 0.0
) -> Quantity:
    """In mm, of value, 1-sigma and an `extra` to either side in the file's unit; the scale's own sigma is part of it."""
    return _scaled(name, "mm", 1, value, sigma, mm, scale_sigma, extra)


def area(
    name: str, value: float, sigma: float, mm: float, scale_sigma: float, extra: float = 0.0
) -> Quantity:
    return _scaled(name, "mm²", 2, value, sigma, mm, scale_sigma, extra)


def volume(
    name: str, value: float, sigma: float, mm: float, scale_sigma: float, extra: float = 0.0
) -> Quantity:
    return _scaled(name, "mm³", 3, value, sigma, mm, scale_sigma, extra)


def degrees(name: str, value: float, sigma: float) -> Quantity:
    """Of radians."""
    return Quantity(name, float(np.degrees(value)), "°", float(np.degrees(COVER * sigma)))


def _scaled(
    name: str, unit: str, power: int, value: float, sigma: float, mm: float, scale_sigma: float, extra: float
) -> Quantity:
    by_scale = power * scale_sigma * value
    return Quantity(
        name, value * mm**power, unit, float((COVER * np.hypot(sigma, by_scale) + extra) * mm**power)
    )


def as_points(xyz: F64) -> tuple[Point, ...]:
    return tuple((float(x), float(y), float(z)) for x, y, z in xyz)
