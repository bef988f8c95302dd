"""Where nothing changed between two files: it alone has a say in how they are laid on each other."""

from __future__ import annotations

from dataclasses import replace

from sculpt3d.desk.quantity import Region
from sculpt3d.errors import InputError
from viewer.state.desk import Desk, act
from viewer.state.marks import Fill, Marks, Rgb
from viewer.state.pick import Hit
from viewer.tools.brush import ring, stroked, washed
from viewer.tools.tool import Tool

_COLOUR: Rgb = (0.2, 0.75, 0.5)


def _finish(desk: Desk) -> Desk:
    if not desk.draft.strokes:
        raise InputError("Paint where nothing changed, then Enter")
    after = act(desk, "compare", stable=Region(brush=desk.draft.strokes))
    return replace(after, draft=type(desk.draft)())


def _sketch(desk: Desk, hover: Hit | None) -> Marks:
    """What is painted now; what was, where nothing is."""
    known = desk.content.comparison
    found = washed(desk, _COLOUR) + ring(desk, hover)
    if desk.draft.strokes or known is None or known[1].stable is None:
        return found
    return found + Marks(fills=(Fill(desk.bench.washes(known[1].stable), _COLOUR),))


TOOL = Tool(
    "stable",
    "shift+K",
    "paint where nothing changed, then Enter",
    stroked,
    _finish,
    drag=stroked,
    sketch=_sketch,
    snaps=False,
)
