"""Commands with a value, as text: "gloss 0.4", "lamp raking:az=30,el=8", "radius 2.5"; all others are those of `commands.py`.

What a panel asks for is such a text, so whatever is done in a window can be written down and done again without one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import numpy as np

from sculpt3d.errors import InputError
from viewer.modes import mode
from viewer.state.camera import OrbitCamera
from viewer.state.commands import Bookmark, State, apply, fixed_to, is_known, moved, with_lamp
from viewer.state.lamps import MOST, Fixed, Kind, lamp_of, usual
from viewer.state.sides import SIDES, aim_of

_NAME = 200  # letters


def act(command: str, state: State) -> State:
    """The state after a command with a value or without one. Raises `InputError` where the value is none."""
    name, _, value = command.partition(" ")
    doing = _WITH_VALUE.get(name)
    if is_known(command) or doing is None or not value:
        return apply(command, state)
    return doing(replace(state, rolling=False), value)


def _number(text: str, what: str, low: float, high: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise InputError(f"{text} is no {what}; give a number from {low:g} to {high:g}")
    return value


def _mode(state: State, value: str) -> State:
    return replace(state, mode=mode(value).name)


def _gloss(state: State, value: str) -> State:
    return replace(state, gloss=_number(value, "gloss", 0, 1))


def _radius(state: State, value: str) -> State:
    radius = None if value == "auto" else _number(value, "radius", 1e-9, 2 * state.home.radius)
    return replace(state, shown=replace(state.shown, radius=radius))


def _limits(state: State, value: str) -> State:
    if value == "auto":
        return replace(state, shown=replace(state.shown, low=None, high=None))
    low, _, high = value.partition(" ")
    ends = [_number(end, "limit", -1e12, 1e12) for end in (low, high)]
    if ends[0] >= ends[1]:
        raise InputError(f"The limits {low} and {high} leave nothing between them; give the lower one first")
    return replace(state, shown=replace(state.shown, low=ends[0], high=ends[1]))


def _lamp(state: State, value: str) -> State:
    """ "2": that lamp is in hand; "add", "remove"; else a lamp in the words of `lamp_of` in place of the one in hand."""
    if value.isdigit():
        return replace(state, lamp=_place(value, len(state.lamps), "lamp"))
    if value == "add":
        return state if len(state.lamps) == MOST else apply("another lamp", state)
    if value == "remove":
        k = state.lamp % len(state.lamps)
        rest = (*state.lamps[:k], *state.lamps[k + 1 :])
        return replace(state, lamps=rest or state.lamps, lamp=-1)
    return with_lamp(state, lamp_of(value))


def _kind(state: State, value: str) -> State:
    """The lamp in hand of another kind, as it stands where nobody moved it."""
    for kind in get_args(Kind):
        if kind == value:
            return with_lamp(state, usual(kind))
    raise InputError(f"{value} is no lamp; give studio, head or raking")


def _fixed(state: State, value: str) -> State:
    for what in get_args(Fixed):
        if what == value:
            return fixed_to(state, what)
    raise InputError(f"A lamp is fixed to the object or the camera, not to {value}")


def _view(state: State, value: str) -> State:
    aim = aim_of(value)
    if aim is None:
        raise InputError(f"{value} is no side; give {', '.join(SIDES)}, or az=30,el=15 in degrees")
    azimuth, elevation, roll = (float(v) for v in aim)
    return moved(state, state.camera.towards(azimuth, elevation, roll))


def _go(state: State, value: str) -> State:
    return moved(state, state.bookmarks[_place(value, len(state.bookmarks), "kept camera")].camera)


def _forget(state: State, value: str) -> State:
    k = _place(value, len(state.bookmarks), "kept camera")
    return replace(state, bookmarks=(*state.bookmarks[:k], *state.bookmarks[k + 1 :]))


def _rename(state: State, value: str) -> State:
    """ "2 New name"."""
    number, _, name = value.partition(" ")
    k = _place(number, len(state.bookmarks), "kept camera")
    name = name.strip()[:_NAME] or state.bookmarks[k].name
    named = Bookmark(name, state.bookmarks[k].camera)
    return replace(state, bookmarks=(*state.bookmarks[:k], named, *state.bookmarks[k + 1 :]))


def _place(text: str, count: int, what: str) -> int:
    """Of the first, second ... of so many, written as 1, 2 ..."""
    if not text.isdigit() or not 1 <= int(text) <= count:
        raise InputError(f"There is no {what} {text}; there are {count}")
    return int(text) - 1


def aim_words(camera: OrbitCamera) -> str:
    """What "view" and `--view` take, in degrees."""
    angles = (float(np.degrees(v)) for v in (camera.azimuth, camera.elevation, camera.roll))
    azimuth, elevation, roll = (round(v, 4) + 0.0 for v in angles)
    leaning = f",roll={roll:g}" if roll else ""
    return f"az={(azimuth + 180) % 360 - 180:g},el={elevation:g}{leaning}"


_WITH_VALUE: dict[str, Callable[[State, str], State]] = {
    "mode": _mode,
    "gloss": _gloss,
    "radius": _radius,
    "limits": _limits,
    "lamp": _lamp,
    "kind": _kind,
    "fixed": _fixed,
    "view": _view,
    "go": _go,
    "forget": _forget,
    "rename": _rename,
}
