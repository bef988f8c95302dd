"""The window, or one picture without a window: on a screen, under Xvfb, headless (EGL), or drawn without OpenGL."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sculpt3d.errors import ResourceError
from viewer.camera import OrbitCamera
from viewer.commands import KEYS, State, apply, drag, scroll
from viewer.loading import Model, load


def view(path: Path, screenshot: Path | None = None, size: tuple[int, int] = (1280, 720)) -> None:
    """Open the model in a window, or write one picture of it. Raises `UnreadableFile`, `ResourceError`."""
    model = load(path)
    camera = OrbitCamera.framing(model.vertices, size[0] / size[1])
    state = State(camera, camera)
    if screenshot is not None:
        save_picture(screenshot, picture(model, state, size))
        return
    if not has_screen():
        raise ResourceError("There is no screen here; write a picture with --screenshot PNG instead")
    _run(model, state, size)


def has_screen() -> bool:
    return sys.platform in {"win32", "darwin"} or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def picture(model: Model, state: State, size: tuple[int, int]) -> NDArray[np.uint8]:
    """(H, W, 3). By OpenGL where it works, else ray cast."""
    try:
        window = open_window(size, visible=False)
    except ResourceError:
        print("OpenGL does not work here; drawing without it", file=sys.stderr)
        from viewer.software import draw

        return draw(model, state, size)
    from viewer.gpu import read_pixels
    from viewer.renderer import Renderer

    window.switch_to()
    renderer = Renderer(model)
    width, height = window.get_framebuffer_size()
    renderer.draw(state, width, height)
    renderer.draw_overlay(state, window.width, window.height)
    found = read_pixels(width, height)
    window.close()
    return found


def open_window(size: tuple[int, int], visible: bool) -> Any:
    """A pyglet window with a core 3.3 context, smoothed where the card can; headless where there is no screen."""
    import pyglet

    if not has_screen():
        pyglet.options.headless = True
    last: Exception | None = None
    for samples in (4, 0):
        try:
            return _window(size, visible, samples)
        except Exception as error:  # every driver, and a screen that is not there, fails in its own way
            last = error
    raise ResourceError(
        f"No window can be opened here ({str(last)[:80]}); install a graphics driver (OpenGL 3.3), or write a picture "
        "with --screenshot PNG"
    ) from last


def _window(size: tuple[int, int], visible: bool, samples: int) -> Any:
    import pyglet.window  # connects to the screen
    from pyglet import gl

    config = gl.Config(
        double_buffer=True,
        depth_size=24,
        major_version=3,
        minor_version=3,
        sample_buffers=1 if samples else 0,
        samples=samples,
    )
    return pyglet.window.Window(*size, caption="Sculpt3D", resizable=True, visible=visible, config=config)


def save_picture(path: Path, pixels: NDArray[np.uint8]) -> None:
    """PNG, whole or not at all."""
    temporary = path.with_name(f".{path.name}.part")
    Image.fromarray(pixels).save(temporary, "PNG")
    temporary.replace(path)


def _run(model: Model, state: State, size: tuple[int, int]) -> None:
    import pyglet

    window = open_window(size, visible=True)
    from pyglet.window import key, mouse

    from viewer.gpu import read_pixels
    from viewer.renderer import Renderer

    renderer = Renderer(model)
    commands = {getattr(key, name): command for name, command in KEYS.items()}
    now = {"state": state}

    @window.event  # type: ignore[untyped-decorator]
    def on_draw() -> None:
        renderer.draw(now["state"], *window.get_framebuffer_size())
        renderer.draw_overlay(now["state"], window.width, window.height)

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
            target = Path(f"{model.name}.png")
            save_picture(target, read_pixels(*window.get_framebuffer_size()))
            print(f"Picture: {target.resolve()}")
        else:
            now["state"] = apply(command, now["state"])
        return True

    pyglet.app.run(1 / 60)
