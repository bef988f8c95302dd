"""When a window is drawn, and what of it anew: the model where something of it changed, the panels at every frame."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sculpt3d.types import U8
from viewer.detail.making import Making
from viewer.files.settings import Settings
from viewer.hand import Hand, drawn, still
from viewer.language import _, spoken
from viewer.shell.jobs import Jobs
from viewer.shell.places import Places, places
from viewer.shell.told import Kind, Notice, still_told
from viewer.state import desk as desks
from viewer.state.commands import State
from viewer.state.shown import Shown, settled, shown_of

if TYPE_CHECKING:
    from viewer.drawing.screen import How

_AWAKE = 1.2  # seconds that frames follow each other after the last event: tips appear, a cursor blinks
_STILL = 0.2  # seconds without a move until the picture is drawn as finely as it can be


class Frames:
    """screen: has the picture of the model on the card; picture_key: what it was drawn for. making: levels of detail."""

    window: Any
    shell: Any
    desk: desks.Desk
    hand: Hand
    settings: Settings
    jobs: Jobs
    shown: Shown
    notices: tuple[Notice, ...]
    screen: Any = None
    making: Making | None = None
    picture_key: Any = None
    state: State
    _native: Any = None
    _drawn_for: Any = None
    _drawn_state: State
    _changed_at: float = 0.0
    _event_at: float = 0.0

    def paint(self, onto: int, how: How) -> None:
        raise NotImplementedError

    def send(self, command: str, *what: Any, **more: Any) -> None:
        raise NotImplementedError

    def tell(self, kind: Kind, text: str) -> None:
        raise NotImplementedError

    def run(self) -> None:
        import pyglet

        pyglet.clock.schedule_interval(self._beat, 1 / 60)
        try:
            pyglet.app.run(interval=None)
        finally:
            self.desk.bench.close()
            if self.making is not None:
                self.making.close()

    def wake(self) -> None:
        self._event_at = time.monotonic()

    def _beat(self, seconds: float) -> None:
        """A frame where somebody does something, something is being worked at, or the picture is still coarse."""
        now = time.monotonic()
        if self.jobs.take():
            self.wake()
        if self._native is not None:
            self._take_native()
        if self.making is not None and self.making.said and not self.making.busy:  # it failed
            self.tell("note", self.making.said)
            self.making.said = ""
        busy = bool(self.busy) or now - self._event_at < _AWAKE or self.picture_key is None or not self.screen.complete
        if busy and self.window.context is not None:
            self.window.draw(seconds)

    def _take_native(self) -> None:
        answer = self._native.answer()
        if answer is None:
            return
        order, self._native = self._native.wanted.order, None
        if answer != "":
            self.send(f"{order} {answer}")

    def on_draw(self) -> None:
        self._draw(0, time.monotonic() - self._changed_at > _STILL, True)

    def picture(self, settle: bool = True) -> U8:
        """The whole window as pixels (H, W, 3); settle: when all work is done and panels have their sizes."""
        from viewer.drawing.offscreen import Layer

        self.window.switch_to()
        width, height = self.window.get_framebuffer_size()
        canvas = Layer(width, height, 1)
        try:
            for _frame in range(3 if settle else 1):
                self._draw(canvas.name.value, True, False)
                if settle:
                    self.jobs.wait()
                    settled(self.desk)
                    still(self.desk)
            return canvas.read()
        finally:
            canvas.free()

    def model_picture(self) -> U8:
        """The model as it is seen, without panels."""
        self.picture()
        found: U8 = self.screen.read()
        return found

    def places(self) -> Places:
        if self.shell is not None:
            return self.shell.fit(self.settings)
        width, height = self.window.get_size()
        return places(width, height, 1.0, False)

    def _draw(self, onto: int, fine: bool, settles: bool) -> None:
        """settles: a new picture is drawn coarse first, and finely when it stays."""
        self.notices = still_told(self.notices, time.monotonic())
        self._look()
        state = replace(self._drawn(), past=(), future=(), bookmarks=(), rolling=False, help=False, mode=self.shown.mode)
        key = (state, id(self.shown.document))
        if key != self.picture_key:
            fine = fine and (self.picture_key is None or not settles)
            self.picture_key, self._changed_at = key, time.monotonic()
        self.paint(onto, "moving" if not fine else "resting" if settles else "whole")

    def _drawn(self) -> State:
        """With what cuts the model and lies over it: made anew only where something of it may have changed, so that the picture
        is kept."""
        hover = self.hand.hover if self.desk.tool != desks.LOOK else None
        was = self._drawn_for
        if was is None or was[0] is not self.desk or was[1] is not hover or was[2] or was[3] != spoken():
            self._drawn_state = drawn(self.desk, self.hand)  # which asks for what is to be measured
            self._drawn_for = (self.desk, hover, self.desk.bench.busy, spoken())
        return self._drawn_state

    def _look(self) -> None:
        """What the mode shows of what is looked at; one that cannot be shown is told and left."""
        self.shown = shown_of(self.desk)
        if self.shown.failed:
            self.tell("wrong", self.shown.failed)
            self.state = replace(self.state, mode="clay")
            self.shown = shown_of(self.desk)

    @property
    def busy(self) -> tuple[str, ...]:
        """What is being worked at, in words."""
        made: list[str] = []
        if self.shown.waiting or self.desk.bench.busy:
            made.append(_("Measuring ..."))
        if self.desk.tool != desks.LOOK and self.desk.looked.target is None:
            made.append(_("Making the model ready for the hand ..."))
        if self.making is not None and self.making.said and self.making.busy:
            made.append(self.making.said)
        return (*self.jobs.busy, *made)
