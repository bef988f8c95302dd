"""What a desk holds, as marks over the model: measurements with their values, sections, annotations."""

from __future__ import annotations

import numpy as np

from sculpt3d.desk.measurements import Failed
from sculpt3d.desk.quantity import Measured, Measurement
from sculpt3d.geometry import F64
from viewer.state.bench import Bench
from viewer.state.desk import Desk, Item
from viewer.state.marks import INK, NO_MARKS, Dot, Line, Marks, Rgb, Word, together

CHOSEN: Rgb = (0.35, 0.85, 1.0)
FAILED: Rgb = (1.0, 0.4, 0.3)


def marks_of(desk: Desk) -> Marks:
    """Of all that is not hidden."""
    bench, content = desk.bench, desk.content
    return together(
        [
            measurement_marks(bench, one, _colour(desk, ("measurements", k)))
            for k, one in enumerate(content.measurements)
            if not one.hidden
        ]
    )


def measurement_marks(bench: Bench, one: Measurement, colour: Rgb) -> Marks:
    """Its places and way, and what it comes to once that is known."""
    found = bench.asked(one)
    colour = FAILED if isinstance(found, Failed) else colour
    points = bench.local(one.points)
    way = bench.local(found.line) if isinstance(found, Measured) and found.line else points
    if one.kind == "angle" and len(points) == 3:
        way = np.concatenate([points, points[:0]])
    lines = (Line(way, colour),) if len(way) > 1 else ()
    where = _middle(way) if len(way) else None
    words = () if where is None else (Word(where, worded(one, found)),)
    return Marks(lines, tuple(Dot(p, colour) for p in points), words)


def worded(one: Measurement, found: Measured | Failed | None) -> str:
    if found is None:
        return "…"
    if isinstance(found, Failed):
        return f"{one.kind}: not measured"
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
