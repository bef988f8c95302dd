"""Known lengths beside what the adjusted network makes of them; what contradicts is refused in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sculpt3d.errors import InputError
from sculpt3d.geometry import F64
from sculpt3d.metric.adjust import Adjusted
from sculpt3d.metric.tables import Bar, Known

AGREE = 5.0  # sigmas: known lengths that contradict each other by more are an error
_FACTORS = {
    1000.0: "metres for millimetres",
    25.4: "inches for millimetres",
    10.0: "centimetres for millimetres",
}


@dataclass(frozen=True)
class Told:
    """A known length, or one coordinate of a known point, and what the adjusted network makes of it, mm.

    sigma_mm: of the difference, as the network and the known value's own sigma say.
    """

    name: str
    use: str
    known_mm: float
    found_mm: float
    sigma_mm: float


def one_unit(bars: Sequence[Bar], ratio: F64) -> None:
    """Raises `InputError` where bars give scales that differ by the factor of two units."""
    middle = float(np.median(ratio))
    for bar, r in zip(bars, ratio, strict=True):
        for factor, what in _FACTORS.items():
            if any(abs(r / middle / f - 1) < 0.05 for f in (factor, 1 / factor)):
                raise InputError(
                    f"Bar {bar.name} differs from the others by a factor of {factor:g} ({what}?); correct its length"
                )


def tell(found: Adjusted, at: Mapping[str, int], known: Known, origin: F64) -> tuple[Told, ...]:
    """origin (3,): metres that were taken off control points' coordinates."""
    points: F64 = found.network.points
    told: list[Told] = []
    for bar in known.bars:
        a, b = at[bar.first], at[bar.second]
        mine = found.distance_sigma(a, b) * 1000
        sigma = float(np.hypot(mine, bar.sigma_mm)) if bar.use == "check" else bar.sigma_mm
        length = float(np.linalg.norm(points[a] - points[b])) * 1000
        told.append(Told(f"{bar.first}-{bar.second}", bar.use, bar.length_mm, length, sigma))
        if abs(length - bar.length_mm) > AGREE * max(sigma, mine):
            _contradiction(told[-1])
    for point in known.points:
        spread = found.point_sigma[at[point.marker]] * 1000
        for axis, name in enumerate("xyz"):
            sigma = float(np.hypot(spread[axis], point.sigma_mm[axis]))
            place = float(points[at[point.marker], axis]) * 1000
            off = 1000 * float(origin[axis])
            told.append(Told(f"{point.marker} {name}", point.use, point.xyz_mm[axis] + off, place + off, sigma))
            if point.use == "control" and abs(place - point.xyz_mm[axis]) > AGREE * sigma:
                _contradiction(told[-1])
    return tuple(told)


def _contradiction(told: Told) -> None:
    if told.use == "control":
        times = abs(told.found_mm - told.known_mm) / told.sigma_mm
        raise InputError(
            f"{told.name} is given as {told.known_mm:.3f} mm, but the photos and what else is known make it "
            f"{told.found_mm:.3f} mm ({times:.0f} times its sigma); measure it again, or set its use to check"
        )
