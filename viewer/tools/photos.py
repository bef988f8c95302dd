"""The best photos of a place, zoomed to it."""

from __future__ import annotations

from dataclasses import replace

from sculpt3d.errors import InputError
from viewer.language.library import of_library
from viewer.state.cameras import close_up_marks, close_ups, taken
from viewer.state.desk import Desk
from viewer.state.marks import Dot, Marks, Word
from viewer.state.pick import Hit
from viewer.tools.tool import Tool


def _click(desk: Desk, hit: Hit) -> Desk:
    known = taken(desk.bench)
    if isinstance(known, str):
        raise InputError(known)
    return replace(desk, draft=replace(desk.draft, points=(desk.bench.in_file(hit.place),)))


def _sketch(desk: Desk, hover: Hit | None) -> Marks:
    if not desk.draft.points:
        return Marks()
    place = desk.bench.local(desk.draft.points)[0]
    found = close_ups(desk.bench, desk.draft.points[0])
    marks = Marks(dots=(Dot(place),))
    if isinstance(found, list):
        return marks + close_up_marks(found)
    return marks + Marks(words=(Word(place, "…" if found is None else of_library(found)),))


TOOL = Tool("photos", "shift+Q", "click a place to see its best photos", _click, sketch=_sketch, snaps=False)
