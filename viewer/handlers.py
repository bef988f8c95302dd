"""What hands and keys do in a window: to the panels, or to the picture, where it becomes a command on the desk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sculpt3d.errors import SculptError
from viewer.detail.making import Making
from viewer.files.settings import Settings
from viewer.hand import Hand, drag, moved, press, release, wheel
from viewer.modes import modes
from viewer.overlay.dial import on_dial, pulled_to
from viewer.shell.jobs import sentence
from viewer.shell.places import Places
from viewer.shell.told import Kind
from viewer.state import desk as desks
from viewer.state.commands import State, grabbed
from viewer.state.keymap import TABLE
from viewer.tools import tools

EVENTS = (
    "draw", "mouse_press", "mouse_drag", "mouse_release", "mouse_scroll", "mouse_motion", "mouse_leave", "key_press",
    "key_release", "text", "file_drop", "resize", "expose", "close",
)  # fmt: skip


class Handlers:
    """pyglet's events of one window. shell: None where there are no panels. held_keys: modifiers, for what is dropped says none.
    holds: what the hand holds while a button is down: "picture", "panel", "dial"."""

    window: Any
    shell: Any
    desk: desks.Desk
    hand: Hand
    settings: Settings
    kept: Path | None
    keys: dict[tuple[int, frozenset[str]], tuple[str, ...]]
    leaving: str
    saved: desks.Content
    making: Making | None = None
    held_keys: int = 0
    holds: str = ""

    def wake(self) -> None:
        raise NotImplementedError

    def places(self) -> Places:
        raise NotImplementedError

    def send(self, command: str, *what: Any, **more: Any) -> None:
        raise NotImplementedError

    def tell(self, kind: Kind, text: str) -> None:
        raise NotImplementedError

    def set(self, settings: Settings) -> None:
        raise NotImplementedError

    @property
    def state(self) -> State:
        return self.desk.state

    @state.setter
    def state(self, state: State) -> None:
        self.desk = replace(self.desk, state=state)

    def on_mouse_motion(self, x: int, y: int, dx: int, dy: int) -> None:
        self.wake()
        if self.shell is not None:
            self.shell.hands.moved(x, y)
            if self.shell.takes_mouse(x, y, self.places().picture):
                return
        self.hand = moved(self.desk, self.hand, *self.in_picture(x, y), self.picture_size())

    def on_mouse_leave(self, x: int, y: int) -> None:
        self.wake()
        if self.shell is not None:
            self.shell.hands.left_window()

    def on_mouse_press(self, x: int, y: int, button: int, modifiers: int) -> None:
        self.wake()
        self.holds = "picture"
        if self.shell is not None:
            self.shell.hands.pressed(x, y, button, True)
            if self.shell.takes_mouse(x, y, self.places().picture):
                self.holds = "panel"
                return
        elif modes()[self.state.mode].lit and on_dial(x, y, self.window.width):
            self.holds = "dial"
            self.state = pulled_to(self.state, x, y, self.window.width)
            return
        names, at = held(button, modifiers), self.in_picture(x, y)
        self._by_hand(lambda: press(self.desk, self.hand, *at, names, self.picture_size()))

    def on_mouse_drag(self, x: int, y: int, dx: int, dy: int, buttons: int, modifiers: int) -> None:
        self.wake()
        if self.shell is not None:
            self.shell.hands.moved(x, y)
        if self.holds == "dial":
            self.state = pulled_to(self.state, x, y, self.window.width)
        elif self.holds == "picture":
            names, at = held(buttons, modifiers), self.in_picture(x, y)
            self._by_hand(lambda: drag(self.desk, self.hand, *at, dx, dy, names, self.picture_size()))

    def on_mouse_release(self, x: int, y: int, button: int, modifiers: int) -> None:
        self.wake()
        if self.shell is not None:
            self.shell.hands.pressed(x, y, button, False)
        if self.holds == "picture":
            names, at = held(button, modifiers), self.in_picture(x, y)
            self._by_hand(lambda: release(self.desk, self.hand, *at, names, self.picture_size()))
        self.holds = ""

    def on_mouse_scroll(self, x: int, y: int, sx: float, sy: float) -> None:
        self.wake()
        if self.shell is not None and self.shell.takes_mouse(x, y, self.places().picture):
            self.shell.hands.scrolled(x, y, sx, sy)
            return
        names = held(0, self.held_keys)
        turns = self.settings.fingers == "turn" and "ctrl" not in names
        if turns != ("shift" in names):
            before = self.state if self.state.rolling else grabbed(self.state)
            camera = self.state.camera.orbit(8 * sx, -8 * sy, self.state.turntable)
            self.state = replace(before, camera=camera, rolling=True)
        else:
            self.desk = wheel(self.desk, *self.in_picture(x, y), sx, sy, self.picture_size())

    def on_key_press(self, symbol: int, modifiers: int) -> bool:
        self.wake()
        self.held_keys = modifiers
        if self.shell is not None:
            had_list = self.shell.has_list_open()
            self.shell.hands.key(symbol, modifiers, True)
            if self.shell.takes_keys() or (had_list and self.keys.get((symbol, frozenset())) == ("leave",)):
                return True
        names = held(0, modifiers) & {"ctrl", "shift"}
        command = self.keys.get((symbol, names)) or self.keys.get((symbol, names - {"shift"}))
        if command:
            self.send(*command)
        return True

    def on_key_release(self, symbol: int, modifiers: int) -> None:
        self.wake()
        self.held_keys = modifiers
        if self.shell is not None:
            self.shell.hands.key(symbol, modifiers, False)

    def on_text(self, text: str) -> None:
        self.wake()
        if self.shell is not None:
            self.shell.hands.wrote(text)

    def on_file_drop(self, x: int, y: int, paths: list[str]) -> None:
        """One is opened, with Shift compared; of two the second is compared with the first; a saved view is worn."""
        names = list(dict.fromkeys(paths))
        compares = "shift" in held(0, self.held_keys)
        if names:
            self.send(f"{'compare' if compares else 'open'} {names[0]}")
        if len(names) > 1:
            self.send(f"then compare {names[1]}")

    def on_resize(self, width: int, height: int) -> None:
        self.wake()
        if self.settings.size != (width, height) and self.kept is not None:
            self.settings = replace(self.settings, size=(width, height))

    def on_expose(self) -> None:
        self.wake()

    def on_close(self) -> None:
        """Asked first where something would be lost."""
        self.set(self.settings)
        if not self.stays("quit"):
            self.close()

    def stays(self, command: str) -> bool:
        """Whether a command has to wait until it is said what becomes of what was measured since the desk was saved."""
        now, was = self.desk.content, self.saved
        same = (now.measurements, now.sections, now.comparison) == (was.measurements, was.sections, was.comparison)
        if same or self.shell is None or not self.settings.panels:
            return False
        self.leaving = command
        self.wake()
        return True

    def close(self) -> None:
        self.desk.bench.close()
        if self.making is not None:
            self.making.close()
        if self.window.context is not None:
            self.window.close()

    def _by_hand(self, work: Callable[[], tuple[desks.Desk, Hand]]) -> None:
        try:
            self.desk, self.hand = work()
        except (SculptError, OSError) as error:
            self.hand = Hand(at=self.hand.at)
            self.tell("wrong", sentence(error))

    def in_picture(self, x: float, y: float) -> tuple[float, float]:
        """A place of the window as one of the picture, both from their lower left corners."""
        box = self.places().picture
        return x - box.left, y - (self.window.height - box.top - box.height)

    def picture_size(self) -> tuple[int, int]:
        box = self.places().picture
        return max(1, round(box.width)), max(1, round(box.height))


def keys() -> dict[tuple[int, frozenset[str]], tuple[str, ...]]:
    """Commands by key and what is held with it."""
    from pyglet.window import key

    named: list[tuple[str, tuple[str, ...]]] = [(k.key, (k.command,)) for k in TABLE]
    named += [(m.key, (f"mode {m.name}",)) for m in modes().values()]
    named += [(t.key, ("tool", t.name)) for t in tools().values()]
    found = {}
    for keys, command in named:
        *with_it, name = keys.upper().split("+")
        found[getattr(key, name), frozenset(h.lower() for h in with_it)] = command
    return found


def held(buttons: int, modifiers: int) -> frozenset[str]:
    """Names of buttons and keys; Command counts as Ctrl."""
    from pyglet.window import key, mouse

    bits = (("left", mouse.LEFT), ("right", mouse.RIGHT), ("middle", mouse.MIDDLE))
    keys = (("shift", key.MOD_SHIFT), ("ctrl", key.MOD_CTRL | key.MOD_COMMAND), ("alt", key.MOD_ALT))
    names = {n for n, bit in bits if buttons & bit} | {n for n, bit in keys if modifiers & bit}
    return frozenset(names)
