"""Painting with a brush of so many millimetres, for all tools that take a region."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sculpt3d.desk.quantity import Measurement, Region
from sculpt3d.errors import InputError
from viewer.state.desk import Desk, act
from viewer.state.marks import INK, Fill, Line, Marks, Rgb
from viewer.state.pick import Hit
from viewer.tools.tool import Tool, polyline

_APART = 0.35  # of the radius: strokes on a drag
_ROUND = np.linspace(0, 2 * np.pi, 49)


def radius(desk: Desk) -> float:
    """Of the brush in the file's unit."""
    return desk.settings.brush_mm / (desk.bench.mm or 1.0)


def stroked(desk: Desk, hit: Hit) -> Desk:
    """One more stroke there, unless the last is as near as makes no difference."""
    stroke = (*desk.bench.in_file(hit.place), radius(desk))
    last = desk.draft.strokes[-1:]
    if last and np.linalg.norm(np.subtract(stroke[:3], last[0][:3])) < _APART * stroke[3]:
        return desk
    return replace(desk, draft=replace(desk.draft, strokes=(*desk.draft.strokes, stroke)))


def by_region(kind: str, key: str, says: str, least: int = 1, dabs: bool = False) -> Tool:
    """Measures a region that is painted; or places that are clicked, `least` or more, unless a click is a dab of the brush."""

    def click(desk: Desk, hit: Hit) -> Desk:
        if dabs:
            return stroked(desk, hit)
        points = (*desk.draft.points, desk.bench.in_file(hit.place))
        return replace(desk, draft=replace(desk.draft, points=points))

    def finish(desk: Desk) -> Desk:
        draft = desk.draft
        if not draft.strokes and (dabs or len(draft.points) < least):
            raise InputError(f"{kind}: {says}")
        region = Region(brush=draft.strokes) if draft.strokes else None
        return act(desk, "add", "measurements", Measurement(kind, draft.points, region=region))

    return Tool(kind, key, says, click, finish, drag=stroked, sketch=sketch)


def sketch(desk: Desk, hover: Hit | None) -> Marks:
    """What is painted, and the brush's rim where the cursor is."""
    return washed(desk, INK) + ring(desk, hover) + polyline(desk, None)


def washed(desk: Desk, colour: Rgb) -> Marks:
    if not desk.draft.strokes:
        return Marks()
    offset = desk.bench.document.offset
    local = tuple((*(float(v) for v in np.array(s[:3]) - offset), s[3]) for s in desk.draft.strokes)
    corners = desk.bench.wash.painted(local)  # type: ignore[arg-type]
    return Marks(fills=(Fill(corners, colour),))


def ring(desk: Desk, hover: Hit | None) -> Marks:
    if hover is None:
        return Marks()
    normal = np.array(hover.normal)
    side = np.cross(normal, np.eye(3)[int(np.abs(normal).argmin())])
    side /= np.linalg.norm(side)
    turn = np.cos(_ROUND)[:, None] * side + np.sin(_ROUND)[:, None] * np.cross(normal, side)
    return Marks((Line(np.array(hover.place) + radius(desk) * turn, width=1.5, hidden=0.6),))
