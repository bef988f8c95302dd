"""What a hand on the window does: a click is the tool's, a drag the camera's unless the tool takes it. No window, no GL.

Window coordinates: x to the right, y up, from the lower left corner.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.errors import InputError
from viewer.state.commands import State, frame_selection, grabbed, scroll, within
from viewer.state.commands import drag as dragged
from viewer.state.desk import LOOK, Desk, cuts_of
from viewer.state.marks import Marks
from viewer.state.pick import Hit, pick, seen_in
from viewer.state.sketch import marks_of
from viewer.tools import tool
from viewer.tools.tool import Tool

STILL = 4  # pixels: a press that moves no farther is a click
_STEP, _MOST_STEPS = 6, 30  # pixels of a drag between places that a tool is given
_CAMERA, _TOOL, _RECTANGLE = "camera", "tool", "rectangle"
_PLAIN = frozenset({"left"})


@dataclass(frozen=True)
class Hand:
    """holds: what a drag moves, empty where no button is held. corner, at: of the press and now. hover: the place under the
    cursor while a tool is in hand."""

    holds: str = ""
    corner: tuple[float, float] = (0.0, 0.0)
    at: tuple[float, float] = (0.0, 0.0)
    still: bool = True
    hover: Hit | None = None

    @property
    def rectangle(self) -> tuple[float, float, float, float] | None:
        return (*self.corner, *self.at) if self.holds == _RECTANGLE else None


Both = tuple[Desk, Hand]
Size = tuple[int, int]


def press(desk: Desk, hand: Hand, x: float, y: float, names: frozenset[str], size: Size) -> Both:
    hand = Hand(_CAMERA, (x, y), (x, y), hover=hand.hover)
    if "alt" in names:
        return desk, replace(hand, holds=_RECTANGLE)
    hit = under(desk, x, y, size) if names == _PLAIN and desk.tool != LOOK else None
    own = tool(desk.tool) if desk.tool != LOOK else None
    if own is not None and own.drag is not None and hit is not None and own.grips(desk, hit):
        return desk, replace(hand, holds=_TOOL, hover=hit)
    if "ctrl" not in names:
        desk = replace(desk, state=grabbed(desk.state))
    return desk, hand


def drag(
    desk: Desk, hand: Hand, x: float, y: float, dx: float, dy: float, names: frozenset[str], size: Size
) -> Both:
    far = max(abs(x - hand.corner[0]), abs(y - hand.corner[1])) > STILL
    hand = replace(hand, at=(x, y), still=hand.still and not far)
    if hand.holds == _CAMERA and (not hand.still or desk.tool == LOOK):
        return replace(desk, state=dragged(desk.state, dx, dy, names, size[1])), replace(hand, hover=None)
    if hand.holds == _TOOL and not hand.still:
        own, steps = _own(desk), int(max(abs(dx), abs(dy)) // _STEP) + 1
        for k in range(1, min(steps, _MOST_STEPS) + 1):  # a quick hand leaves no gaps
            share = 1 - k / min(steps, _MOST_STEPS)
            hit = under(desk, x - dx * share, y - dy * share, size)
            for place in (hit,) if desk.going else (hand.hover, hit):  # it begins where it was pressed
                if place is not None and own.drag is not None:
                    desk, hand = replace(own.drag(desk, place), going=True), replace(hand, hover=place)
    return desk, hand


def release(desk: Desk, hand: Hand, x: float, y: float, names: frozenset[str], size: Size) -> Both:
    """Raises `SculptError` where the tool cannot take the click."""
    free, desk = Hand(at=(x, y), hover=hand.hover), replace(desk, going=False)
    if hand.holds == _RECTANGLE:
        return (desk if hand.still else _framed(desk, hand, size)), free
    if hand.holds in (_CAMERA, _TOOL) and hand.still and names == _PLAIN and desk.tool != LOOK:
        if hand.holds == _CAMERA:
            desk = replace(desk, state=replace(desk.state, past=desk.state.past[:-1]))
        hit = under(desk, x, y, size)
        return (desk if hit is None else _own(desk).click(desk, hit)), free
    return desk, free


def moved(desk: Desk, hand: Hand, x: float, y: float, size: Size) -> Hand:
    """Without a button."""
    return replace(hand, at=(x, y), hover=under(desk, x, y, size) if desk.tool != LOOK else None)


def wheel(desk: Desk, x: float, y: float, sx: float, sy: float, size: Size) -> Desk:
    """Zoom to what lies under the cursor, at its own depth."""
    hit = under(desk, x, y, size, snap=False)
    depth = None if hit is None else hit.depth
    return replace(desk, state=scroll(desk.state, sx, sy, seen(x, y, size), size[0] / size[1], depth))


def finish(desk: Desk) -> Desk:
    """What was begun is done. Raises `SculptError` where it cannot be."""
    return tool(desk.tool).finish(desk) if desk.tool != LOOK else desk


def under(desk: Desk, x: float, y: float, size: Size, snap: bool = True) -> Hit | None:
    """None where nothing is, or while it is not known what is."""
    target = desk.looked.target
    if target is None:
        return None
    own = tool(desk.tool) if desk.tool != LOOK else None
    state = drawn(desk) if desk.side == "a" and (own is None or not own.uncut) else desk.state
    return pick(target, state, seen(x, y, size), size, snap and (own is None or own.snaps))


def drawn(desk: Desk, hand: Hand | None = None) -> State:
    """The state as it is drawn: cut, and with all that lies over the model."""
    cuts = cuts_of(desk) if desk.side == "a" else ()
    return replace(desk.state, cuts=cuts, over=over(desk, hand or Hand()))


def over(desk: Desk, hand: Hand) -> Marks:
    """All that is drawn over the model."""
    begun = Marks()
    if desk.tool != LOOK and (desk.side == "a" or tool(desk.tool).both):
        begun = tool(desk.tool).sketch(desk, hand.hover)
    return marks_of(desk) + begun


def still(desk: Desk) -> State:
    """As it is drawn once all that was asked for is known."""
    state = drawn(desk)
    while desk.bench.busy:
        desk.bench.wait()
        state = drawn(desk)
    return drawn(desk) if state.over else state


def seen(x: float, y: float, size: Size) -> tuple[float, float]:
    """Window coordinates as -1..1."""
    return 2 * x / size[0] - 1, 2 * y / size[1] - 1


def _own(desk: Desk) -> Tool:
    """The tool in hand. Raises `InputError` where it is not for the file that is looked at."""
    own = tool(desk.tool)
    if desk.side == "b" and not own.both:
        raise InputError(f"{own.name} is for the first file; go back to it to measure")
    return own


def _framed(desk: Desk, hand: Hand, size: Size) -> Desk:
    """The camera moved to what the rectangle shows: not to what is hidden behind it."""
    (left, right), (low, high) = sorted((hand.corner[0], hand.at[0])), sorted((hand.corner[1], hand.at[1]))
    (a, b), (c, d) = seen(left, low, size), seen(right, high, size)
    aspect, target = size[0] / size[1], desk.looked.target
    shown: NDArray[Any] = np.zeros((0, 3))
    if target is not None:
        shown = seen_in(target, drawn(desk), (a, b, c, d), aspect)
    if not len(shown):  # a cloud, or the rays are not ready yet
        shown = within(desk.state.camera, desk.looked.document.points(), (a, b, c, d), aspect)
    return replace(desk, state=frame_selection(desk.state, shown, aspect))
