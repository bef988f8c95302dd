"""From point to point: distance, chain, angle, and how far a line leans."""

from __future__ import annotations

import numpy as np

from sculpt3d.desk.nearest import finder_of
from sculpt3d.desk.quantity import COVER, Measured, Measurement, Quantity, degrees, length
from sculpt3d.desk.spread import covariance
from sculpt3d.desk.surface import Surface
from sculpt3d.errors import InputError
from sculpt3d.geometry import F64


def located(
    surface: Surface, asked: Measurement, least: int, most: int = 100_000
) -> tuple[F64, F64, tuple[str, ...]]:
    """The points (N, 3) local and their covariances (N, 3, 3), from the surface nearest to each; with what must be said.

    Points stay where they were put. Raises `InputError` where there are too few or too many.
    """
    count = len(asked.points)
    if not least <= count <= most:
        wanted = f"{least}" if least == most else f"at least {least}" if count < least else f"at most {most}"
        raise InputError(f"{_named(asked)} has {count} point{'s' if count != 1 else ''} and needs {wanted}")
    xyz = surface.local(np.array(asked.points))
    places = finder_of(surface).nearest(xyz)
    spread = covariance(surface, surface.faces[places.face], places.weights)
    free = np.sqrt(np.trace(spread, axis1=1, axis2=2)) * COVER + 1e-3 * surface.size
    far = np.flatnonzero(places.distance > free)
    notes: tuple[str, ...] = ()
    if len(far):
        k = int(far[places.distance[far].argmax()])
        off = surface.scale.mm
        said = f"{places.distance[k]:.4g} units" if off is None else f"{places.distance[k] * off:.2f} mm"
        others = f", and {len(far) - 1} others too" if len(far) > 1 else ""
        notes = (
            f"point {k + 1} lies {said} off the surface{others}: was it put on a section's filled cut, or on another model?",
        )
    return xyz, spread, notes


def distance(surface: Surface, asked: Measurement) -> Measured:
    """Two points, straight through the air."""
    return _chain(surface, asked, 2, 2, "distance")


def chain(surface: Surface, asked: Measurement) -> Measured:
    """Along straight legs from point to point."""
    return _chain(surface, asked, 2, 100_000, "length")


def _chain(surface: Surface, asked: Measurement, least: int, most: int, name: str) -> Measured:
    xyz, spread, notes = located(surface, asked, least, most)
    legs = np.diff(xyz, axis=0)
    lengths = np.linalg.norm(legs, axis=1)
    along = legs / np.maximum(lengths, 1e-300)[:, None]
    gradient = np.zeros_like(xyz)
    gradient[1:] += along
    gradient[:-1] -= along
    sigma = float(np.sqrt(np.einsum("ni,nij,nj->", gradient, spread, gradient)))
    if (lengths == 0).any():  # no direction: any will do
        sigma = float(np.sqrt(sigma**2 + np.linalg.eigvalsh(spread).max() * 2 * (lengths == 0).sum()))
    mm, of_scale = surface.mm, surface.scale.sigma
    more: tuple[Quantity, ...] = ()
    if len(legs) > 1:
        more = tuple(
            length(f"leg {k + 1}", float(lengths[k]), _leg(along[k], spread[k : k + 2]), mm, of_scale)
            for k in range(len(legs))
        )
    else:
        up = unit(asked.up, "up")
        rise = float(legs[0] @ up)
        level = float(np.linalg.norm(legs[0] - rise * up))
        flat = (legs[0] - rise * up) / max(level, 1e-300)
        more = (
            length("height difference", rise, _leg(up, spread), mm, of_scale),
            length("horizontal", level, _leg(flat, spread), mm, of_scale),
        )
    return Measured(asked, length(name, float(lengths.sum()), sigma, mm, of_scale), more, notes=notes)


def angle(surface: Surface, asked: Measurement) -> Measured:
    """Three points: at the second, between the ways to the first and to the third. No scale is needed."""
    xyz, spread, notes = located(surface, asked, 3, 3)
    a, b = xyz[0] - xyz[1], xyz[2] - xyz[1]
    la, lb = (float(np.linalg.norm(v)) for v in (a, b))
    if min(la, lb) < 1e-12 * surface.size:
        raise InputError(f"{_named(asked)}: two of its points are one, so there is no angle")
    a, b = a / la, b / lb
    turn = float(np.arctan2(np.linalg.norm(np.cross(a, b)), a @ b))
    axis = np.cross(a, b)
    axis = axis / np.linalg.norm(axis) if np.linalg.norm(axis) > 1e-12 else _beside(a)
    ga, gb = np.cross(a, axis) / la, -np.cross(b, axis) / lb
    gradient = np.stack([ga, -(ga + gb), gb])
    sigma = float(np.sqrt(np.einsum("ni,nij,nj->", gradient, spread, gradient)))
    return Measured(asked, degrees("angle", turn, sigma), notes=notes)


def lean(surface: Surface, asked: Measurement) -> Measured:
    """Two points: how far the line between them leans from the vertical. No scale is needed for the angle."""
    xyz, spread, notes = located(surface, asked, 2, 2)
    up, leg = unit(asked.up, "up"), xyz[1] - xyz[0]
    leg = leg if leg @ up >= 0 else -leg
    span = float(np.linalg.norm(leg))
    if span < 1e-12 * surface.size:
        raise InputError(f"{_named(asked)}: its two points are one, so there is no line")
    rise = float(leg @ up)
    side = leg - rise * up
    off = float(np.linalg.norm(side))
    side = side / off if off > 1e-12 * span else _beside(up)
    tilt = float(np.arctan2(off, rise))
    across = np.cos(tilt) * side - np.sin(tilt) * up
    sigma = _leg(across, spread) / span
    more: tuple[Quantity, ...] = ()
    if surface.scale.mm is not None:
        mm, of_scale = surface.mm, surface.scale.sigma
        more = (
            length("out of plumb", off, _leg(side, spread), mm, of_scale),
            length("height", rise, _leg(up, spread), mm, of_scale),
        )
    return Measured(asked, degrees("deviation from vertical", tilt, sigma), more, notes=notes)


def unit(vector: tuple[float, ...], what: str) -> F64:
    """(3,) of length 1; raises `InputError` where it has none."""
    found = np.array(vector, float)
    size = float(np.linalg.norm(found))
    if not 1e-12 < size < 1e12:
        raise InputError(f"{what} {list(vector)} has no direction; give three numbers, like 0,1,0")
    return np.asarray(found / size)


def _leg(direction: F64, spread: F64) -> float:
    """1-sigma of a component of the way between two points."""
    return float(np.sqrt(np.einsum("i,nij,j->", direction, spread, direction)))


def _beside(direction: F64) -> F64:
    """Some unit vector at a right angle."""
    other = np.cross(direction, np.eye(3)[int(np.abs(direction).argmin())])
    return np.asarray(other / np.linalg.norm(other))


def _named(asked: Measurement) -> str:
    return f'{asked.kind} "{asked.name}"' if asked.name else f"A measurement of kind {asked.kind}"
