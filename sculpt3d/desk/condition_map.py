"""Annotations on paper: the model from its sides at one scale, coloured regions with numbers, a legend with areas, a list."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from sculpt3d.desk.annotated import Resolved, inside, total_area
from sculpt3d.desk.conditions import UNKNOWN, Condition, named
from sculpt3d.desk.nearest import finder_of
from sculpt3d.desk.orthographic import SIDES, Eye, Seen, Side, side
from sculpt3d.desk.paper import Disc, Mark, Page, Picture, Shape, Words
from sculpt3d.desk.surface import Surface
from sculpt3d.geometry import F64
from sculpt3d.types import U8, Bool

A4 = (297.0, 210.0)  # mm, on its side
MARGIN, LEGEND, GAP, TITLE, FOOT, LABEL = 12.0, 72.0, 6.0, 14.0, 12.0, 5.0
DOT = 25.4 / 200  # mm a pixel on paper
GRAZING = 0.1  # cosine: what is seen flatter than so is shown on another side
_NICE = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)


@dataclass(frozen=True)
class Drawn:
    """said: what is on it, for a person. notes: what must be said of it."""

    pages: Sequence[Page]
    said: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Spot:
    """A view on the sheet: paper mm of its upper left corner, and paper mm a unit of the model."""

    seen: Seen
    x: float
    y: float
    zoom: float

    def paper(self, xyz: F64) -> F64:
        return self.seen.pixels(xyz) * self.seen.step * self.zoom + [self.x, self.y]


def draw_map(
    surface: Surface, found: Sequence[Resolved], known: Mapping[str, Condition], views: Sequence[str] | None = None, up: str = "y"
) -> Drawn:  # fmt: skip
    """Of all annotations, or those of some sides; without `views`, of the front and the sides that show any."""
    eye = Eye(surface)
    sides = [side(name, up) for name in views] if views is not None else _needed(surface, eye, found, up)
    sizes = [(high - low)[:2] for low, high in (eye.extent(s) for s in sides)]
    columns, zoom, scale = _fitted(surface, sizes)
    spots = _laid(eye, sides, sizes, columns, zoom)
    marks, shown = list[Mark](), set[int]()
    for spot in spots:
        marks += _view(surface, spot, found, known, shown)
    marks += _frame(surface, zoom, scale) + _legend(surface, found, known)
    pages = [Page(*A4, marks), *_list(found, known)]
    hidden = [str(k + 1) for k in range(len(found)) if k not in shown]
    notes = [f"on none of the views, only in the list: {', '.join(hidden)}"] if hidden else []
    places = f"{len(spots)} view{'s' if len(spots) > 1 else ''}, {scale}"
    return Drawn(pages, f"{len(found)} annotation{'s' if len(found) != 1 else ''} on {places}", tuple(notes))


def _needed(surface: Surface, eye: Eye, found: Sequence[Resolved], up: str) -> list[Side]:
    step = surface.size / 300
    kept = []
    for name in SIDES:
        seen = eye.look(side(name, up), step)
        if name == "front" or any(_visible(surface, seen, r) for r in found):
            kept.append(seen.side)
    return kept


def _visible(surface: Surface, seen: Seen, r: Resolved) -> bool:
    if r.faces is not None:
        return bool(np.isin(seen.face, r.faces).any())
    return bool(_along(surface, r, seen)[1].any())


def _fitted(surface: Surface, sizes: Sequence[F64]) -> tuple[int, float, str]:
    """Columns, paper mm a unit of the model, and the scale in words: the largest round one that fits."""
    room = np.array([A4[0] - 2 * MARGIN - LEGEND - GAP, A4[1] - 2 * MARGIN - TITLE - FOOT])
    best = (1, 0.0)
    for columns in range(1, len(sizes) + 1):
        wide, high = _cells(sizes, columns)
        free = room - [GAP * (len(wide) - 1), GAP * (len(high) - 1) + LABEL * len(high)]
        best = max(best, (columns, float((free / [sum(wide), sum(high)]).min())), key=lambda b: b[1])
    if surface.scale.mm is None:
        return *best, "no scale"
    ratio = best[1] / surface.mm  # paper mm a true mm
    if ratio >= 1:
        times = max(n * p for p in (1.0, 10.0, 100.0, 1000.0) for n in _NICE if n * p <= ratio)
        return best[0], times * surface.mm, f"{times:g}:1"
    power = 10.0 ** np.floor(np.log10(1 / ratio))
    parts = min(n * p for p in (power, 10 * power) for n in _NICE if n * p * ratio >= 1)
    return best[0], surface.mm / parts, f"1:{parts:g}"


def _cells(sizes: Sequence[F64], columns: int) -> tuple[list[float], list[float]]:
    rows = [sizes[k : k + columns] for k in range(0, len(sizes), columns)]
    wide = [max(float(s[0]) for s in sizes[k::columns]) for k in range(columns)]
    return wide, [max(float(s[1]) for s in row) for row in rows]


def _laid(eye: Eye, sides: Sequence[Side], sizes: Sequence[F64], columns: int, zoom: float) -> list[_Spot]:
    wide, high = _cells(sizes, columns)
    spots = []
    for k, which in enumerate(sides):
        row, column = divmod(k, columns)
        seen = eye.look(which, DOT / zoom)
        w, h = (n * DOT for n in seen.face.shape[::-1])
        x = MARGIN + sum(wide[:column]) * zoom + GAP * column + (wide[column] * zoom - w) / 2
        y = MARGIN + TITLE + sum(high[: row + 1]) * zoom + (GAP + LABEL) * row - h  # their feet on one line
        spots.append(_Spot(seen, x, y, zoom))
    return spots


def _view(
    surface: Surface, spot: _Spot, found: Sequence[Resolved], known: Mapping[str, Condition], shown: set[int]
) -> list[Mark]:
    """The picture, regions below lines below points below numbers. Numbers of what is seen are added to `shown`."""
    h, w = (n * DOT for n in spot.seen.face.shape)
    marks: list[Mark] = [Picture(spot.x, spot.y, w, h, spot.seen.grey)]
    labels: list[Mark] = []
    xyz = spot.seen.xyz()
    for k, r in sorted(
        enumerate(found), key=lambda one: ("region", "line", "point").index(one[1].asked.shape)
    ):
        tint = colour(r, known)
        drawn, at = _drawn(surface, spot, r, tint, xyz, f"annotation-{k + 1}")
        if at is None:
            continue
        shown.add(k)
        marks += drawn
        labels += [Disc(*at, 2.0, "#ffffff", tint), Words(at[0], at[1] + 0.85, str(k + 1), 2.4, middle=True)]
    return [
        *marks,
        *labels,
        Words(spot.x + w / 2, spot.y + h + 3.6, spot.seen.side.name, 2.8, middle=True, colour="#555555"),
    ]


def _drawn(
    surface: Surface, spot: _Spot, r: Resolved, tint: str, xyz: F64, name: str
) -> tuple[list[Mark], tuple[float, float] | None]:
    """Its marks in this view, and where its number stands; None where it is not seen."""
    if r.asked.region is not None:
        mask = _mask(surface, spot.seen, r, xyz)
        rings = [spot_ring * DOT + [spot.x, spot.y] for spot_ring in outlines(mask)]
        if not rings:
            return [], None
        deep = cv2.distanceTransform(np.pad(mask, 1), cv2.DIST_L2, 3)
        row, column = np.unravel_index(int(deep.argmax()), deep.shape)
        at = float(spot.x + (column - 0.5) * DOT), float(spot.y + (row - 0.5) * DOT)
        if deep.max() * DOT < 3:  # its number would hide it
            at = at[0] + 3.2, at[1] - 3.2
        return [Shape(rings, tint, 0.3, tint, 0.5, name=name)], at
    points, seen = _along(surface, r, spot.seen)
    paper = spot.paper(points)
    if not seen.any():
        return [], None
    if r.asked.shape == "point":
        x, y = float(paper[0, 0]), float(paper[0, 1])
        return [Disc(x, y, 0.8, tint, "#ffffff", 0.2)], (x + 2.4, y - 2.4)
    runs = np.split(np.arange(len(seen)), np.flatnonzero(np.diff(seen)) + 1)
    lines = [paper[run] for run in runs if seen[run[0]] and len(run) > 1]
    longest = max(lines, key=len) if lines else paper[seen]
    at = float(longest[len(longest) // 2, 0]) + 2.4, float(longest[len(longest) // 2, 1]) - 2.4
    casing = Shape(lines, "#ffffff", 1.1, closed=False)
    return ([casing, Shape(lines, tint, 0.6, closed=False, name=name)] if lines else []), at


def _mask(surface: Surface, seen: Seen, r: Resolved, xyz: F64) -> U8:
    """(H, W) 1 where the region is seen, to the pixel, whatever the size of the triangles."""
    mask = np.zeros(seen.face.shape, np.uint8)
    if r.faces is not None and r.asked.region is not None:
        rows, columns = np.nonzero(np.isin(seen.face, r.faces))
        mask[rows, columns] = inside(surface, r.asked.region, xyz[rows, columns])
    return mask


def outlines(mask: U8) -> list[F64]:
    """Rings (N, 2) in pixels around what is 1 in (H, W), holes too."""
    fine = np.kron(
        mask, np.ones((2, 2), np.uint8)
    )  # so that the line runs a quarter of a pixel inside, not a half
    found = cv2.findContours(fine, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)[0]
    return [(ring[:, 0].astype(float) + 0.5) / 2 for ring in found if len(ring) > 8]


def _along(surface: Surface, r: Resolved, seen: Seen) -> tuple[F64, Bool]:
    """(N, 3) local: the point, or places on the surface along the line, a pixel apart; (N,) whether they are seen there."""
    points = surface.local(np.array(r.asked.points))
    if len(points) > 1:
        legs = [
            np.linspace(a, b, int(np.clip(np.linalg.norm(b - a) / seen.step, 1, 2000)), endpoint=False)
            for a, b in pairwise(points)
        ]
        points = np.concatenate([*legs, points[-1:]])
    places = finder_of(surface).nearest(points)
    faces_us = surface.face_normals[places.face] @ seen.side.axes[2] > GRAZING
    return places.xyz, faces_us & seen.shows(places.xyz, 2 * seen.step + 0.004 * surface.size)


def colour(r: Resolved, known: Mapping[str, Condition]) -> str:
    """Its own, else its condition's."""
    return r.asked.colour or (known[r.asked.condition].colour if r.asked.condition in known else UNKNOWN)


