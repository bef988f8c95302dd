"""The model's picture, kept on the card: panels are drawn anew many times a second, the model only when it changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyglet import gl

from sculpt3d.types import U8
from viewer.drawing.gpu import read_pixels

_MOST = 24_000_000  # pixels of a picture that is drawn larger to be smooth
Draw = Callable[[int, int, int], None]


class Canvas:
    """A framebuffer of its own, with depth where asked."""

    def __init__(self, width: int, height: int, depth: bool) -> None:
        self.width, self.height = width, height
        self.name = gl.GLuint()
        self._buffers = [gl.GLuint() for _ in range(2 if depth else 1)]
        gl.glGenFramebuffers(1, self.name)
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, self.name)
        kinds = (
            (gl.GL_COLOR_ATTACHMENT0, gl.GL_RGBA8),
            (gl.GL_DEPTH_ATTACHMENT, gl.GL_DEPTH_COMPONENT24),
        )
        for buffer, (place, kind) in zip(self._buffers, kinds, strict=False):
            gl.glGenRenderbuffers(1, buffer)
            gl.glBindRenderbuffer(gl.GL_RENDERBUFFER, buffer)
            gl.glRenderbufferStorage(gl.GL_RENDERBUFFER, kind, width, height)
            gl.glFramebufferRenderbuffer(gl.GL_FRAMEBUFFER, place, gl.GL_RENDERBUFFER, buffer)

    def bind(self) -> None:
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, self.name)

    def read(self) -> U8:
        """(H, W, 3), top row first."""
        self.bind()
        return read_pixels(self.width, self.height)

    def close(self) -> None:
        gl.glDeleteFramebuffers(1, self.name)
        for buffer in self._buffers:
            gl.glDeleteRenderbuffers(1, buffer)


class Kept:
    """The last picture and what it was drawn for."""

    def __init__(self) -> None:
        self._canvas: Canvas | None = None
        self._key: Any = None

    def show(self, key: Any, draw: Draw, size: tuple[int, int], corner: tuple[int, int], onto: int, finer: int) -> bool:
        """The picture at `corner` (left, low) of framebuffer `onto`, drawn by `draw(width, height, finer)` where `key` is new;
        whether it was."""
        finer = finer if size[0] * size[1] * finer**2 <= _MOST else 1
        new = (key, size, finer) != self._key
        if new:
            self._draw(draw, size, finer)
            self._key = (key, size, finer)
        assert self._canvas is not None
        (left, low), (width, height) = corner, size
        gl.glDisable(gl.GL_SCISSOR_TEST)
        gl.glBindFramebuffer(gl.GL_READ_FRAMEBUFFER, self._canvas.name)
        gl.glBindFramebuffer(gl.GL_DRAW_FRAMEBUFFER, onto)
        gl.glBlitFramebuffer(
            0, 0, self._canvas.width, self._canvas.height, left, low, left + width, low + height,
            gl.GL_COLOR_BUFFER_BIT, gl.GL_LINEAR if finer > 1 else gl.GL_NEAREST,
        )  # fmt: skip
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, onto)
        return new

    def read(self) -> U8 | None:
        """The picture as it is kept (H, W, 3), for a file; None before the first."""
        return None if self._canvas is None else self._canvas.read()

    def _draw(self, draw: Draw, size: tuple[int, int], finer: int) -> None:
        wanted = size[0] * finer, size[1] * finer
        if self._canvas is None or (self._canvas.width, self._canvas.height) != wanted:
            if self._canvas is not None:
                self._canvas.close()
            self._canvas = Canvas(*wanted, depth=True)
        self._canvas.bind()
        draw(*size, finer)
