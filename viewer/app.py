"""The window: what people do in it becomes commands on the state."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sculpt3d.errors import InputError, ResourceError, SculptError
from sculpt3d.models.document import Document
from sculpt3d.models.notes import tell
from viewer.drawing.picture import SIZE, framed, picture
from viewer.drawing.window import has_screen, open_window
from viewer.files.desks import desk_told, laid, unit_in, write_desk
from viewer.files.loading import load
from viewer.files.saving import check_target, save_picture
from viewer.hand import Hand, drag, drawn, finish, moved, press, release, still, wheel
from viewer.modes import modes
from viewer.panels.dial import on_dial, pulled_to
from viewer.panels.overlay import draw_in_window, draw_on
from viewer.state import desk as desks
from viewer.state.bench import Bench
from viewer.state.commands import KEYS, State, apply
from viewer.state.desk import LOOK, act
from viewer.state.shown import Shown, settled, shown_of
from viewer.tools import tools


def view(
    path: Path,
    screenshot: Path | None = None,
    size: tuple[int, int] = SIZE,
    saved: Path | None = None,
    unit: str | None = None,
    second: Path | None = None,
) -> None:
    """Open the model in a window, or write one picture of it. saved: a VIEW.json to begin with; second: a file against it.

    Raises `UnreadableFile`, `ResourceError`.
    """
    if screenshot is not None:
        check_target(screenshot)
    unit = unit or unit_in(saved)
    document = load(path, unit)
    tell(document.notes)
    state = framed(document, size)
    if screenshot is not None:
        desk = laid(Bench(document, path, unit), state, saved, second)
        shown = settled(desk)
        if shown.failed:
            raise InputError(shown.failed)
        pixels = picture(shown.document, still(desk), size)
        save_picture(screenshot, draw_on(pixels, document, desk.state, shown.field), desk_told(desk))
        return
    if not has_screen():
        raise ResourceError("There is no screen here; write a picture with --screenshot PNG instead")
    Desk(document, state, size, path, unit, saved, second).run()


class Desk:
    """A window on one document."""

    def __init__(
        self,
        document: Document,
        state: State,
        size: tuple[int, int],
        path: Path | None = None,
        unit: str | None = None,
        saved: Path | None = None,
        second: Path | None = None,
    ) -> None:
        self.desk, self.hand = laid(Bench(document, path, unit), state, saved, second), Hand()
        self.window = open_window(size, visible=True)
        from pyglet.window import key

        from viewer.drawing.renderer import Renderer

        self.document, self.renderer = document, Renderer(document)
        tell(self.desk.said)
        self.commands = {getattr(key, name): command for name, command in KEYS.items()}
        self.commands |= {getattr(key, m.key): f"mode {m.name}" for m in modes().values()}
        self.tools = {getattr(key, t.key.removeprefix("shift+")): t.name for t in tools().values()}
        self._shown = Shown(document, state.mode)
        self._on_dial = False
        for event in (
            "draw", "mouse_press", "mouse_drag", "mouse_release", "mouse_scroll", "mouse_motion", "key_press",
        ):  # fmt: skip
            setattr(self.window, f"on_{event}", getattr(self, f"on_{event}"))

    def run(self) -> None:
        import pyglet

        try:
            pyglet.app.run(1 / 60)
        finally:
            self.desk.bench.close()

    @property
    def state(self) -> State:
        return self.desk.state

    @state.setter
    def state(self, state: State) -> None:
        self.desk = replace(self.desk, state=state)

    def on_draw(self) -> None:
        state = self._prepared()
        self.renderer.draw(state, *self.window.get_framebuffer_size())
        draw_in_window(
            self.document,
            state,
            self.window.width,
            self.window.height,
            self._shown.field,
            self.hand.rectangle,
        )

    def on_mouse_press(self, x: int, y: int, button: int, modifiers: int) -> None:
        self._on_dial = modes()[self.state.mode].lit and on_dial(x, y, self.window.width)
        if self._on_dial:
            self.state = pulled_to(self.state, x, y, self.window.width)
            return
        self._by_hand(lambda: press(self.desk, self.hand, x, y, _held(button, modifiers), self._size))

    def on_mouse_drag(self, x: int, y: int, dx: int, dy: int, buttons: int, modifiers: int) -> None:
        if self._on_dial:
            self.state = pulled_to(self.state, x, y, self.window.width)
            return
        names = _held(buttons, modifiers)
        self._by_hand(lambda: drag(self.desk, self.hand, x, y, dx, dy, names, self._size))

    def on_mouse_release(self, x: int, y: int, button: int, modifiers: int) -> None:
        if self._on_dial:
            self._on_dial = False
            return
        self._by_hand(lambda: release(self.desk, self.hand, x, y, _held(button, modifiers), self._size))

    def on_mouse_motion(self, x: int, y: int, dx: int, dy: int) -> None:
        self.hand = moved(self.desk, self.hand, x, y, self._size)

    def on_mouse_scroll(self, x: int, y: int, sx: float, sy: float) -> None:
        self.desk = wheel(self.desk, x, y, sx, sy, self._size)

    def on_key_press(self, symbol: int, modifiers: int) -> bool:
        from pyglet.window import key

        names = _held(0, modifiers)
        command = self.commands.get(symbol, "")
        if "shift" in names and symbol in self.tools:
            self.act("tool", self.tools[symbol])
        elif "ctrl" in names and symbol in (key.Z, key.Y):
            self.act("undo edit" if symbol == key.Z else "redo edit")
        elif symbol in (key.ENTER, key.RETURN):
            self._by_hand(lambda: (finish(self.desk), self.hand))
        elif symbol == key.BACKSPACE:
            self.act("step back")
        elif symbol == key.DELETE and self.desk.selected is not None:
            self.act("delete", self.desk.selected)
        elif symbol == key.ESCAPE and (self.desk.tool != LOOK or self.desk.selected is not None):
            self.act("cancel")
        elif command == "quit":
            self.window.close()
        elif command in {"screenshot", "save view"}:
            self._save(command)
        else:
            self.state = apply(command, self.state)
        return True

    def act(self, command: str, *what: Any, **more: Any) -> None:
        """A command on the desk; one that cannot be done is said."""
        self._by_hand(lambda: (act(self.desk, command, *what, **more), self.hand))

    def _by_hand(self, work: Callable[[], tuple[desks.Desk, Hand]]) -> None:
        try:
            self.desk, self.hand = work()
        except (SculptError, OSError) as error:
            self.hand = Hand(at=self.hand.at)
            print(f"sculpt3d: {error}", file=sys.stderr)

    @property
    def _size(self) -> tuple[int, int]:
        return self.window.width, max(self.window.height, 1)

    def _save(self, what: str) -> None:
        """A file that cannot be written is said; the window stays."""
        try:
            if what == "screenshot":
                self._save_picture()
            else:
                self._save_view()
        except (SculptError, OSError) as error:
            print(f"sculpt3d: {error}", file=sys.stderr)

    def _prepared(self) -> State:
        """What is looked at is given to the card when it is another; while it is being measured the model is in clay."""
        shown, was = shown_of(self.desk), self._shown.document
        if shown.failed:
            print(f"sculpt3d: {shown.failed}", file=sys.stderr)
            self.state = replace(self.state, mode="clay")
            shown = shown_of(self.desk)
        self._shown = shown
        if shown.document is not was:
            from viewer.drawing.renderer import Renderer

            self.renderer = Renderer(shown.document)
        return replace(drawn(self.desk, self.hand), mode=shown.mode)

    def _save_picture(self) -> None:
        from viewer.drawing.gpu import read_pixels

        settled(self.desk)  # a picture that is kept shows all that was asked for
        still(self.desk)
        self.on_draw()
        target = Path(f"{self.document.name}.png")
        save_picture(target, read_pixels(*self.window.get_framebuffer_size()))
        print(f"Picture: {target.resolve()}")

    def _save_view(self) -> None:
        target = Path(f"{self.document.name}.view.json")
        write_desk(target, self.desk)
        print(f"View: {target.resolve()}")


def _held(buttons: int, modifiers: int) -> frozenset[str]:
    from pyglet.window import key, mouse

    bits = (("left", mouse.LEFT), ("right", mouse.RIGHT), ("middle", mouse.MIDDLE))
    keys = (("shift", key.MOD_SHIFT), ("ctrl", key.MOD_CTRL), ("alt", key.MOD_ALT))
    names = {n for n, bit in bits if buttons & bit} | {n for n, bit in keys if modifiers & bit}
    return frozenset(names)
