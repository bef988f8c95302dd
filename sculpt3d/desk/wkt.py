"""Places as well-known text with z: a line, a polygon, and brush strokes whose fourth number (M) is the radius."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sculpt3d.desk.quantity import Point, Region
from sculpt3d.errors import InputError

_FORM = re.compile(r"\s*(LINESTRING|POLYGON|MULTIPOINT)\s*(ZM|Z)\s*\((.*)\)\s*", re.DOTALL | re.IGNORECASE)


def as_wkt(points: Sequence[Point], region: Region | None) -> str:
    """Numbers are written so that the same doubles are read again."""
    if region is not None and region.brush:
        return f"MULTIPOINT ZM ({', '.join(f'({_plain(s)})' for s in region.brush)})"
    if region is not None:
        return f"POLYGON Z (({_listed([*region.polygon, region.polygon[0]])}))"
    return f"LINESTRING Z ({_listed(points)})"


def read_wkt(text: str) -> tuple[tuple[Point, ...], Region | None]:
    """Points of a line, or a region. Raises `InputError` for what is neither."""
    form = _FORM.fullmatch(text)
    kind: tuple[str, str] | None = (form[1].upper(), form[2].upper()) if form else None
    if (
        form is None
        or kind is None
        or kind not in {("LINESTRING", "Z"), ("POLYGON", "Z"), ("MULTIPOINT", "ZM")}
    ):
        raise InputError(
            f"{text[:40]!r} is no place known here: LINESTRING Z, POLYGON Z of one ring, MULTIPOINT ZM with radius"
        )
    if kind[0] == "MULTIPOINT":
        strokes = [
            _numbers(part.strip().removeprefix("(").removesuffix(")"), 4) for part in form[3].split(",")
        ]
        return (), Region(brush=tuple((x, y, z, r) for x, y, z, r in strokes))
    if kind[0] == "LINESTRING":
        return _points(form[3]), None
    ring = form[3].strip()
    if not (ring.startswith("(") and ring.endswith(")")):
        raise InputError(f"{text[:40]!r} is no polygon of one ring")
    corners = _points(ring[1:-1])
    closed = len(corners) > 1 and corners[0] == corners[-1]
    return (), Region(polygon=corners[:-1] if closed else corners)


def _points(text: str) -> tuple[Point, ...]:
    return tuple((x, y, z) for x, y, z in (_numbers(part, 3) for part in text.split(",")))


def _numbers(text: str, count: int) -> list[float]:
    try:
        found = [float(v) for v in text.split()]
    except ValueError:
        found = []
    if len(found) != count:
        raise InputError(f"{text[:40]!r} in a place is not {count} numbers")
    return found


def _listed(points: Sequence[Sequence[float]]) -> str:
    return ", ".join(_plain(p) for p in points)


def _plain(numbers: Sequence[float]) -> str:
    return " ".join(repr(float(v)) for v in numbers)
