"""What keys and drags do, as data and plain functions: tested without a window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.state.camera import HALF, OrbitCamera
from viewer.state.cuts import Cut
from viewer.state.keymap import TABLE
from viewer.state.lamps import MOST, STUDIO, Fixed, Kind, Lamp, usual
from viewer.state.marks import NO_MARKS, Marks
from viewer.state.sides import SIDES

Rgb = tuple[float, float, float]

KEYS = {k.key: k.command for k in TABLE}
_NEUTRAL: tuple[Rgb, Rgb] = ((0.205,) * 3, (0.14,) * 3)  # colours are judged against it
_MOVES = 100  # camera moves that can be undone
_ROLL = np.radians(5)


@dataclass(frozen=True)
class Bookmark:
    name: str
    camera: OrbitCamera


@dataclass(frozen=True)
class Shown:
    """What a mode that measures the surface is asked and answers. radius: of what counts as a neighbourhood, in the model's
    unit, None: as the mode judges. low, high: values at the ends of the colours, None: as the surface has them."""

    radius: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class State:
    """All that decides the picture.

    mode: one of `viewer.modes`. lamp: the one of `lamps` that the hand moves. gloss: light that the surface throws back as a
    mirror, 0..1. sky: behind the model, sRGB 0..1, at the bottom and the top. past, future: cameras for undo and redo, the
    last one next. rolling: the wheel was the last to move the camera, so that its turns are undone together. cuts: planes
    that cut the model. over: what is drawn over it.
    """

    camera: OrbitCamera
    home: OrbitCamera
    mode: str = "textured"
    lamps: tuple[Lamp, ...] = (STUDIO,)
    lamp: int = -1
    shadows: bool = False
    gloss: float = 0.0
    shown: Shown = Shown()
    turntable: bool = True
    bookmarks: tuple[Bookmark, ...] = ()
    past: tuple[OrbitCamera, ...] = ()
    future: tuple[OrbitCamera, ...] = ()
    rolling: bool = False
    help: bool = False
    sky: tuple[Rgb, Rgb] = _NEUTRAL
    cuts: tuple[Cut, ...] = ()
    over: Marks = NO_MARKS


def apply(command: str, state: State) -> State:
    """The state after a command that needs no window; "mode NAME" sets the mode."""
    state = replace(state, rolling=False)
    if command.startswith("mode "):
        return replace(state, mode=command.removeprefix("mode "))
    if command in SIDES:
        return moved(state, state.camera.towards(*SIDES[command]))
    act = _COMMANDS.get(command)
    return state if act is None else act(state)


def is_known(command: str) -> bool:
    """Whether `apply` has it, whole."""
    return command in _COMMANDS or command in SIDES


def grabbed(state: State) -> State:
    """A drag begins: where the camera stands now is one step to undo."""
    return replace(state, past=(*state.past, state.camera)[-_MOVES:], future=(), rolling=False)


def moved(state: State, camera: OrbitCamera) -> State:
    """The camera moved in one step that can be undone."""
    return state if camera == state.camera else replace(grabbed(state), camera=camera)


def frame_selection(state: State, points: NDArray[Any], aspect: float) -> State:
    """The camera moved to hold `points` (N, 3); as it was where there are none."""
    return moved(state, state.camera.holding(points, aspect)) if len(points) else state


def within(
    camera: OrbitCamera, points: NDArray[Any], corners: tuple[float, float, float, float], aspect: float
) -> NDArray[Any]:
    """Those of `points` (N, 3) that a rectangle of the picture holds: left, bottom, right, top from -1 to 1."""
    right, up, back = camera.axes()
    away = points.astype(np.float64) - camera.eye
    depth = -away @ back
    size = np.full(len(points), camera.reach) if camera.flat else HALF * np.where(depth > 0, depth, np.inf)
    x, y = away @ right / (size * aspect), away @ up / size
    left, bottom, far_right, top = corners
    return points[(depth > 0) & (x >= left) & (x <= far_right) & (y >= bottom) & (y <= top)]


def drag(state: State, dx: float, dy: float, buttons: frozenset[str], height: int) -> State:
    """A drag by pixels (y up); `buttons`: of left, right, middle, shift, ctrl."""
    if "ctrl" in buttons:
        return with_lamp(state, _pulled(state.lamps[state.lamp], state.camera, dx, dy))
    if buttons & {"right", "middle", "shift"}:
        return replace(state, camera=state.camera.pan(dx, dy, height))
    return replace(state, camera=state.camera.orbit(dx, dy, state.turntable))


def scroll(
    state: State,
    sx: float,
    sy: float,
    at: tuple[float, float] = (0.0, 0.0),
    aspect: float = 1.0,
    depth: float | None = None,
) -> State:
    """Two fingers or a wheel: zoom to what lies under `at` (-1..1), at that depth along the view; sideways: turn."""
    before = state if state.rolling else grabbed(state)
    camera = state.camera.zoom(sy, at, aspect, depth).orbit(6 * sx, 0, state.turntable)
    return replace(before, camera=camera, rolling=True)


def scale_bar(state: State, height: int, unit_m: float | None, most: float = 120) -> tuple[float, str]:
    """Length in pixels, `most` at most, of a round length at the target, and its label."""
    unit_px = height / (2 * state.camera.reach)
    if unit_m is None:
        return 0.0, "no scale"
    wanted_mm = most / unit_px * unit_m * 1000
    power = 10.0 ** np.floor(np.log10(wanted_mm))
    mm = max(m * power for m in (1, 2, 5) if m * power <= wanted_mm)
    return float(mm / 1000 / unit_m * unit_px), f"{mm:g} mm" if mm < 1000 else f"{mm / 1000:g} m"


def with_lamp(state: State, lamp: Lamp) -> State:
    """`lamp` in place of the one in hand."""
    k = state.lamp % len(state.lamps)
    return replace(state, lamps=(*state.lamps[:k], lamp, *state.lamps[k + 1 :]))


def fixed_to(state: State, what: Fixed) -> State:
    """The lamp in hand, whose light does not jump."""
    lamp = state.lamps[state.lamp]
    return with_lamp(
        state, replace(lamp, fixed=what).at(lamp.direction(state.camera), state.camera)
    )


def _pulled(lamp: Lamp, camera: OrbitCamera, dx: float, dy: float) -> Lamp:
    """Moved as a ball before the picture is turned: the lamp goes with the hand and does not leave the side that is seen."""
    x, y, z = np.stack(camera.axes()) @ lamp.direction(camera)
    x, y = x + dx * 0.005, y + dy * 0.005
    wide = max(float(np.hypot(x, y)) / 0.9999, 1.0)
    x, y = x / wide, y / wide
    z = np.sqrt(1 - x * x - y * y) * (1 if z >= -1e-9 else -1)
    return lamp.at(np.stack(camera.axes(), 1) @ np.array([x, y, z]), camera)


def _framed(state: State) -> State:
    now = state.camera
    home = state.home.towards(now.azimuth, now.elevation, now.roll)
    return moved(state, replace(home, flat=now.flat))


def _next_light(state: State) -> State:
    kinds: tuple[Kind, ...] = ("studio", "head", "raking")
    kind = kinds[(kinds.index(state.lamps[state.lamp].kind) + 1) % 3]
    return replace(state, lamps=(usual(kind),), lamp=-1)


def _next_fixed(state: State) -> State:
    """The lamp in hand fixed to the other; its light does not jump."""
    return fixed_to(state, "camera" if state.lamps[state.lamp].fixed == "object" else "object")


def _another_lamp(state: State) -> State:
    """Opposite the one in hand; beyond the most there can be, the first alone stays."""
    if len(state.lamps) == MOST:
        return replace(state, lamps=state.lamps[:1], lamp=-1)
    last = state.lamps[state.lamp]
    return replace(state, lamps=(*state.lamps, replace(last, azimuth=(last.azimuth + 180) % 360)), lamp=-1)


def _undone(state: State) -> State:
    if not state.past:
        return state
    return replace(state, camera=state.past[-1], past=state.past[:-1], future=(*state.future, state.camera))


def _redone(state: State) -> State:
    if not state.future:
        return state
    return replace(state, camera=state.future[-1], past=(*state.past, state.camera), future=state.future[:-1])


def _bookmarked(state: State) -> State:
    numbers = {b.name for b in state.bookmarks}
    name = next(n for n in (f"View {k}" for k in range(1, len(numbers) + 2)) if n not in numbers)
    return replace(state, bookmarks=(*state.bookmarks, Bookmark(name, state.camera)))


def _next_bookmark(state: State) -> State:
    """The bookmark after the one the camera stands at."""
    if not state.bookmarks:
        return state
    cameras = [b.camera for b in state.bookmarks]
    here = cameras.index(state.camera) + 1 if state.camera in cameras else 0
    return moved(state, cameras[here % len(cameras)])


_COMMANDS: dict[str, Callable[[State], State]] = {
    "frame": _framed,
    "light": _next_light,
    "lamp fixed": _next_fixed,
    "another lamp": _another_lamp,
    "shadows": lambda s: replace(s, shadows=not s.shadows),
    "gloss": lambda s: replace(s, gloss=(s.gloss + 0.25) % 1.25),
    "projection": lambda s: moved(s, replace(s.camera, flat=not s.camera.flat)),
    "turntable": lambda s: replace(s, turntable=not s.turntable),
    "roll left": lambda s: moved(s, s.camera.rolled(-_ROLL)),
    "roll right": lambda s: moved(s, s.camera.rolled(_ROLL)),
    "undo": _undone,
    "redo": _redone,
    "bookmark": _bookmarked,
    "next bookmark": _next_bookmark,
    "help": lambda s: replace(s, help=not s.help),
}
