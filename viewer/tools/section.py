"""A plane that cuts the model: dragged over it, or through three places; by numbers it is typed into a panel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sculpt3d.desk.section import Section
from sculpt3d.desk.slicing import Plane
from sculpt3d.geometry import F64
from viewer.state.desk import Desk, act
from viewer.state.pick import Hit
from viewer.tools.tool import Tool, polyline


def _click(desk: Desk, hit: Hit) -> Desk:
    """The third place makes the plane; what lies towards the camera is cut away."""
    points = (*desk.draft.points, desk.bench.in_file(hit.place))
    if len(points) < 3:
        return replace(desk, draft=replace(desk.draft, points=points))
    a, b, c = (np.array(p) for p in points)
    return act(desk, "add", "sections", Section(_towards(desk, Plane.through(a, b, c)), cut=True))


def _drag(desk: Desk, hit: Hit) -> Desk:
    """The chosen section goes to the place under the cursor; where none is chosen there is a new one, across the axis that lies
    most to the picture's right."""
    place = np.array(desk.bench.in_file(hit.place))
    if desk.selected is None or desk.selected[0] != "sections":
        right = desk.state.camera.axes()[0]
        normal = np.eye(3)[int(np.abs(right).argmax())]
        plane = _towards(desk, Plane(normal, float(normal @ place)))
        return act(desk, "add", "sections", Section(plane, cut=True))
    plane = desk.content.sections[desk.selected[1]].plane
    moved = Plane(plane.normal, float(plane.normal @ place))
    return act(desk, "change", desk.selected, plane=moved)


def _towards(desk: Desk, plane: Plane) -> Plane:
    """Its normal to the camera's side."""
    back: F64 = desk.state.camera.axes()[2]
    return plane if plane.normal @ back >= 0 else Plane(-plane.normal, -plane.distance)


TOOL = Tool(
    "section",
    "shift+X",
    "drag over the model to move a plane through it, or click three places",
    _click,
    drag=_drag,
    sketch=polyline,
    snaps=False,
    uncut=True,
)
