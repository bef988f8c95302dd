"""A window with OpenGL 3.3, on a screen or without one (EGL)."""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any

from sculpt3d.errors import ResourceError


def has_screen() -> bool:
    return sys.platform in {"win32", "darwin"} or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def open_window(size: tuple[int, int], visible: bool, smooth: bool = True) -> Any:
    """A pyglet window with a core 3.3 context, smoothed where the card can and it is asked; headless where there is no screen.
    Files may be dropped into it."""
    import pyglet

    if not has_screen():
        pyglet.options.headless = True
    last: Exception | None = None
    for samples in (4, 0) if smooth else (0,):
        try:
            with warnings.catch_warnings(action="ignore"):  # pyglet's, of EGL without a card
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
        red_size=8,  # EGL else gives the first it has: 5, 6 and 5 bits
        green_size=8,
        blue_size=8,
        depth_size=24,
        major_version=3,
        minor_version=3,
        sample_buffers=1 if samples else 0,
        samples=samples,
    )
    return pyglet.window.Window(
        *size, caption="Sculpt3D", resizable=True, visible=visible, config=config, file_drops=visible
    )
