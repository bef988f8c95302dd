"""What a tool is: what it makes of places on the model, as functions from a desk to the next one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from sculpt3d.desk.quantity import Measurement
from sculpt3d.errors import InputError
from viewer.state.desk import Desk, act
from viewer.state.marks import NO_MARKS, Dot, Line, Marks
from viewer.state.pick import Hit

Click = Callable[[Desk, Hit], Desk]


def _nothing(desk: Desk) -> Desk:
    return desk


@dataclass(frozen=True)
class Tool:
    """key: a letter of the keyboard, with "shift+" before it. says: what to do with it, for a person.

    click: a press and release on one spot. finish: Enter. drag: where there is one, a drag that begins on a place it `grips` is
    the tool's and not the camera's; it is called with the place of the press and every one on the way. sketch: what is begun,
    over the model, and what would be at the place under the cursor. snaps: onto corners and edges. uncut: it is also given
    places that are cut away. both: it is for the second file too.
    """

    name: str
    key: str
    says: str
    click: Click
    finish: Callable[[Desk], Desk] = _nothing
    drag: Click | None = None
    grips: Callable[[Desk, Hit], bool] = lambda desk, hit: True
    snaps: bool = True
    uncut: bool = False
    both: bool = False
    sketch: Callable[[Desk, Hit | None], Marks] = lambda desk, hover: NO_MARKS


def by_points(kind: str, key: str, says: str, least: int, most: int = 100_000) -> Tool:
    """Measures between places that are clicked: at once when there are `most`, else when it is finished."""

    def click(desk: Desk, hit: Hit) -> Desk:
        points = (*desk.draft.points, desk.bench.in_file(hit.place))
        desk = replace(desk, draft=replace(desk.draft, points=points))
        return finish(desk) if len(points) == most else desk

    def finish(desk: Desk) -> Desk:
        points = desk.draft.points
        if len(points) < least:
            raise InputError(f"{kind} needs {least} places and has {len(points)}: click on the model")
        return act(desk, "add", "measurements", Measurement(kind, points))

    return Tool(kind, key, says, click, finish, sketch=polyline)


def polyline(desk: Desk, hover: Hit | None) -> Marks:
    """The places given, joined, and on to the cursor."""
    places = desk.bench.local(desk.draft.points)
    if hover is not None:
        places = np.concatenate([places, np.array([hover.place])])
    lines = (Line(places),) if len(places) > 1 else ()
    return Marks(lines, tuple(Dot(p) for p in places))
