"""The ladder of detail: each level simplified from the full mesh, with its measured distance to it."""

from __future__ import annotations

from dataclasses import dataclass

from sculpt3d.errors import InputError
from sculpt3d.surface.decimation import simplify
from sculpt3d.types import Mesh
from sculpt3d.webasset.distance import Apart, Surface, apart, farther

FEWEST = 500  # triangles; below, a sculpture is no sculpture any more
STEPS = 7  # halvings of the interval, in ratios: the count is found to 3 %


@dataclass(frozen=True)
class Level:
    """`apart`: to the full mesh, unit of the mesh."""

    mesh: Mesh
    apart: Apart


def level_of(full: Mesh, measured: Surface, triangles: int) -> Level:
    """At most `triangles` triangles."""
    if len(full.faces) <= triangles:
        return Level(Mesh(full.vertices, full.faces), Apart(0.0, 0.0))
    mesh = simplify(full, triangles)
    return Level(mesh, apart(measured, Surface(mesh)))


def level_within(full: Mesh, measured: Surface, bound: float, most: int) -> Level:
    """The smallest mesh whose Hausdorff distance to the full one is at most `bound`, with at most `most` triangles."""
    best = level_of(full, measured, most)
    if best.apart.hausdorff > bound:
        raise InputError(
            f"With {most} triangles the model is {best.apart.hausdorff:.4g} from the full mesh, more than the "
            f"{bound:.4g} asked for (unit of the model); allow more triangles or a larger error"
        )
    low, high = FEWEST, len(best.mesh.faces)
    for _ in range(STEPS):
        if high <= low * 1.03:
            break
        middle = round((low * high) ** 0.5)
        mesh = simplify(full, middle)
        surface = Surface(mesh)
        if not farther(measured, surface, bound) and (found := apart(measured, surface)).hausdorff <= bound:
            best, high = Level(mesh, found), middle
        else:
            low = middle
    return best
