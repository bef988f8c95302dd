"""A picture's own pixels on the card: 8 bits and smoothed, whatever the window has, and seen by nobody."""

from __future__ import annotations

from typing import Any

from pyglet import gl

from sculpt3d.errors import ResourceError
from sculpt3d.types import U8
from viewer.gpu import read_pixels

_SAMPLES = 4  # a pixel, where the card can


class Offscreen:
    """What is drawn between `__init__` and `read` goes here. A hidden window would do, but that of EGL is not smoothed, may
    have 5 bits a colour, and one under X11 has no pixels that anybody promises."""

    def __init__(self, width: int, height: int) -> None:
        self.size = width, height
        most = gl.GLint()
        gl.glGetIntegerv(gl.GL_MAX_SAMPLES, most)
        self._drawn = _framebuffer(width, height, min(_SAMPLES, most.value))

    def read(self) -> U8:
        """(H, W, 3), top row first."""
        width, height = self.size
        plain = _framebuffer(width, height, 0)
        gl.glBindFramebuffer(gl.GL_READ_FRAMEBUFFER, self._drawn)
        gl.glBindFramebuffer(gl.GL_DRAW_FRAMEBUFFER, plain)
        whole = (0, 0, width, height)
        gl.glBlitFramebuffer(*whole, *whole, gl.GL_COLOR_BUFFER_BIT, gl.GL_NEAREST)
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, plain)
        return read_pixels(width, height)


def _framebuffer(width: int, height: int, samples: int) -> Any:
    name = gl.GLuint()
    gl.glGenFramebuffers(1, name)
    gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, name)
    for place, kind in (
        (gl.GL_COLOR_ATTACHMENT0, gl.GL_RGBA8),
        (gl.GL_DEPTH_ATTACHMENT, gl.GL_DEPTH_COMPONENT24),
    ):
        buffer = gl.GLuint()
        gl.glGenRenderbuffers(1, buffer)
        gl.glBindRenderbuffer(gl.GL_RENDERBUFFER, buffer)
        gl.glRenderbufferStorageMultisample(gl.GL_RENDERBUFFER, samples, kind, width, height)
        gl.glFramebufferRenderbuffer(gl.GL_FRAMEBUFFER, place, gl.GL_RENDERBUFFER, buffer)
    if gl.glCheckFramebufferStatus(gl.GL_FRAMEBUFFER) != gl.GL_FRAMEBUFFER_COMPLETE:
        raise ResourceError(
            f"The graphics card takes no picture of {width} x {height}; give a smaller --size"
        )
    return name
