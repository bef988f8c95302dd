"""A state as VIEW.json has it: camera, look, lights and bookmarks; the file's other keys stay as they are.

Places are in the file's own coordinates and unit, angles in degrees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sculpt3d.desk.viewfile import FORMAT, VERSION, number, numbers, read_view, text, write_view
from sculpt3d.errors import InputError
from sculpt3d.geometry import F64
from sculpt3d.models.document import Document
from viewer.modes import mode
from viewer.state.camera import FIELD_OF_VIEW, OrbitCamera
from viewer.state.commands import Bookmark, Shown, State
from viewer.state.lamps import MOST, Lamp, lamp_of

_FAR = 1e12
_BOOKMARKS = 1000


def read_state(path: Path, document: Document, framed: State) -> State:
    """`framed` with what the file says. Raises `InputError` with the key that is wrong."""
    found = read_view(path)
    state = framed
    if "camera" in found:
        state = replace(state, camera=_camera(found["camera"], document.offset, framed.home, "camera"))
    if "look" in found:
        state = _looking(found["look"], state)
    if "lights" in found:
        state = replace(state, lamps=_lamps(found["lights"]), lamp=-1)
    marks = found.get("bookmarks", [])
    if len(marks) > _BOOKMARKS:
        raise InputError(f"{path.name} has more than {_BOOKMARKS} bookmarks; delete some")
    return replace(
        state, bookmarks=tuple(_bookmark(m, k, document.offset, framed.home) for k, m in enumerate(marks))
    )


def write_state(path: Path, document: Document, state: State) -> None:
    """Into the file, whose other keys stay."""
    write_view(path, {"model": document.name, **as_keys(document, state)})


def told_of(document: Document, state: State) -> dict[str, Any]:
    """As a picture carries it: a whole saved view."""
    return {"format": FORMAT, "version": VERSION, "model": document.name, **as_keys(document, state)}


def as_keys(document: Document, state: State) -> dict[str, Any]:
    """The keys of VIEW.json that are the looking's."""
    shown = {k: v for k, v in vars(state.shown).items() if v is not None}
    look = {
        "mode": state.mode,
        "shadows": state.shadows,
        "gloss": state.gloss,
        "turntable": state.turntable,
        **shown,
    }
    return {
        "camera": _told(state.camera, document.offset),
        "look": look,
        "lights": [_light(lamp, state.camera) for lamp in state.lamps],
        "bookmarks": [{"name": b.name, "camera": _told(b.camera, document.offset)} for b in state.bookmarks],
    }


def _told(camera: OrbitCamera, offset: F64) -> dict[str, Any]:
    angles = (camera.azimuth, camera.elevation, camera.roll)
    azimuth, elevation, roll = (float(np.degrees(a)) for a in angles)
    return {
        "target": [float(v) for v in np.array(camera.target) + offset],
        "distance": camera.distance,
        "azimuth_deg": azimuth,
        "elevation_deg": elevation,
        "roll_deg": roll,
        "projection": "orthographic" if camera.flat else "perspective",
        "field_of_view_deg": float(np.degrees(FIELD_OF_VIEW)),
    }


def _camera(told: Any, offset: F64, home: OrbitCamera, what: str) -> OrbitCamera:
    given = _object(told, what)
    projection = given.get("projection", "perspective")
    if projection not in ("perspective", "orthographic"):
        raise InputError(f"{what}.projection is {projection!r}; give perspective or orthographic")
    target = np.array(numbers(given.get("target", [*(np.array(home.target) + offset)]), f"{what}.target", 3))
    x, y, z = (float(v) for v in target - offset)
    distance = number(given.get("distance", home.distance), f"{what}.distance", 1e-9 * home.radius, _FAR)
    azimuth, elevation, roll = (
        float(np.radians(number(given.get(name, 0.0), f"{what}.{name}", -most, most)))
        for name, most in (("azimuth_deg", 1e6), ("elevation_deg", 90.0), ("roll_deg", 1e6))
    )
    return OrbitCamera(
        (x, y, z), distance, azimuth, elevation, home.radius, roll, projection == "orthographic"
    )


def _looking(told: Any, state: State) -> State:
    given = _object(told, "look")
    name = text(given.get("mode", state.mode), "look.mode", 100)
    mode(name)
    values = {
        k: None if given.get(k) is None else number(given[k], f"look.{k}", low, _FAR)
        for k, low in (("radius", 0.0), ("low", -_FAR), ("high", -_FAR))
    }
    if values["low"] is not None and values["high"] is not None and values["low"] >= values["high"]:
        raise InputError("look.low is not below look.high")
    return replace(
        state,
        mode=name,
        shadows=_flag(given.get("shadows", state.shadows), "look.shadows"),
        turntable=_flag(given.get("turntable", state.turntable), "look.turntable"),
        gloss=number(given.get("gloss", state.gloss), "look.gloss", 0, 1),
        shown=Shown(**values),
    )


def _light(lamp: Lamp, camera: OrbitCamera) -> dict[str, Any]:
    """`towards`: for whoever reads the file; what counts are the words."""
    return {"lamp": lamp.words(), "towards": [round(float(v), 9) for v in lamp.direction(camera)]}


def _lamps(told: Any) -> tuple[Lamp, ...]:
    if not 1 <= len(told) <= MOST:
        raise InputError(f"lights holds {len(told)} lamps; give 1 to {MOST}")
    return tuple(
        lamp_of(text(_object(one, f"lights[{k}]").get("lamp"), f"lights[{k}].lamp", 1000))
        for k, one in enumerate(told)
    )


def _bookmark(told: Any, k: int, offset: F64, home: OrbitCamera) -> Bookmark:
    given = _object(told, f"bookmarks[{k}]")
    name = text(given.get("name", f"View {k + 1}"), f"bookmarks[{k}].name", 200)
    return Bookmark(name, _camera(given.get("camera", {}), offset, home, f"bookmarks[{k}].camera"))


def _object(told: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(told, dict):
        raise InputError(f"{what} is no object; save the view again")
    return told


def _flag(told: Any, what: str) -> bool:
    if not isinstance(told, bool):
        raise InputError(f"{what} is {told!r}; give true or false")
    return told
