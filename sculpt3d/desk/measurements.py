"""All kinds of measurement by name; how they are written in VIEW.json; doing a list of them again.

A new kind is a function (Surface, Measurement) -> Measured, and a line here.

In the file a measurement is {"kind": "distance", "name": "height", "points": [[x, y, z], ...], "region": {"brush": [[x, y, z,
radius], ...]} or {"polygon": [[x, y, z], ...]}, "up": [0, 1, 0], "hidden": false}; points are in the model's own coordinates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sculpt3d.desk import fits, geodesic, lengths, regions, volumes
from sculpt3d.desk.quantity import Measured, Measurement, Point, Region, region_as_saved
from sculpt3d.desk.surface import Surface
from sculpt3d.desk.viewfile import number, numbers, text
from sculpt3d.errors import InputError, SculptError

Measure = Callable[[Surface, Measurement], Measured]


@dataclass(frozen=True)
class Kind:
    """needs: what it is given, in words for a person."""

    measure: Measure
    needs: str


def _lean(surface: Surface, asked: Measurement) -> Measured:
    line = asked.region is None and len(asked.points) == 2
    return lengths.lean(surface, asked) if line else fits.plane_lean(surface, asked)


KINDS: Mapping[str, Kind] = {
    "distance": Kind(lengths.distance, "two points"),
    "chain": Kind(lengths.chain, "two points or more"),
    "geodesic": Kind(geodesic.geodesic, "two points or more, joined along the surface"),
    "angle": Kind(lengths.angle, "three points, the corner in the middle"),
    "area": Kind(regions.region_area, "a region"),
    "volume": Kind(volumes.solid_volume, "a point on a closed part, or nothing for all"),
    "plane": Kind(fits.plane, "a region, or four points or more"),
    "circle": Kind(fits.circle, "three points or more, or a region"),
    "sphere": Kind(fits.sphere, "a region, or four points or more"),
    "cylinder": Kind(fits.cylinder, "a region, or six points or more"),
    "lean": Kind(_lean, "two points for a line; a region or more points for a plane"),
    "height": Kind(fits.height, "a point, then a region or three points of the plane"),
    "flatness": Kind(fits.flatness, "a region, or four points or more"),
}
MOST = 10_000


@dataclass(frozen=True)
class Failed:
    """A measurement that could not be done, and why."""

    asked: Measurement
    reason: str


def measure(surface: Surface, asked: Measurement) -> Measured:
    """Raises `SculptError` with the reason where it cannot be done."""
    return KINDS[asked.kind].measure(surface, asked)


def measure_all(surface: Surface, asked: Sequence[Measurement]) -> list[Measured | Failed]:
    """Each by itself: one that cannot be done does not stop the others."""
    found: list[Measured | Failed] = []
    for one in asked:
        try:
            found.append(measure(surface, one))
        except SculptError as error:
            found.append(Failed(one, str(error)))
    return found


def read_measurements(values: Sequence[Any]) -> list[Measurement]:
    """Of VIEW.json's list. Raises `InputError` that names the first that is none."""
    if len(values) > MOST:
        raise InputError(f"The view holds {len(values):,} measurements; at most {MOST:,} are read")
    return [_read(value, f"measurement {k + 1}") for k, value in enumerate(values)]


def _read(value: Any, what: str) -> Measurement:
    if not isinstance(value, dict):
        raise InputError(f'{what} is no object like {{"kind": "distance", "points": [...]}}')
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise InputError(f"{what} is of kind {kind!r}; known are {', '.join(KINDS)}")
    region = value.get("region")
    x, y, z = numbers(value.get("up", [0, 1, 0]), f"{what}: up", 3)
    return Measurement(
        kind,
        _points(value.get("points", []), what),
        text(value.get("name", ""), f"{what}: name"),
        None if region is None else read_region(region, what),
        (x, y, z),
        value.get("hidden") is True,
    )


def read_region(value: Any, what: str) -> Region:
    """Raises `InputError`."""
    if isinstance(value, dict) and isinstance(value.get("brush"), list) and value["brush"]:
        strokes = [numbers(s, f"{what}: a stroke of its brush", 4) for s in value["brush"][:MOST]]
        for *_, radius in strokes:
            number(radius, f"{what}: a brush's radius", 1e-12, 1e15)
        return Region(brush=tuple((x, y, z, r) for x, y, z, r in strokes))
    if isinstance(value, dict) and isinstance(value.get("polygon"), list) and value["polygon"]:
        return Region(polygon=_points(value["polygon"], what))
    raise InputError(
        f'{what}: its region is neither {{"brush": [[x, y, z, radius], ...]}} nor {{"polygon": [...]}}'
    )


def _points(values: Any, what: str) -> tuple[Point, ...]:
    if not isinstance(values, list) or len(values) > 100_000:
        raise InputError(f"{what}: its points are no list of [x, y, z]")
    found = [numbers(v, f"{what}: point {k + 1}", 3) for k, v in enumerate(values)]
    return tuple((x, y, z) for x, y, z in found)


def as_saved(asked: Measurement) -> dict[str, Any]:
    """What `read_measurements` reads."""
    saved: dict[str, Any] = {
        "kind": asked.kind,
        "name": asked.name,
        "points": [list(p) for p in asked.points],
    }
    if asked.region is not None:
        saved["region"] = region_as_saved(asked.region)
    if asked.up != (0.0, 1.0, 0.0):
        saved["up"] = list(asked.up)
    return saved | ({"hidden": True} if asked.hidden else {})
