"""Marks on the card: their triangles over what is drawn, faint where the model is before them; words and pictures last."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from pyglet import gl

from sculpt3d.geometry import F64
from sculpt3d.types import F32, U8
from viewer.drawing.gpu import filled as of_length
from viewer.drawing.gpu import program
from viewer.drawing.strokes import HATCH_PX, HATCH_WIDE, Flat, Label, flat, labels, lift
from viewer.state.camera import Tile
from viewer.state.commands import State
from viewer.state.cuts import MOST_CUTS

_FLOATS = 8  # a corner: x, y, 0, depth, colour and strength


class MarkDrawer:
    """Draws what a state has over its model; made when there is something for the first time."""

    def __init__(self) -> None:
        self.flat, self.label, self.wash = program("marks"), program("label"), program("wash", "marks")
        self.vao, self.buffer = gl.GLuint(), gl.GLuint()
        gl.glGenVertexArrays(1, self.vao)
        gl.glGenBuffers(1, self.buffer)
        gl.glBindVertexArray(self.vao)
        gl.glBindBuffer(gl.GL_ARRAY_BUFFER, self.buffer)
        for place, count, start in ((0, 3, 0), (1, 1, 12), (2, 4, 16)):
            gl.glEnableVertexAttribArray(place)
            gl.glVertexAttribPointer(place, count, gl.GL_FLOAT, gl.GL_FALSE, 4 * _FLOATS, start)
        gl.glBindVertexArray(0)
        self._textures: dict[int, tuple[U8, Any]] = {}
        self._washes: dict[int, tuple[F64, Any, Any]] = {}

    def draw(self, state: State, size: tuple[int, int], finer: int, tile: Tile) -> None:
        """After the model, into the same framebuffer."""
        gl.glEnable(gl.GL_DEPTH_TEST)
        gl.glDepthFunc(gl.GL_LEQUAL)
        gl.glEnable(gl.GL_BLEND)
        gl.glBlendFunc(gl.GL_SRC_ALPHA, gl.GL_ONE_MINUS_SRC_ALPHA)
        self._fill(state, size, finer, tile)
        self._settle(state, size, finer, tile)
        gl.glDepthMask(gl.GL_FALSE)
        found = flat(state, size, finer)
        gl.glDepthFunc(gl.GL_GREATER)
        self._draw(found, found.hidden)
        gl.glDepthFunc(gl.GL_LEQUAL)
        self._draw(found, found.seen)
        self.flat.stop()
        gl.glDepthFunc(gl.GL_LESS)
        gl.glDisable(gl.GL_DEPTH_TEST)
        self._write(labels(state.over, state.camera, size, finer), finer, tile)
        gl.glDepthMask(gl.GL_TRUE)
        gl.glDisable(gl.GL_BLEND)
        gl.glEnable(gl.GL_DEPTH_TEST)

    def _settle(self, state: State, size: tuple[int, int], finer: int, tile: Tile) -> None:
        left, top, wide, high = tile
        m = state.camera.projection(*size, tile)
        self.flat.use()
        self.flat["onto"] = (
            2 / (wide * finer),
            -2 / (high * finer),
            -1 - 2 * left / wide,
            1 + 2 * top / high,
        )
        self.flat["depths"] = _depths(m)
        self.flat["hatch"] = (0.0, 0.0, 0.0)

    def _fill(self, state: State, size: tuple[int, int], finer: int, tile: Tile) -> None:
        """Filled marks stay on the card from picture to picture: there may be a million triangles of them."""
        camera, m = state.camera, state.camera.projection(*size, tile)
        self._forget_washes({id(f.corners) for f in state.over.fills})
        self.wash.use()
        self.wash["view"], self.wash["projection"] = tuple(camera.view().T.ravel()), tuple(m.T.ravel())
        self.wash["depths"], self.wash["corner"] = (
            _depths(m),
            (float(tile[0] * finer), float(tile[1] * finer)),
        )
        for fill in sorted(state.over.fills, key=lambda f: not f.solid):
            gl.glDepthMask(gl.GL_TRUE if fill.solid else gl.GL_FALSE)
            times = finer if fill.hatched else 0
            self.wash["hatch"] = (float(times * HATCH_PX), times * HATCH_WIDE, float(tile[3] * finer))
            self.wash["lift"] = (0.0, 0.0) if fill.solid else lift(camera, state.home.radius, size)
            cuts = () if fill.solid else state.cuts  # what is cut away has no skin
            self.wash["cut"] = of_length(cuts, (0.0, 0.0, 0.0, 1.0), MOST_CUTS)
            for k in range(MOST_CUTS):
                (gl.glEnable if k < len(cuts) else gl.glDisable)(gl.GL_CLIP_DISTANCE0 + k)
            self.wash["wash"] = (*(float(c) for c in fill.colour), float(fill.alpha))
            gl.glBindVertexArray(self._on_card(fill.corners))
            gl.glDrawArrays(gl.GL_TRIANGLES, 0, 3 * len(fill.corners))
        for k in range(MOST_CUTS):
            gl.glDisable(gl.GL_CLIP_DISTANCE0 + k)
        gl.glBindVertexArray(0)
        self.wash.stop()

    def _on_card(self, corners: F64) -> Any:
        kept = self._washes.get(id(corners))
        if kept is not None:
            return kept[1]
        vao, buffer, data = gl.GLuint(), gl.GLuint(), np.ascontiguousarray(corners, np.float32)
        gl.glGenVertexArrays(1, vao)
        gl.glGenBuffers(1, buffer)
        gl.glBindVertexArray(vao)
        gl.glBindBuffer(gl.GL_ARRAY_BUFFER, buffer)
        where = data.ctypes.data_as(ctypes.c_void_p)
        gl.glBufferData(gl.GL_ARRAY_BUFFER, data.nbytes, where, gl.GL_STATIC_DRAW)
        gl.glEnableVertexAttribArray(0)
        gl.glVertexAttribPointer(0, 3, gl.GL_FLOAT, gl.GL_FALSE, 0, 0)
        self._washes[id(corners)] = (corners, vao, buffer)
        return vao

    def _forget_washes(self, used: set[int]) -> None:
        for key in [k for k in self._washes if k not in used]:
            _, vao, buffer = self._washes.pop(key)
            gl.glDeleteVertexArrays(1, vao)
            gl.glDeleteBuffers(1, buffer)

    def _draw(self, found: Flat, strength: F32) -> None:
        kept = strength > 0
        if not kept.any():
            return
        rows = np.zeros((int(kept.sum()), 3, _FLOATS), np.float32)
        rows[..., :2], rows[..., 3] = found.xy[kept], found.depth[kept]
        rows[..., 4:7], rows[..., 7] = found.rgb[kept][:, None], strength[kept][:, None]
        gl.glBindVertexArray(self.vao)
        gl.glBindBuffer(gl.GL_ARRAY_BUFFER, self.buffer)
        where = rows.ctypes.data_as(ctypes.c_void_p)
        gl.glBufferData(gl.GL_ARRAY_BUFFER, rows.nbytes, where, gl.GL_STREAM_DRAW)
        gl.glDrawArrays(gl.GL_TRIANGLES, 0, 3 * len(rows))
        gl.glBindVertexArray(0)

    def _write(self, found: list[Label], finer: int, tile: Tile) -> None:
        self._forget({id(one.pixels) for one in found})
        left, top, wide, high = (v * finer for v in tile)
        self.label.use()
        self.label["picture"] = 0
        gl.glBindVertexArray(self.vao)
        gl.glActiveTexture(gl.GL_TEXTURE0)
        for one in found:
            tall, long = one.pixels.shape[:2]
            x, y = one.left - left, one.top - top
            gl.glBindTexture(gl.GL_TEXTURE_2D, self._texture(one.pixels))
            self.label["onto"] = (
                2 * x / wide - 1,
                1 - 2 * (y + tall) / high,
                2 * (x + long) / wide - 1,
                1 - 2 * y / high,
            )
            gl.glDrawArrays(gl.GL_TRIANGLE_STRIP, 0, 4)
        gl.glBindVertexArray(0)
        self.label.stop()

    def _forget(self, used: set[int]) -> None:
        for key in [k for k in self._textures if k not in used]:
            gl.glDeleteTextures(1, self._textures.pop(key)[1])

    def _texture(self, pixels: U8) -> Any:
        kept = self._textures.get(id(pixels))
        if kept is not None:
            return kept[1]
        name = gl.GLuint()
        gl.glGenTextures(1, name)
        gl.glBindTexture(gl.GL_TEXTURE_2D, name)
        gl.glPixelStorei(gl.GL_UNPACK_ALIGNMENT, 1)
        data = np.ascontiguousarray(pixels)
        high, wide = data.shape[:2]
        where = data.ctypes.data_as(ctypes.c_void_p)
        gl.glTexImage2D(
            gl.GL_TEXTURE_2D, 0, gl.GL_RGBA8, wide, high, 0, gl.GL_RGBA, gl.GL_UNSIGNED_BYTE, where
        )
        for what in (gl.GL_TEXTURE_MIN_FILTER, gl.GL_TEXTURE_MAG_FILTER):
            gl.glTexParameteri(gl.GL_TEXTURE_2D, what, gl.GL_NEAREST)
        for what in (gl.GL_TEXTURE_WRAP_S, gl.GL_TEXTURE_WRAP_T):
            gl.glTexParameteri(gl.GL_TEXTURE_2D, what, gl.GL_CLAMP_TO_EDGE)
        self._textures[id(pixels)] = (pixels, name)
        return name


def _depths(projection: F64) -> tuple[float, ...]:
    return tuple(float(projection[i, j]) for i, j in ((2, 2), (2, 3), (3, 2), (3, 3)))
