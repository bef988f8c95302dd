"""A picture's own pixels on the card: 8 bits and smoothed, whatever the window has, and seen by nobody."""

from __future__ import annotations

from typing import Any

from pyglet import gl

from sculpt3d.errors import ResourceError
from sculpt3d.types import U8
from viewer.drawing.gpu import read_pixels

FINER = 2  # pixels drawn a pixel of the picture each way. Four samples a pixel (MSAA) took 2.4 core-s of 5 M triangles on
# llvmpipe, this 1.1 (none 1.0), and it smooths textures and cut-outs too.


class Layer:
    """A framebuffer with depths, `finer` times as large as the picture it is for."""

    def __init__(self, width: int, height: int, finer: int) -> None:
        self.width, self.height, self.finer = width, height, finer
        self.name, self._buffers = _framebuffer(width * finer, height * finer)

    def bind(self) -> None:
        """What is drawn from now on goes here."""
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, self.name)

    def copy_to(self, other: Layer) -> None:
        """Colours and depths, to a layer of this size."""
        box = (0, 0, self.width * self.finer, self.height * self.finer)
        gl.glBindFramebuffer(gl.GL_READ_FRAMEBUFFER, self.name)
        gl.glBindFramebuffer(gl.GL_DRAW_FRAMEBUFFER, other.name)
        gl.glBlitFramebuffer(*box, *box, gl.GL_COLOR_BUFFER_BIT | gl.GL_DEPTH_BUFFER_BIT, gl.GL_NEAREST)

    def averaged_to(self, plain: Layer) -> None:
        """Colours, to a layer as large as the picture."""
        large = (0, 0, self.width * self.finer, self.height * self.finer)
        gl.glBindFramebuffer(gl.GL_READ_FRAMEBUFFER, self.name)
        gl.glBindFramebuffer(gl.GL_DRAW_FRAMEBUFFER, plain.name)
        way = gl.GL_NEAREST if self.finer == 1 else gl.GL_LINEAR
        gl.glBlitFramebuffer(*large, 0, 0, self.width, self.height, gl.GL_COLOR_BUFFER_BIT, way)

    def show(self, onto: int, corner: tuple[int, int]) -> None:
        """A layer as large as its picture, at `corner` (left, low) of the framebuffer of that number, which is bound then."""
        (left, low), box = corner, (0, 0, self.width, self.height)
        gl.glDisable(gl.GL_SCISSOR_TEST)
        gl.glBindFramebuffer(gl.GL_READ_FRAMEBUFFER, self.name)
        gl.glBindFramebuffer(gl.GL_DRAW_FRAMEBUFFER, onto)
        there = (left, low, left + self.width, low + self.height)
        gl.glBlitFramebuffer(*box, *there, gl.GL_COLOR_BUFFER_BIT, gl.GL_NEAREST)
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, onto)

    def read(self) -> U8:
        """(H, W, 3), top row first; of a layer as large as its picture."""
        self.bind()
        return read_pixels(self.width, self.height)

    def free(self) -> None:
        for buffer in self._buffers:
            gl.glDeleteRenderbuffers(1, buffer)
        gl.glDeleteFramebuffers(1, self.name)


class Offscreen:
    """What is drawn between `bind` and `read` goes here, `finer` times as large as the picture. A hidden window would
    do, but that of EGL is not smoothed, may have 5 bits a colour, and one under X11 has no pixels that anybody promises."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.finer = FINER if FINER * max(width, height) <= largest() else 1
        self._drawn, self._plain = Layer(width, height, self.finer), Layer(width, height, 1)

    def bind(self) -> None:
        """What is drawn from now on goes here."""
        self._drawn.bind()

    def read(self) -> U8:
        """(H, W, 3), top row first."""
        self._drawn.averaged_to(self._plain)
        return self._plain.read()

    def free(self) -> None:
        self._drawn.free()
        self._plain.free()


def largest() -> int:
    """Pixels a side that the card draws."""
    most = gl.GLint()
    gl.glGetIntegerv(gl.GL_MAX_RENDERBUFFER_SIZE, most)
    return int(most.value)


def _framebuffer(width: int, height: int) -> tuple[Any, list[Any]]:
    name, buffers = gl.GLuint(), []
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
        buffers.append(buffer)
    if gl.glCheckFramebufferStatus(gl.GL_FRAMEBUFFER) != gl.GL_FRAMEBUFFER_COMPLETE:
        raise ResourceError(
            f"The graphics card takes no picture of {width} x {height}; give a smaller --size"
        )
    return name, buffers
