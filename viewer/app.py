"""The window: what people do in it becomes commands on the state."""

from __future__ import annotations

from pathlib import Path

from sculpt3d.errors import ResourceError
from sculpt3d.models.document import Document
from sculpt3d.models.notes import tell
from viewer.drawing.picture import SIZE, check_target, framed, picture, save_picture
from viewer.drawing.window import has_screen, open_window
from viewer.files.loading import load
from viewer.panels.overlay import draw_in_window, draw_on
from viewer.state.commands import KEYS, State, apply, drag, scroll


def view(path: Path, screenshot: Path | None = None, size: tuple[int, int] = SIZE) -> None:
    """Open the model in a window, or write one picture of it. Raises `UnreadableFile`, `ResourceError`."""
    if screenshot is not None:
        check_target(screenshot)
    document = load(path)
    tell(document.notes)
    state = framed(document, size)
    if screenshot is not None:
        save_picture(screenshot, draw_on(picture(document, state, size), document, state))
        return
    if not has_screen():
        raise ResourceError("There is no screen here; write a picture with --screenshot PNG instead")
    _run(document, state, size)


def _run(document: Document, state: State, size: tuple[int, int]) -> None:
    import pyglet

    window = open_window(size, visible=True)
    from pyglet.window import key, mouse

    from viewer.drawing.gpu import read_pixels
    from viewer.drawing.renderer import Renderer

    renderer = Renderer(document)
    commands = {getattr(key, name): command for name, command in KEYS.items()}
    now = {"state": state}

    @window.event  # type: ignore[untyped-decorator]
    def on_draw() -> None:
        renderer.draw(now["state"], *window.get_framebuffer_size())
        draw_in_window(document, now["state"], window.width, window.height)

    @window.event  # type: ignore[untyped-decorator]
    def on_mouse_drag(x: int, y: int, dx: int, dy: int, buttons: int, modifiers: int) -> None:
        names = {
            n
            for n, bit in (("left", mouse.LEFT), ("right", mouse.RIGHT), ("middle", mouse.MIDDLE))
            if buttons & bit
        }
        names |= {n for n, bit in (("shift", key.MOD_SHIFT), ("ctrl", key.MOD_CTRL)) if modifiers & bit}
        now["state"] = drag(now["state"], dx, dy, frozenset(names), window.height)

    @window.event  # type: ignore[untyped-decorator]
    def on_mouse_scroll(x: int, y: int, sx: float, sy: float) -> None:
        now["state"] = scroll(now["state"], sx, sy)

    @window.event  # type: ignore[untyped-decorator]
    def on_key_press(symbol: int, modifiers: int) -> bool:
        command = commands.get(symbol, "")
        if command == "quit":
            window.close()
        elif command == "screenshot":
            on_draw()
            target = Path(f"{document.name}.png")
            save_picture(target, read_pixels(*window.get_framebuffer_size()))
            print(f"Picture: {target.resolve()}")
        else:
            now["state"] = apply(command, now["state"])
        return True

    pyglet.app.run(1 / 60)
