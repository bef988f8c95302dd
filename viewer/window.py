"""The window of one desk: pyglet's events go to panels or picture and become commands; frames come when needed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sculpt3d.errors import InputError, SculptError
from sculpt3d.models.document import Document
from sculpt3d.types import U8
from viewer.detail.making import Making
from viewer.drawing.window import open_window
from viewer.files.desks import laid
from viewer.files.settings import Settings, keep_recent, keep_settings, read_recent
from viewer.hand import Hand, drag, drawn, moved, press, release, still, wheel
from viewer.language import _, speak, spoken
from viewer.modes import modes
from viewer.overlay.dial import on_dial, pulled_to
from viewer.shell.choosing import Wanted
from viewer.shell.jobs import Jobs, sentence
from viewer.shell.notices import Kind, Notice, still_told, told
from viewer.shell.orders import carry_out
from viewer.shell.places import Places, places
from viewer.state import desk as desks
from viewer.state.bench import Bench
from viewer.state.commands import State, grabbed
from viewer.state.keymap import TABLE
from viewer.state.shown import Shown, settled, shown_of
from viewer.tools import tools

_EVENTS = (
    "draw", "mouse_press", "mouse_drag", "mouse_release", "mouse_scroll", "mouse_motion", "mouse_leave", "key_press",
    "key_release", "text", "file_drop", "resize", "expose", "close",
)  # fmt: skip
_AWAKE = 1.2  # seconds that frames follow each other after the last event: tips appear, a cursor blinks
_STILL = 0.2  # seconds without a move until the picture is drawn as finely as it can be


MISSING = (
    "No font on this computer has Chinese letters, so the window stays in English. Install one (pip install 'sculpt3d[zh]'; on "
    "Debian and Ubuntu: apt install fonts-noto-cjk) and choose Chinese again."
)


class Desk:
    """unit: of the file as the user says. saved: a VIEW.json to begin with. second: a file against it. settings: None: a
    window without panels. kept: the folder of settings, None: nothing is remembered."""

    def __init__(
        self,
        document: Document,
        state: State,
        size: tuple[int, int],
        path: Path | None = None,
        unit: str | None = None,
        saved: Path | None = None,
        second: Path | None = None,
        settings: Settings | None = None,
        kept: Path | None = None,
        visible: bool = True,
    ) -> None:
        bench = Bench(document, path, unit)
        self.window = open_window(size, visible, smooth=False)
        self.window.switch_to()
        self.settings, self.kept = settings or Settings(panels=False), kept
        self.jobs = Jobs(self.failed)
        self.screen: Any = None
        self.making: Making | None = None
        self.notices: tuple[Notice, ...] = ()
        self.held_keys = 0  # modifiers, for what is dropped says none
        self._holds = ""  # what the hand holds while a button is down: "picture", "panel", "dial"
        self._changed_at = self._event_at = time.monotonic()
        self.picture_key: Any = None
        self._drawn_for: Any = None
        self._drawn_state = state
        self.shell = _shell(self.window, self.settings)
        self.keys, self.recent = _keys(), tuple[Path, ...]() if kept is None else read_recent(kept)
        self.asks_unit, self.shows_keys = False, False
        self.chooser: Wanted | None = None
        self._native: Any = None
        self.after_opening = ""  # a command that waits for the file being opened
        self.memory: Any = _memory()
        self.take_up(document, laid(bench, state, saved, second), path)
        for event in _EVENTS:
            setattr(self.window, f"on_{event}", getattr(self, f"on_{event}"))

    # what is looked at

    def take_up(self, document: Document, desk: desks.Desk, path: Path | None) -> None:
        """Another desk in place of the one there is."""
        former = getattr(self, "desk", None)
        self.document, self.path = document, None if path is None else path.resolve()
        self.desk, self.hand = desk, Hand()
        if former is not None:
            former.bench.close()
        if self.making is not None:
            self.making.close()
        self.making = Making(document)
        self.shown = Shown(document, desk.state.mode)
        if self.kept is not None and self.path is not None:
            self.recent = keep_recent(self.path, self.kept)
        self.asks_unit = document.unit_m is None and self.path is not None
        self.window.set_caption(f"{document.name} - Sculpt3D")
        for note in (*document.notes, *self.desk.said):
            self.tell("note", note)

    @property
    def state(self) -> State:
        return self.desk.state

    @state.setter
    def state(self, state: State) -> None:
        self.desk = replace(self.desk, state=state)

    def send(self, command: str, *what: Any, **more: Any) -> None:
        """Do what a command says; what cannot be done is told."""
        try:
            carry_out(self, command, *what, **more)
        except (SculptError, OSError) as error:
            self.tell("wrong", sentence(error))
        self.wake()

    act = send  # the name that desks have for it

    def tell(self, kind: Kind, text: str) -> None:
        self.notices = told(self.notices, Notice(kind, text, time.monotonic()))
        self.wake()

    def in_unit(self, document: Document, unit: str) -> None:
        """The same model in that unit, as the user says."""
        bench = Bench(document, self.path, unit)
        self.desk.bench.close()
        self.document, self.desk = document, desks.on_bench(self.desk, bench)
        self.shown = replace(self.shown, document=document)
        self.wake()

    def choose(self, wanted: Wanted) -> None:
        """By the system's dialog where there is one and the window is seen, else in the window."""
        if self.shell is None:
            raise InputError("Choosing files needs the package imgui-bundle; drop the file into the window instead")
        from viewer.shell.chooser import Native, has_native

        if self.kept is not None and has_native():
            self._native = Native(wanted)
        else:
            self.chooser = wanted

    def say_missing_letters(self) -> None:
        """In English, for the letters to say it in Chinese are missing."""
        if spoken() == "zh" and (self.shell is None or self.shell.letters.chinese is None):
            speak("en")
            self.tell("wrong", MISSING)

    def failed(self, error: BaseException) -> None:
        """A job ended with an error."""
        self.tell("wrong", sentence(error))

    def set(self, settings: Settings) -> None:
        self.settings = settings
        if self.kept is not None:
            keep_settings(settings, self.kept)

    # frames

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
        from viewer.shell.painting import paint

        self.notices = still_told(self.notices, time.monotonic())
        self._look()
        state = replace(self._drawn(), past=(), future=(), bookmarks=(), rolling=False, help=False, mode=self.shown.mode)
        key = (state, id(self.shown.document))
        if key != self.picture_key:
            fine = fine and (self.picture_key is None or not settles)
            self.picture_key, self._changed_at = key, time.monotonic()
        paint(self, onto, "moving" if not fine else "resting" if settles else "whole")

    def _drawn(self) -> State:
        """With what cuts the model and lies over it: made anew only where something of it may have changed, so that the picture
        is kept."""
        hover = self.hand.hover if self.desk.tool != desks.LOOK else None
        was = self._drawn_for
        if was is None or was[0] is not self.desk or was[1] is not hover or was[2]:
            self._drawn_state = drawn(self.desk, self.hand)  # which asks for what is to be measured
            self._drawn_for = (self.desk, hover, self.desk.bench.busy)
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
        working = self.shown.waiting or self.desk.bench.busy
        made = [self.making.said] if self.making is not None and self.making.said else []
        return (*self.jobs.busy, *([_("Measuring ...")] if working else []), *made)

    # hands

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
        self._holds = "picture"
        if self.shell is not None:
            self.shell.hands.pressed(x, y, button, True)
            if self.shell.takes_mouse(x, y, self.places().picture):
                self._holds = "panel"
                return
        elif modes()[self.state.mode].lit and on_dial(x, y, self.window.width):
            self._holds = "dial"
            self.state = pulled_to(self.state, x, y, self.window.width)
            return
        names, at = held(button, modifiers), self.in_picture(x, y)
        self._by_hand(lambda: press(self.desk, self.hand, *at, names, self.picture_size()))

    def on_mouse_drag(self, x: int, y: int, dx: int, dy: int, buttons: int, modifiers: int) -> None:
        self.wake()
        if self.shell is not None:
            self.shell.hands.moved(x, y)
        if self._holds == "dial":
            self.state = pulled_to(self.state, x, y, self.window.width)
        elif self._holds == "picture":
            names, at = held(buttons, modifiers), self.in_picture(x, y)
            self._by_hand(lambda: drag(self.desk, self.hand, *at, dx, dy, names, self.picture_size()))

    def on_mouse_release(self, x: int, y: int, button: int, modifiers: int) -> None:
        self.wake()
        if self.shell is not None:
            self.shell.hands.pressed(x, y, button, False)
        if self._holds == "picture":
            names, at = held(button, modifiers), self.in_picture(x, y)
            self._by_hand(lambda: release(self.desk, self.hand, *at, names, self.picture_size()))
        self._holds = ""

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
            self.shell.hands.key(symbol, modifiers, True)
            if self.shell.takes_keys():
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
        self.set(self.settings)
        self.close()

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

    # places of the picture

    def in_picture(self, x: float, y: float) -> tuple[float, float]:
        """A place of the window as one of the picture, both from their lower left corners."""
        box = self.places().picture
        return x - box.left, y - (self.window.height - box.top - box.height)

    def picture_size(self) -> tuple[int, int]:
        box = self.places().picture
        return max(1, round(box.width)), max(1, round(box.height))


def _shell(window: Any, settings: Settings) -> Any:
    """None where imgui-bundle is not installed: the window then has keys and an overlay alone."""
    try:
        from viewer.shell.shell import Shell
    except ImportError as error:
        if error.name is None or not error.name.startswith("imgui"):
            raise
        return None
    return Shell(window, settings)


def _memory() -> Any:
    """What fields of panels hold while they are filled in; None without panels."""
    try:
        from viewer.panels.panel import Memory
    except ImportError:
        return None
    return Memory()


def _keys() -> dict[tuple[int, frozenset[str]], tuple[str, ...]]:
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
