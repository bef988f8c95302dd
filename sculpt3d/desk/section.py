"""Sections as a desk keeps them: outlines with their filled areas, area and perimeter with ±, stacks of them.

In VIEW.json a section is {"name": "waist", "plane": [nx, ny, nz, d], "every_mm": 5, "count": 10}: n . p = d in the model's own
coordinates; or "points": three of the plane. every_mm and count are for a stack along the normal. "cut": true shows the model
without what lies on the normal's side; "hidden": true does not show the section at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sculpt3d.desk.quantity import Quantity, area, length
from sculpt3d.desk.regions import within
from sculpt3d.desk.slicing import Outline, Plane, cut
from sculpt3d.desk.spread import spread_of
from sculpt3d.desk.surface import Surface
from sculpt3d.desk.viewfile import number, numbers, text
from sculpt3d.errors import InputError
from sculpt3d.geometry import F64

MOST = 1000


@dataclass(frozen=True)
class Section:
    """What is asked for: a plane, and for a stack how far apart (mm) and how many. cut: the model is shown without what lies on
    the normal's side."""

    plane: Plane
    name: str = ""
    every_mm: float | None = None
    count: int = 1
    cut: bool = False
    hidden: bool = False


@dataclass(frozen=True)
class Profile:
    """One plane's outlines. uv: each (K, 2) in the plane's own axes, in the file's unit; 0, 0 is the point of the plane nearest
    to the file's zero. fills: closed outlines, each with those that are its holes (indices)."""

    name: str
    plane: Plane
    outlines: tuple[Outline, ...]
    uv: tuple[F64, ...]
    fills: tuple[tuple[int, tuple[int, ...]], ...]
    area: Quantity
    perimeter: Quantity
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "name": self.name,
            "plane": [*self.plane.normal.tolist(), self.plane.distance],
            "area": self.area.as_dict(),
            "perimeter": self.perimeter.as_dict(),
            "outlines": len(self.outlines),
            "open_outlines": sum(not o.closed for o in self.outlines),
            "notes": list(self.notes),
        }


def profiles(surface: Surface, asked: Section) -> list[Profile]:
    """One, or a stack along the normal; planes of a stack that miss the model are left out, all of them may not.

    Raises `InputError` where nothing is cut.
    """
    if asked.every_mm is None:
        return [profile(surface, asked.plane, asked.name or "section")]
    found, missed = [], None
    for k in range(asked.count):
        plane = asked.plane.shifted(k * asked.every_mm / surface.mm)
        try:
            found.append(profile(surface, plane, f"{asked.name or 'section'} {k + 1}"))
        except InputError as error:
            missed = missed or error
    if not found:
        assert missed is not None
        raise missed
    return found


def profile(surface: Surface, plane: Plane, name: str) -> Profile:
    """Raises `InputError` where the plane misses the model."""
    made = cut(surface, plane)
    axes = plane.axes()
    uv = tuple((o.xyz + surface.offset) @ axes.T for o in made.outlines)
    fills, crossing = _fills(made.outlines, uv)
    notes = []
    open_ = sum(not o.closed for o in made.outlines)
    if open_:
        notes.append(
            f"{open_} of {len(made.outlines)} outlines {'are' if open_ > 1 else 'is'} open, as the model is: not filled"
        )
    if made.flat:
        notes.append(f"{made.flat} faces lie on the plane: the outline is that just beside it")
    if crossing:
        notes.append(
            "outlines cross each other, as parts overlap: where they do, the area counts twice or not at all"
        )
    mm, of_scale = surface.mm, surface.scale.sigma
    total = sum(abs(_signed(uv[k])) - sum(abs(_signed(uv[h])) for h in holes) for k, holes in fills)
    around = sum(_length(x, o.closed) for x, o in zip(uv, made.outlines, strict=True))
    sigma_area, sigma_length = _sigmas(surface, plane, made.outlines, uv)
    return Profile(
        name, plane, made.outlines, uv, fills,
        area("area", float(total), sigma_area, mm, of_scale),
        length("perimeter", float(around), sigma_length, mm, of_scale),
        tuple(notes),
    )  # fmt: skip


