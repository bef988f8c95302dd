"""A plane through a surface: its outlines, exact on the triangles, joined over all parts.

A vertex that lies on the plane counts as above it. So every closed surface gives closed outlines, whatever vertices, edges or
faces lie on the plane; where faces do, the outline is that just below.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sculpt3d.desk.surface import I64, Surface
from sculpt3d.errors import InputError
from sculpt3d.geometry import F64
from sculpt3d.types import I32, Bool


@dataclass(frozen=True)
class Plane:
    """Points p with normal . p = distance, in the file's own coordinates and unit; normal (3,) is of length 1."""

    normal: F64
    distance: float

    @staticmethod
    def of(nx: float, ny: float, nz: float, d: float) -> Plane:
        """Of any length of the normal: nx x + ny y + nz z = d. Raises `InputError` where it has none."""
        normal = np.array([nx, ny, nz], float)
        size = float(np.linalg.norm(normal))
        if not 1e-12 < size < 1e12:
            raise InputError("The plane has no direction: its normal is 0, 0, 0; give one like 1,0,0,0.12")
        return Plane(normal / size, d / size)

    @staticmethod
    def through(a: F64, b: F64, c: F64) -> Plane:
        """Three points, counter-clockwise seen from where the normal points."""
        normal = np.cross(b - a, c - a)
        return Plane.of(float(normal[0]), float(normal[1]), float(normal[2]), float(normal @ a))

    def shifted(self, by: float) -> Plane:
        return Plane(self.normal, self.distance + by)

    def axes(self) -> F64:
        """(2, 3) unit, right and up on the drawing: seen against the normal, +Y up as far as it can be."""
        up = np.array([0.0, 1.0, 0.0])
        if abs(self.normal @ up) > 0.999:
            up = np.array([0.0, 0.0, -1.0]) * np.sign(self.normal[1])
        v = up - (up @ self.normal) * self.normal
        v /= np.linalg.norm(v)
        return np.stack([np.cross(v, self.normal), v])

    def text(self) -> str:
        """As it is written on a drawing."""
        along = [k for k in range(3) if abs(self.normal[k]) == 1]
        if along:
            return f"{'xyz'[along[0]]} = {self.distance * self.normal[along[0]] + 0.0:.10g}"
        return f"{', '.join(f'{v:.6g}' for v in self.normal)} · (x, y, z) = {self.distance:.10g}"


@dataclass(frozen=True)
class Outline:
    """xyz (K, 3) local, the first not again at the end; closed. Each is on the edge between vertices `ends` (K, 2), at `share`
    (K,) of the way. Of a surface whose faces look outwards, the body lies to the left, seen against the normal."""

    xyz: F64
    closed: bool
    ends: I32
    share: F64


@dataclass(frozen=True)
class Cut:
    """Outlines, and how many faces lie on the plane."""

    outlines: tuple[Outline, ...]
    flat: int


def cut(surface: Surface, plane: Plane) -> Cut:
    """Raises `InputError` where the plane misses the surface, with where that lies."""
    height = surface.xyz @ plane.normal - (plane.distance - float(surface.offset @ plane.normal))
    above = height >= 0
    if above.all():
        above = height > 0  # it lies on the plane from below: the outline is that just above
    if above.all() or not above.any():
        low, high = (float(v) + plane.distance for v in (height.min(), height.max()))
        raise InputError(
            f"The plane misses the model: along its normal that reaches from {low:.6g} to {high:.6g}, and the plane is at "
            f"{plane.distance:.6g} (in the file's own unit)"
        )
    flat = int((height[surface.faces] == 0).all(1).sum())
    start, goal = _segments(surface, above)
    return Cut(tuple(_outline(surface, height, way, closed) for way, closed in _walks(start, goal)), flat)


def _segments(surface: Surface, above: Bool) -> tuple[I64, I64]:
    """Edges (numbers, (S,) each) where the outline enters and leaves each face that is cut; the body to the left."""
    marks = above[surface.faces]
    mixed = marks.any(1) & ~marks.all(1)
    up, edge = marks[mixed], surface.edges.of_face[mixed].astype(np.int64)
    rises = ~up & np.roll(up, -1, 1)  # the edge from corner k to the next comes up through the plane
    falls = up & ~np.roll(up, -1, 1)
    return edge[falls], edge[rises]


def _walks(start: I64, goal: I64) -> list[tuple[I64, bool]]:
    """Edges in the order of the outline, and whether it closes. Open ones first begin where nothing leads to."""
    after: dict[int, list[int]] = {}
    for a, b in zip(start.tolist(), goal.tolist(), strict=True):
        after.setdefault(a, []).append(b)
    entered: dict[int, int] = {}
    for b in goal.tolist():
        entered[b] = entered.get(b, 0) + 1
    loose = [a for a in after if len(after[a]) > entered.get(a, 0)]
    found = []
    for first in [*loose, *after]:
        while after.get(first):
            way = [first]
            while after.get(way[-1]):
                way.append(after[way[-1]].pop())
                if way[-1] == first:
                    break
            closed = way[-1] == first
            found.append((np.array(way[:-1] if closed else way, np.int64), closed))
            if first in loose and not closed:
                break
    return found


def _outline(surface: Surface, height: F64, way: I64, closed: bool) -> Outline:
    """Points where edges meet the plane; those that fall together are one."""
    ends = surface.edges.ends[way]
    a, b = height[ends[:, 0]], height[ends[:, 1]]
    share = np.clip(a / np.where(a == b, 1, a - b), 0, 1)
    xyz = surface.xyz[ends[:, 0]] + share[:, None] * (surface.xyz[ends[:, 1]] - surface.xyz[ends[:, 0]])
    apart = np.linalg.norm(xyz - np.roll(xyz, 1, 0), axis=1) > 1e-12 * surface.size
    if not closed:
        apart[0] = True
    if not apart.any():
        apart[0] = True
    return Outline(xyz[apart], closed, ends[apart], share[apart])