def _frame(surface: Surface, zoom: float, scale: str) -> list[Mark]:
    """Title, and below the views the scale with its bar; no millimetres without one."""
    low = A4[1] - MARGIN
    marks: list[Mark] = [Words(MARGIN, MARGIN + 5, f"Condition map: {surface.name}"[:90], 5, bold=True)]
    if surface.scale.mm is None:
        return [
            *marks,
            Words(
                MARGIN,
                low,
                "No scale: nobody says what a unit of the file is, so there are no lengths and areas.",
            ),
        ]
    true_mm = zoom / surface.mm
    power = 10.0 ** np.floor(np.log10(60 / true_mm))
    length = max(n * p for p in (power, 10 * power) for n in (1.0, 2.0, 5.0) if n * p * true_mm <= 60)
    end = MARGIN + length * true_mm
    bar = np.array([[MARGIN, low - 6], [end, low - 6], [end, low - 4.6], [MARGIN, low - 4.6]])
    said = f"{length:g} mm    {scale} on A4, orthographic; ± holds 95 times of 100"
    return [*marks, Shape([bar], fill="#1c1c1c", name="scale-bar"), Words(MARGIN, low, said)]


def _legend(surface: Surface, found: Sequence[Resolved], known: Mapping[str, Condition]) -> list[Mark]:
    """A row a condition: colour, name, how many, area together."""
    x, y = A4[0] - MARGIN - LEGEND, MARGIN + TITLE
    marks: list[Mark] = []
    keys = [k for k in known if any(r.asked.condition == k for r in found)]
    keys += sorted({r.asked.condition for r in found} - set(keys))
    for number, key in enumerate(keys):
        if y > A4[1] - MARGIN - 16:
            marks.append(Words(x, y + 3, f"and {len(keys) - number} more, in the list"))
            break
        ours = [r for r in found if r.asked.condition == key]
        box = np.array([[x, y], [x + 6, y], [x + 6, y + 4], [x, y + 4]])
        tint = known[key].colour if key in known else UNKNOWN
        count = f"{len(ours)} place{'s' if len(ours) > 1 else ''}"
        area = total_area(surface, ours)
        marks += [
            Shape([box], tint, 0.3, tint, 0.5),
            Words(x + 8, y + 3.2, named(key, known)[:38], 3.2, bold=True),
            Words(
                x + 8, y + 7.2, count if area is None else f"{count}, {area.text()}", 2.8, colour="#444444"
            ),
        ]
        y += 11
    return marks