def _fills(
    outlines: Sequence[Outline], uv: Sequence[F64]
) -> tuple[tuple[tuple[int, tuple[int, ...]], ...], bool]:
    """Closed outlines at an even depth with those directly in them, and whether any cross."""
    closed = [k for k, o in enumerate(outlines) if o.closed and len(uv[k]) > 2]
    size = {k: abs(_signed(uv[k])) for k in closed}
    order = sorted(closed, key=lambda k: (-size[k], k))
    depth: dict[int, int] = {}
    parent: dict[int, int | None] = {}
    crossing = False
    for i, k in enumerate(order):
        parent[k], depth[k] = None, 0
        for other in reversed(order[:i]):  # the smallest around it first
            low, high = uv[other].min(0), uv[other].max(0)
            if not ((uv[k].max(0) >= low) & (uv[k].min(0) <= high)).all():
                continue
            inside = within(uv[k][:: -(-len(uv[k]) // 64)], uv[other])
            crossing |= bool(0.1 < inside.mean() < 0.9)
            if inside.mean() > 0.5:
                parent[k], depth[k] = other, depth[other] + 1
                break
    fills = tuple((k, tuple(h for h in order if parent[h] == k)) for k in order if depth[k] % 2 == 0)
    return fills, crossing


def _signed(uv: F64) -> float:
    """Area of a closed outline, positive counter-clockwise; about its own middle, so that far ones keep their digits."""
    x, y = (uv - uv.mean(0)).T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def _length(uv: F64, closed: bool) -> float:
    legs = np.linalg.norm(np.diff(np.vstack([uv, uv[:1]]) if closed else uv, axis=0), axis=1)
    return float(legs.sum())


def _sigmas(
    surface: Surface, plane: Plane, outlines: Sequence[Outline], uv: Sequence[F64]
) -> tuple[float, float]:
    """1-sigma of area and perimeter, from the spread of the vertices beside the plane.

    An outline moves in its plane by a vertex's move along the surface's normal, over the sine of the angle at which the plane
    cuts the surface.
    """
    spread, count = spread_of(surface), len(surface.xyz)
    normals, axes = surface.vertex_normals, plane.axes()
    of_area, of_length = np.zeros(count), np.zeros(count)
    for outline, x in zip(outlines, uv, strict=True):
        if len(x) < 2:
            continue
        weights = np.stack([1 - outline.share, outline.share], 1)
        n = (normals[outline.ends] * weights[..., None]).sum(1) @ axes.T
        sine = np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 0.1)
        out = n / sine**2  # in the plane, per move along the normal
        before, after = x - np.roll(x, 1, 0), np.roll(x, -1, 0) - x
        if not outline.closed:
            before[0], after[-1] = after[0], before[-1]
        chord = (before + after) / 2
        swept = np.abs(chord[:, 0] * out[:, 1] - chord[:, 1] * out[:, 0]) * outline.closed
        t, u = (v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-300) for v in (before, after))
        stretched = ((t - u) * out).sum(1)
        for total, gain in ((of_area, swept), (of_length, stretched)):
            total += np.bincount(outline.ends.ravel(), (weights * gain[:, None]).ravel(), count)
    found = []
    for gradient in (of_area, of_length):
        moved = gradient * spread.across
        own = float((moved[spread.from_file] ** 2).sum())
        found.append(float(np.hypot(np.sqrt(own), np.abs(moved[~spread.from_file]).sum())))
    return found[0], found[1]


def read_sections(values: Sequence[Any]) -> list[Section]:
    """Of VIEW.json's list. Raises `InputError` that names the first that is none."""
    if len(values) > MOST:
        raise InputError(f"The view holds {len(values):,} sections; at most {MOST:,} are read")
    return [_read(value, f"section {k + 1}") for k, value in enumerate(values)]


def _read(value: Any, what: str) -> Section:
    if not isinstance(value, dict):
        raise InputError(f'{what} is no object like {{"plane": [1, 0, 0, 0.12]}}')
    if "points" in value:
        three = value["points"] if isinstance(value["points"], list) and len(value["points"]) == 3 else [None]
        a, b, c = (np.array(numbers(p, f"{what}: each of its three points", 3)) for p in three)
        plane = Plane.through(a, b, c)
    else:
        plane = Plane.of(*numbers(value.get("plane"), f"{what}: plane", 4))
    every, count = value.get("every_mm"), value.get("count", 1)
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST:
        raise InputError(f"{what}: count is {count!r}, not a whole number from 1 to {MOST}")
    return Section(
        plane,
        text(value.get("name", ""), f"{what}: name"),
        None if every is None else number(every, f"{what}: every_mm", 1e-6, 1e9),
        count,
        value.get("cut") is True,
        value.get("hidden") is True,
    )


def section_as_saved(asked: Section) -> dict[str, Any]:
    """What `read_sections` reads."""
    saved: dict[str, Any] = {"name": asked.name, "plane": [*asked.plane.normal.tolist(), asked.plane.distance]}
    if asked.every_mm is not None:
        saved |= {"every_mm": asked.every_mm, "count": asked.count}
    return saved | {k: True for k in ("cut", "hidden") if getattr(asked, k)}
