"""A picture's own pixels on the card: 8 bits and smoothed, whatever the window has, and seen by nobody."""

from __future__ import annotations

from typing import Any

from pyglet import gl

from sculpt3d.errors import ResourceError
from sculpt3d.types import U8
from viewer.drawing.gpu import read_pixels

FINER = 2  # pixels drawn a pixel of the picture each way. Four samples a pixel (MSAA) took 2.4 core-s of 5 M triangles on
# llvmpipe, this 1.1 (none 1.0), and it smooths textures and cut-outs too.


class Offscreen:
    """What is drawn between `bind` and `read` goes here, `finer` times as large as the picture. A hidden window would
    do, but that of EGL is not smoothed, may have 5 bits a colour, and one under X11 has no pixels that anybody promises."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        most = gl.GLint()
        gl.glGetIntegerv(gl.GL_MAX_RENDERBUFFER_SIZE, most)
        self.finer = FINER if FINER * max(width, height) <= most.value else 1
        self._drawn = _framebuffer(width * self.finer, height * self.finer)
        self._plain = _framebuffer(width, height)

    def bind(self) -> None:
        """What is drawn from now on goes here."""
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, self._drawn)

    def read(self) -> U8:
        """(H, W, 3), top row first."""
        width, height = self.width, self.height
        plain = self._plain
        gl.glBindFramebuffer(gl.GL_READ_FRAMEBUFFER, self._drawn)
        gl.glBindFramebuffer(gl.GL_DRAW_FRAMEBUFFER, plain)
        large = (0, 0, width * self.finer, height * self.finer)
        gl.glBlitFramebuffer(*large, 0, 0, width, height, gl.GL_COLOR_BUFFER_BIT, gl.GL_LINEAR)
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, plain)
        return read_pixels(width, height)


def _framebuffer(width: int, height: int) -> Any:
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
        gl.glRenderbufferStorage(gl.GL_RENDERBUFFER, kind, width, height)
        gl.glFramebufferRenderbuffer(gl.GL_FRAMEBUFFER, place, gl.GL_RENDERBUFFER, buffer)
    if gl.glCheckFramebufferStatus(gl.GL_FRAMEBUFFER) != gl.GL_FRAMEBUFFER_COMPLETE:
        raise ResourceError(
            f"The graphics card takes no picture of {width} x {height}; give a smaller --size"
        )
    return name
