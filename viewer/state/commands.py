"""What keys and drags do, as data and plain functions: tested without a window."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from viewer.state.camera import OrbitCamera

Style = Literal["textured", "plain", "clay", "wire"]
Rgb = tuple[float, float, float]

KEYS = {
    "F": "frame",
    "T": "textured",
    "P": "plain",
    "C": "clay",
    "W": "wire",
    "L": "light",
    "S": "screenshot",
    "H": "help",
    "Q": "quit",
    "ESCAPE": "quit",
    "_1": "front",
    "_2": "right",
    "_3": "back",
    "_4": "left",
    "_5": "top",
    "_6": "bottom",
}
HELP = (
    "Drag: turn   Right drag or Shift+drag: move   Wheel: zoom   Ctrl+drag: move the light\n"
    "F frame   T texture   P plain   C clay   W wire   L light from the camera   1-6 front right back left top bottom   "
    "S screenshot   H help   Q quit"
)
SIDES = {
    "front": (0.0, 0.0),
    "right": (np.pi / 2, 0.0),
    "back": (np.pi, 0.0),
    "left": (-np.pi / 2, 0.0),
    "top": (0.0, np.pi / 2),
    "bottom": (0.0, -np.pi / 2),
}
STYLES: dict[str, Style] = {"textured": "textured", "plain": "plain", "clay": "clay", "wire": "wire"}
_NEUTRAL: tuple[Rgb, Rgb] = ((0.205,) * 3, (0.14,) * 3)  # colours are judged against it


@dataclass(frozen=True)
class State:
    """All that decides the picture. The light's angles (radians) are relative to the camera where it follows it.

    style: "plain" shows colours as they are, without light. sky: behind the model, sRGB 0..1, at the bottom and the top.
    """

    camera: OrbitCamera
    home: OrbitCamera
    style: Style = "textured"
    light: tuple[float, float] = (-0.6, 0.7)
    light_follows: bool = True
    help: bool = False
    sky: tuple[Rgb, Rgb] = _NEUTRAL


def apply(command: str, state: State) -> State:
    """The state after a command that needs no window."""
    if command == "frame":
        home = state.home
        return replace(
            state, camera=replace(home, azimuth=state.camera.azimuth, elevation=state.camera.elevation)
        )
    if command in STYLES:
        return replace(state, style=STYLES[command])
    if command in SIDES:
        return replace(state, camera=state.camera.towards(*SIDES[command]))
    if command == "light":
        return replace(state, light_follows=not state.light_follows)
    if command == "help":
        return replace(state, help=not state.help)
    return state


def aim_of(view: str) -> tuple[float, float] | None:
    """Azimuth and elevation in radians of a side's name, or of "az=..,el=.." in degrees; None where it is neither."""
    if view in SIDES:
        return SIDES[view]
    try:
        named = dict(part.split("=") for part in view.split(","))
        azimuth, elevation = (float(named.pop(name, "0")) for name in ("az", "el"))
    except ValueError:
        return None
    if named or not (abs(azimuth) < np.inf and abs(elevation) <= 90):
        return None
    return float(np.radians(azimuth)), float(np.radians(elevation))


def drag(state: State, dx: float, dy: float, buttons: frozenset[str], height: int) -> State:
    """A drag by pixels (y up); `buttons`: of left, right, middle, shift, ctrl."""
    if "ctrl" in buttons:
        azimuth, elevation = state.light
        return replace(state, light=(azimuth + dx * 0.01, float(np.clip(elevation + dy * 0.01, -1.5, 1.5))))
    if buttons & {"right", "middle", "shift"}:
        return replace(state, camera=state.camera.pan(dx, dy, height))
    return replace(state, camera=state.camera.orbit(dx, dy))


def scroll(state: State, sx: float, sy: float) -> State:
    """Two fingers or a wheel: zoom; sideways: turn."""
    return replace(state, camera=state.camera.zoom(sy).orbit(6 * sx, 0))


def light_direction(state: State) -> tuple[float, float, float]:
    """Unit vector towards the light, in world."""
    a, e = state.light
    local = np.array([np.cos(e) * np.sin(a), np.sin(e), np.cos(e) * np.cos(a)])
    if state.light_follows:
        local = np.stack(state.camera.axes(), 1) @ local
    return float(local[0]), float(local[1]), float(local[2])


def scale_bar(state: State, height: int, unit_m: float | None) -> tuple[float, str]:
    """Length in pixels of a round length at the target, and its label."""
    unit_px = height / (2 * state.camera.distance * np.tan(np.radians(35.0) / 2))
    if unit_m is None:
        return 0.0, "no scale"
    wanted_mm = 120 / unit_px * unit_m * 1000
    power = 10.0 ** np.floor(np.log10(wanted_mm))
    mm = max(m * power for m in (1, 2, 5) if m * power <= wanted_mm)
    return float(mm / 1000 / unit_m * unit_px), f"{mm:g} mm" if mm < 1000 else f"{mm / 1000:g} m"
