"""What a desk holds, as marks over the model: measurements with their values, sections, annotations."""

from __future__ import annotations

import numpy as np

from sculpt3d.desk.measurements import Failed
from sculpt3d.desk.quantity import Measured, Measurement
from sculpt3d.geometry import F64
from viewer.language import _
from viewer.state.bench import Bench
from viewer.state.cameras import frusta, taken
from viewer.state.caps import section_marks
from viewer.state.desk import Desk, Item, as_cut, cuts_of
from viewer.state.marks import INK, NO_MARKS, Dot, Fill, Line, Marks, Rgb, Word, together
from viewer.state.notes import note_marks

CHOSEN: Rgb = (0.35, 0.85, 1.0)
FAILED: Rgb = (1.0, 0.4, 0.3)
_JOINED = frozenset({"distance", "chain", "geodesic", "angle", "lean"})


def marks_of(desk: Desk) -> Marks:
    """Of all that is not hidden."""
    bench, content = desk.bench, desk.content
    if desk.side == "b":
        return NO_MARKS
    found: list[Marks] = []
    if desk.cameras:
        photos = taken(bench)
        found += [frusta(bench, photos, desk.state.home.radius)] if isinstance(photos, list) else []
    if "sections" not in desk.veiled:
        found += [_section(desk, k) for k, one in enumerate(content.sections) if not one.hidden]
    if "annotations" not in desk.veiled:
        found += [
            note_marks(desk, one, CHOSEN if desk.selected == ("annotations", k) else None)
            for k, one in enumerate(content.annotations)
        ]
    if "measurements" not in desk.veiled:
        found += [
            measurement_marks(bench, one, _colour(desk, ("measurements", k)))
            for k, one in enumerate(content.measurements)
            if not one.hidden
        ]
    return together(found)


def _section(desk: Desk, k: int) -> Marks:
    one, bench = desk.content.sections[k], desk.bench
    chosen = desk.selected == ("sections", k)
    moves = (desk.going and chosen) or (desk.changing is not None and desk.changing[0] == ("sections", k))
    found = bench.passing(one) if moves else bench.cut(one)
    if not isinstance(found, list):
        return NO_MARKS
    others = tuple(c for c in cuts_of(desk) if c != as_cut(desk, one))
    return section_marks(bench, found, CHOSEN if chosen else INK, one.cut and one.every_mm is None, others)


def measurement_marks(bench: Bench, one: Measurement, colour: Rgb) -> Marks:
    """Its places and way, and what it comes to once that is known."""
    found = bench.asked(one)
    colour = FAILED if isinstance(found, Failed) else colour
    points = bench.local(one.points)
    way = bench.local(found.line) if isinstance(found, Measured) and found.line else points
    lines = (Line(way, colour),) if len(way) > 1 and one.kind in _JOINED else ()
    fills: tuple[Fill, ...] = ()
    if one.region is not None:
        corners = bench.washes(one.region)
        fills = (Fill(corners, colour, 0.45),)
        spots = bench.local([s[:3] for s in (one.region.brush or one.region.polygon)])
        way = spots[np.linalg.norm(spots - spots.mean(0), axis=1).argmin()][None]
    where = _middle(way) if len(way) else None
    words = () if where is None else (Word(where, worded(one, found)),)
    return Marks(lines, tuple(Dot(p, colour) for p in points), words, fills)


def worded(one: Measurement, found: Measured | Failed | None) -> str:
    if found is None:
        return "…"
    if isinstance(found, Failed):
        return _("{kind}: not measured").format(kind=_(one.kind))
    return found.value.text()


def _colour(desk: Desk, item: Item) -> Rgb:
    return CHOSEN if desk.selected == item else INK


def _middle(way: F64) -> F64:
    """Half of the way along."""
    if len(way) == 1:
        return np.asarray(way[0])
    legs = np.linalg.norm(np.diff(way, axis=0), axis=1)
    run = np.concatenate([[0.0], np.cumsum(legs)])
    return np.array([np.interp(run[-1] / 2, run, way[:, k]) for k in range(3)])


__all__ = ["NO_MARKS", "marks_of", "measurement_marks", "worded"]