def _list(found: Sequence[Resolved], known: Mapping[str, Condition]) -> list[Page]:
    """A row an annotation, on as many pages as it takes."""
    pages, marks, y = list[Page](), list[Mark](), 1e9
    columns = (MARGIN, MARGIN + 8, MARGIN + 46, MARGIN + 92, MARGIN + 222)
    for k, r in enumerate(found, 1):
        lines = [part for line in r.asked.text.split("\n") for part in textwrap.wrap(line, 78) or [""]][:60]
        lines += [f"Photo: {r.asked.photo}"[:78]] if r.asked.photo else []
        lines += [part for note in r.notes for part in textwrap.wrap(f"! {note}", 78)]
        tall = 4.2 * max(len(lines), 1) + 3
        if y + tall > A4[1] - MARGIN:
            pages += [Page(*A4, marks)] if marks else []
            marks, y = _head(columns), MARGIN + 12
        size = r.asked.shape if r.size is None else r.size.text()
        who = ", ".join(v for v in (r.asked.author[:26], r.asked.created[:10]) if v)
        cells = (str(k), named(r.asked.condition, known)[:24], size, "", who)
        marks += [Words(x, y, text, 2.9) for x, text in zip(columns, cells, strict=True) if text]
        marks += [Words(columns[3], y + 4.2 * n, line, 2.9) for n, line in enumerate(lines) if line]
        tint = colour(r, known)
        marks.append(Disc(columns[0] + 5.2, y - 1, 1.1, tint, tint))
        y += tall
    return [*pages, *([Page(*A4, marks)] if marks else [])]


def _head(columns: Sequence[float]) -> list[Mark]:
    line = np.array([[MARGIN, MARGIN + 6], [A4[0] - MARGIN, MARGIN + 6]])
    words = ("No.", "Condition", "Size", "Words", "Who, when")
    return [
        *(Words(x, MARGIN + 4, text, 3, bold=True) for x, text in zip(columns, words, strict=True)),
        Shape([line], "#1c1c1c", 0.3, closed=False),
    ]
