"""The window: what people do in it becomes commands on the state."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from sculpt3d.errors import ResourceError, SculptError
from sculpt3d.models.document import Document
from sculpt3d.models.notes import tell
from viewer.drawing.picture import SIZE, framed, picture
from viewer.drawing.window import has_screen, open_window
from viewer.files.loading import load
from viewer.files.saving import check_target, save_picture
from viewer.modes import modes
from viewer.modes.measured import Measured, measured
from viewer.panels.dial import on_dial, pulled_to
from viewer.panels.overlay import draw_in_window, draw_on
from viewer.state.commands import KEYS, State, apply, drag, frame_selection, grabbed, scroll, within


def view(
    path: Path,
    screenshot: Path | None = None,
    size: tuple[int, int] = SIZE,
    saved: Path | None = None,
    unit: str | None = None,
) -> None:
    """Open the model in a window, or write one picture of it. saved: a VIEW.json to begin with.

    Raises `UnreadableFile`, `ResourceError`.
    """
    from viewer.files.views import read_state, told_of

    if screenshot is not None:
        check_target(screenshot)
    document = load(path, unit)
    tell(document.notes)
    state = framed(document, size)
    if saved is not None:
        state = read_state(saved, document, state)
    if screenshot is not None:
        shown = measured(document, state)
        pixels = picture(shown.document, shown.state, size)
        save_picture(screenshot, draw_on(pixels, document, state, shown.field), told_of(document, state))
        return
    if not has_screen():
        raise ResourceError("There is no screen here; write a picture with --screenshot PNG instead")
    Desk(document, state, size).run()


class Desk:
    """A window on one document."""

    def __init__(self, document: Document, state: State, size: tuple[int, int]) -> None:
        self.window = open_window(size, visible=True)
        from pyglet.window import key

        from viewer.drawing.renderer import Renderer

        self.document, self.state, self.renderer = document, state, Renderer(document)
        self.commands = {getattr(key, name): command for name, command in KEYS.items()}
        self.commands |= {getattr(key, m.key): f"mode {m.name}" for m in modes().values()}
        self._measured_for: Any = None
        self._shown = Measured(document, state)
        self._rectangle: list[float] | None = None
        self._on_dial = False
        for event in ("draw", "mouse_press", "mouse_drag", "mouse_release", "mouse_scroll", "key_press"):
            setattr(self.window, f"on_{event}", getattr(self, f"on_{event}"))

    def run(self) -> None:
        import pyglet

        pyglet.app.run(1 / 60)

    def on_draw(self) -> None:
        state = self._prepared()
        self.renderer.draw(state, *self.window.get_framebuffer_size())
        draw_in_window(
            self.document, state, self.window.width, self.window.height, self._shown.field, self._rectangle
        )

    def on_mouse_press(self, x: int, y: int, button: int, modifiers: int) -> None:
        names = _held(button, modifiers)
        self._on_dial = modes()[self.state.mode].lit and on_dial(x, y, self.window.width)
        if self._on_dial:
            self.state = pulled_to(self.state, x, y, self.window.width)
        elif "alt" in names:
            self._rectangle = [x, y, x, y]
        elif "ctrl" not in names:
            self.state = grabbed(self.state)

    def on_mouse_drag(self, x: int, y: int, dx: int, dy: int, buttons: int, modifiers: int) -> None:
        if self._on_dial:
            self.state = pulled_to(self.state, x, y, self.window.width)
        elif self._rectangle is not None:
            self._rectangle[2:] = [x, y]
        else:
            self.state = drag(self.state, dx, dy, _held(buttons, modifiers), self.window.height)

    def on_mouse_release(self, x: int, y: int, button: int, modifiers: int) -> None:
        self._on_dial = False
        if self._rectangle is None:
            return
        (left, right), (low, high) = sorted(self._rectangle[::2]), sorted(self._rectangle[1::2])
        self._rectangle = None
        (a, b), (c, d) = self._seen(left, low), self._seen(right, high)
        held = within(self.state.camera, self.document.points(), (a, b, c, d), self._aspect)
        self.state = frame_selection(self.state, held, self._aspect)

    def on_mouse_scroll(self, x: int, y: int, sx: float, sy: float) -> None:
        self.state = scroll(self.state, sx, sy, self._seen(x, y), self._aspect)

    def on_key_press(self, symbol: int, modifiers: int) -> bool:
        command = self.commands.get(symbol, "")
        if command == "quit":
            self.window.close()
        elif command in {"screenshot", "save view"}:
            self._save(command)
        else:
            self.state = apply(command, self.state)
        return True

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
        """What the mode measures is measured once, and given to the card."""
        key = (self.state.mode, self.state.shown)
        if key != self._measured_for:
            from viewer.drawing.renderer import Renderer

            was = self._shown.document
            try:
                self._shown = measured(self.document, self.state)
            except SculptError as error:
                print(f"sculpt3d: {error}", file=sys.stderr)
                self.state = replace(self.state, mode="clay")
                self._shown = Measured(self.document, self.state)
            self._measured_for = (self.state.mode, self.state.shown)
            if self._shown.document is not was:
                self.renderer = Renderer(self._shown.document)
        return self.state

    def _save_picture(self) -> None:
        from viewer.drawing.gpu import read_pixels

        self.on_draw()
        target = Path(f"{self.document.name}.png")
        save_picture(target, read_pixels(*self.window.get_framebuffer_size()))
        print(f"Picture: {target.resolve()}")

    def _save_view(self) -> None:
        from viewer.files.views import write_state

        target = Path(f"{self.document.name}.view.json")
        write_state(target, self.document, self.state)
        print(f"View: {target.resolve()}")

    def _seen(self, x: float, y: float) -> tuple[float, float]:
        """Window coordinates as -1..1."""
        return 2 * x / self.window.width - 1, 2 * y / self.window.height - 1

    @property
    def _aspect(self) -> float:
        return float(self.window.width / max(self.window.height, 1))


def _held(buttons: int, modifiers: int) -> frozenset[str]:
    from pyglet.window import key, mouse

    bits = (("left", mouse.LEFT), ("right", mouse.RIGHT), ("middle", mouse.MIDDLE))
    keys = (("shift", key.MOD_SHIFT), ("ctrl", key.MOD_CTRL), ("alt", key.MOD_ALT))
    names = {n for n, bit in bits if buttons & bit} | {n for n, bit in keys if modifiers & bit}
    return frozenset(names)
