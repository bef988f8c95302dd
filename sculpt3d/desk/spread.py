"""How far off a place on a surface may be, as a covariance; and what of a surface's roughness may be noise.

Where the file has errors, a vertex is off by them in every direction, each for itself. Where it has none, the triangles
say what they cannot show: between the vertices of an edge of length l over which a surface bends by an angle t it bulges by
l t / 8, all to one side, and what is smaller than a triangle cannot be placed along it better than l / sqrt(12). A sharp
edge (over 30 degrees) and a flat one (under half a degree) hide nothing: a cube of twelve triangles is known exactly, up
to the rounding of its coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.desk.surface import Surface, around
from sculpt3d.geometry import F64
from sculpt3d.types import I32, Bool

SHARP, FLAT = np.radians(30.0), np.radians(0.5)
_ROUNDING = 2.0**-24 / np.sqrt(3)  # of a float32, relative to the largest coordinate


@dataclass(frozen=True)
class Spread:
    """1-sigma of each vertex in the unit of the file: across (V,) along the normal, along (V,) the surface. from_file (V,):
    errors that the file has, each vertex for itself; else what triangles hide, neighbours alike."""

    across: F64
    along: F64
    from_file: Bool


def spread_of(surface: Surface) -> Spread:
    """Computed once and kept with the surface."""
    kept = surface.__dict__.get("spread")
    if kept is None:
        kept = surface.__dict__["spread"] = _spread(surface)  # as `cached_property` does
    assert isinstance(kept, Spread)
    return kept


def _spread(surface: Surface) -> Spread:
    known = np.isfinite(surface.sigma)
    across, along = (np.zeros(len(known)), np.zeros(len(known))) if known.all() else _hidden(surface)
    floor = _ROUNDING * surface.reach
    across, along = (np.where(known, surface.sigma, v) for v in (across, along))
    return Spread(np.hypot(across, floor), np.hypot(along, floor), known)


def _hidden(surface: Surface) -> tuple[F64, F64]:
    """(V,) across and along, root mean squares over the edges at each vertex."""
    edges, count = surface.edges, len(surface.xyz)
    inner = edges.faces[:, 1] >= 0
    length = np.linalg.norm(surface.xyz[edges.ends[:, 1]] - surface.xyz[edges.ends[:, 0]], axis=1)
    n = surface.face_normals[edges.faces]
    sine = np.linalg.norm(np.cross(n[:, 0], n[:, 1]), axis=1)
    bend = np.where(inner, np.arctan2(sine, (n[:, 0] * n[:, 1]).sum(1)), 0.0)
    hides = inner & (bend < SHARP) & (bend > FLAT)
    asked = np.maximum(np.bincount(edges.ends.ravel(), minlength=count), 1)
    bulge = np.where(hides, (length * bend / 8) ** 2, 0.0)
    gap = np.where(hides, length**2 / 12, 0.0)
    across, along = (
        np.sqrt(np.bincount(edges.ends.ravel(), np.repeat(v, 2), count) / asked) for v in (bulge, gap)
    )
    return across, along


def covariance(surface: Surface, vertices: I32, weights: F64) -> F64:
    """(N, 3, 3) of points that are weighted means (N, 3) of three vertices (N, 3)."""
    piece = around(surface, vertices)
    surface, index = piece.surface, piece.vertex(vertices)
    spread = spread_of(surface)
    alike = ~spread.from_file[index]
    normal = (surface.vertex_normals[index] * weights[..., None]).sum(1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-300)
    outer = normal[:, :, None] * normal[:, None, :]
    across, along = (_mean(sigma[index], weights, alike) for sigma in (spread.across, spread.along))
    return across[:, None, None] * outer + along[:, None, None] * (np.eye(3) - outer)


def _mean(sigma: F64, weights: F64, alike: Bool) -> F64:
    """(N,) variance of weighted means: those alike add up, the others each for itself."""
    own = (np.where(alike, 0, weights * sigma) ** 2).sum(1)
    return np.asarray(own + np.where(alike, weights * sigma, 0).sum(1) ** 2)


def of_normal_moves(surface: Surface, gradient: F64) -> float:
    """1-sigma of a number that changes by gradient (V,) per unit each vertex moves outwards."""
    spread = spread_of(surface)
    own = float(((gradient * spread.across)[spread.from_file] ** 2).sum())
    alike = float(np.abs((gradient * spread.across)[~spread.from_file]).sum())
    return float(np.hypot(np.sqrt(own), alike))


def roughened(surface: Surface, face: NDArray[Any], amount: F64) -> float:
    """By how much noise may have made an area larger of which `amount` (N,) lies on each `face` (N,).

    Noise only ever adds area: what the vertices' errors add on the mean, doubled as it varies; but no more than the faces are
    steeper than the surface around them, so that errors which neighbours share count for nothing.
    """
    piece = around(surface, surface.faces[face])
    surface, face = piece.surface, piece.face(face)
    spread, corners = spread_of(surface), surface.faces[face]
    x = surface.xyz[corners]
    opposite = ((x[:, [2, 0, 1]] - x[:, [1, 2, 0]]) ** 2).sum(2)
    variance = np.where(spread.from_file, spread.across, 0.0)[corners] ** 2
    by_noise = (variance * opposite).sum(1) / (8 * np.maximum(surface.areas[face], 1e-300) ** 2)
    mean = surface.vertex_normals[corners].sum(1)
    mean /= np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-300)
    steeper = 1 - np.clip((mean * surface.face_normals[face]).sum(1), 0, 1)
    return 2 * float(min((by_noise * amount).sum(), 2 * (steeper * amount).sum()))
