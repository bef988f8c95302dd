"""The same places on two files, one after the other: what registration starts from."""

from __future__ import annotations

from dataclasses import replace

from sculpt3d.errors import InputError
from viewer.state.desk import Desk, act
from viewer.state.marks import Dot, Marks, Word
from viewer.state.pick import Hit
from viewer.tools.tool import Tool


def _click(desk: Desk, hit: Hit) -> Desk:
    """On the first file, then on the second, which is then looked at; a second click before that puts the place anew."""
    draft, place = desk.draft, desk.looked.in_file(hit.place)
    if desk.side == "a":
        kept = draft.points[: len(draft.others)]
        return act(replace(desk, draft=replace(draft, points=(*kept, place))), "side", "b")
    if len(draft.others) >= len(draft.points):
        raise InputError("Click the place on the first file first")
    return act(replace(desk, draft=replace(draft, others=(*draft.others, place))), "side", "a")


def _finish(desk: Desk) -> Desk:
    draft = desk.draft
    if len(draft.others) < 3:
        raise InputError(
            f"{len(draft.others)} pairs of places do not fix a pose: click three or more, not on a line"
        )
    pairs = tuple((*a, *b) for a, b in zip(draft.points, draft.others, strict=False))
    desk = act(desk, "compare", register="pairs", pairs=pairs)
    return replace(desk, draft=type(draft)(), state=replace(desk.state, mode="deviation"))


def _sketch(desk: Desk, hover: Hit | None) -> Marks:
    """Numbered."""
    places = desk.draft.points if desk.side == "a" else desk.draft.others
    local = desk.looked.local(places)
    return Marks(
        dots=tuple(Dot(p) for p in local), words=tuple(Word(p, str(k)) for k, p in enumerate(local, 1))
    )


TOOL = Tool(
    "pairs",
    "shift+J",
    "click a place on the first file, then the same on the second; three pairs or more, then Enter",
    _click,
    _finish,
    sketch=_sketch,
    both=True,
)
