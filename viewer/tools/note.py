"""Notes: a place with the condition, colour and words that the desk's settings have; on the disk at once."""

from __future__ import annotations

from dataclasses import replace

from sculpt3d.desk.annotations import Annotation, new_id, now
from sculpt3d.desk.quantity import Point, Region
from sculpt3d.errors import InputError
from viewer.state.desk import Desk, act
from viewer.state.marks import Marks
from viewer.state.notes import colour_of
from viewer.state.pick import Hit
from viewer.tools.brush import ring, stroked, washed
from viewer.tools.tool import Tool, polyline


def of_points(name: str, key: str, says: str, least: int, most: int = 10_000) -> Tool:
    def click(desk: Desk, hit: Hit) -> Desk:
        points = (*desk.draft.points, desk.bench.in_file(hit.place))
        desk = replace(desk, draft=replace(desk.draft, points=points))
        return finish(desk) if len(points) == most else desk

    def finish(desk: Desk) -> Desk:
        if len(desk.draft.points) < least:
            raise InputError(f"{name}: {says}")
        return noted(desk, desk.draft.points, None)

    return Tool(name, key, says, click, finish, sketch=polyline)


def of_region(name: str, key: str, says: str) -> Tool:
    def finish(desk: Desk) -> Desk:
        if not desk.draft.strokes:
            raise InputError(f"{name}: {says}")
        return noted(desk, (), Region(brush=desk.draft.strokes))

    return Tool(name, key, says, stroked, finish, drag=stroked, sketch=_sketch, snaps=False)


def noted(desk: Desk, points: tuple[Point, ...], region: Region | None) -> Desk:
    s, when = desk.settings, now()
    new = Annotation(
        new_id(), s.condition, points, region, s.text, s.author, "", s.colour, created=when, modified=when
    )
    return act(replace(desk, settings=replace(s, text="")), "add", "annotations", new)


def _sketch(desk: Desk, hover: Hit | None) -> Marks:
    return washed(desk, colour_of(desk, desk.settings.condition, desk.settings.colour)) + ring(desk, hover)
