"""Annotations as marks, in their conditions' colours."""

from __future__ import annotations

import numpy as np

from sculpt3d.desk.annotations import Annotation
from sculpt3d.desk.conditions import UNKNOWN, named
from viewer.language import _
from viewer.state.desk import Desk
from viewer.state.marks import Dot, Fill, Line, Marks, Rgb, Word

_LONGEST = 40  # letters of a text over the model


def colour_of(desk: Desk, condition: str, own: str = "") -> Rgb:
    """sRGB 0..1: its own, else the condition's."""
    known = desk.bench.conditions
    code = own or (known[condition].colour if condition in known else UNKNOWN)
    red, green, blue = (int(code[k : k + 2], 16) / 255 for k in (1, 3, 5))
    return red, green, blue


def note_marks(desk: Desk, a: Annotation, chosen: Rgb | None) -> Marks:
    bench, colour = desk.bench, colour_of(desk, a.condition, a.colour)
    said = _(named(a.condition, bench.conditions))
    if a.text:
        line = a.text.splitlines()[0]
        said += f": {line[:_LONGEST]}{'…' if len(line) > _LONGEST else ''}"
    edge = chosen or colour
    if a.region is not None:
        spots = bench.local([s[:3] for s in (a.region.brush or a.region.polygon)])
        middle = spots[np.linalg.norm(spots - spots.mean(0), axis=1).argmin()]
        fill = Fill(bench.washes(a.region), colour, 0.75 if chosen else 0.55)
        return Marks(words=(Word(middle, said, edge),), fills=(fill,))
    points = bench.local(a.points)
    lines = (Line(points, edge, 3.0),) if len(points) > 1 else ()
    dots = tuple(Dot(p, edge, 9.0) for p in points) if len(points) == 1 else ()
    return Marks(lines, dots, (Word(points[len(points) // 2], said, edge),))
