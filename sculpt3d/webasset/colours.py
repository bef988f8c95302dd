"""Colours and attributes of the nearest point of a model's parts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sculpt3d.geometry import F64
from sculpt3d.models.colouring import Painted
from sculpt3d.models.document import Part
from sculpt3d.types import F32, I32, Mesh
from sculpt3d.webasset.distance import Surface


def joined(parts: Sequence[Part]) -> Mesh:
    """All parts as one mesh, without colours; nothing is welded."""
    starts = np.cumsum([0, *(len(p.vertices) for p in parts)])
    faces = np.concatenate([p.faces + n for p, n in zip(parts, starts, strict=False)])
    return Mesh(np.concatenate([p.vertices for p in parts]), faces.astype(np.int32))


class Colours:
    """Linear colour and alpha of points on, or nearest to, the parts."""

    def __init__(self, parts: Sequence[Part], texels_per_unit: float = np.inf) -> None:
        """Textures finer than `texels_per_unit` are averaged down to it."""
        self.parts = parts
        self.part_of = np.repeat(np.arange(len(parts)), [len(p.faces) for p in parts])
        self.first = np.cumsum([0, *(len(p.faces) for p in parts)])
        self.surface = Surface(joined(parts))
        clay = not any(p.coloured for p in parts)
        self.painted = [Painted(p, texels_per_unit, clay) for p in parts]

    def at(self, points: F64) -> F32:
        """(N, 3) -> (N, 4)."""
        return self.on(*self.surface.closest(points))

    def on(self, face: NDArray[np.int64], weights: F64) -> F32:
        """Of points on the parts' faces (N,), counted through, with barycentric weights (N, 3)."""
        found = np.empty((len(face), 4), np.float32)
        for k, painted in enumerate(self.painted):
            here = np.flatnonzero(self.part_of[face] == k)
            found[here] = painted.at(self.corners(k, face[here]), weights[here])
        return found

    def corners(self, part: int, face: NDArray[np.int64]) -> I32:
        """(N, 3) vertices, of part number `part`, of faces that are counted through all parts."""
        return self.parts[part].faces[face - self.first[part]]
