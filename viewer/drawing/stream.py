"""Levels of detail on the card: what a cut holds is put into two buffers, and each part of it drawn as a piece of its own."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyglet import gl

from sculpt3d.models.document import Document, Part
from viewer.detail.cut import Cut
from viewer.detail.gather import Gathered, gathered
from viewer.detail.levels import Levels
from viewer.drawing.gpu import plain_attributes
from viewer.modes.mode import SHOWN

_PLACES = (
    ("position", 0, 3, gl.GL_FLOAT), ("normal", 1, 3, gl.GL_BYTE), ("uv", 2, 2, gl.GL_FLOAT),
    ("rgba", 3, 4, gl.GL_UNSIGNED_BYTE),
)  # fmt: skip


class Stream:
    """One vertex array whose buffers are filled anew when the cut changes."""

    def __init__(self, document: Document, levels: Levels, textures: list[Any]) -> None:
        self.levels, self.document, self.textures = levels, document, textures
        self.vao, self.buffers = gl.GLuint(), [gl.GLuint() for _ in range(3)]
        gl.glGenVertexArrays(1, self.vao)
        for buffer in self.buffers:
            gl.glGenBuffers(1, buffer)
        self.values = _values(document)
        self._held: NDArray[np.int64] | None = None
        self._pieces: list[StreamPiece] = []
        self._set_up()

    def free(self) -> None:
        for buffer in self.buffers:
            gl.glDeleteBuffers(1, buffer)
        gl.glDeleteVertexArrays(1, self.vao)

    def pieces(self, cut: Cut) -> list[StreamPiece]:
        """Of the parts that the cut shows, on the card."""
        if self._held is None or not np.array_equal(self._held, cut.clusters):
            found = gathered(self.levels, cut)
            self._put(found)
            self._pieces = [
                StreamPiece(self.document.parts[part], self.textures[part], self.vao, first, count, found)
                for part, first, count in found.spans
            ]
            self._held = cut.clusters
        return self._pieces

    def _put(self, found: Gathered) -> None:
        gl.glBindVertexArray(self.vao)
        _stream(gl.GL_ARRAY_BUFFER, self.buffers[0], found.vertices)
        _stream(gl.GL_ELEMENT_ARRAY_BUFFER, self.buffers[1], found.indices)
        if self.values is not None:
            _stream(gl.GL_ARRAY_BUFFER, self.buffers[2], self.values[found.vertices["source"]])
        gl.glBindVertexArray(0)

    def _set_up(self) -> None:
        kind = self.levels.vertices.dtype
        gl.glBindVertexArray(self.vao)
        gl.glBindBuffer(gl.GL_ARRAY_BUFFER, self.buffers[0])
        for name, place, count, of in _PLACES:
            if kind.fields is not None and name in kind.fields:
                offset = int(kind.fields[name][1])
                scaled = gl.GL_FALSE if of == gl.GL_FLOAT else gl.GL_TRUE
                gl.glEnableVertexAttribArray(place)
                gl.glVertexAttribPointer(place, count, of, scaled, kind.itemsize, ctypes.c_void_p(offset))
        if self.values is not None:
            gl.glBindBuffer(gl.GL_ARRAY_BUFFER, self.buffers[2])
            gl.glEnableVertexAttribArray(4)
            gl.glVertexAttribPointer(4, 1, gl.GL_FLOAT, gl.GL_FALSE, 0, ctypes.c_void_p(0))
        gl.glBindBuffer(gl.GL_ELEMENT_ARRAY_BUFFER, self.buffers[1])
        gl.glBindVertexArray(0)


@dataclass
class StreamPiece:
    """A part of the model as the cut has it; drawn as `Piece` is."""

    part: Part
    texture: Any
    vao: Any
    first: int
    indices: int
    held: Gathered

    def count(self, as_points: bool) -> int:
        return self.indices if as_points else self.indices // 3

    def draw(self, as_points: bool = False, span: tuple[int, int] | None = None) -> None:
        kind, corners = (gl.GL_POINTS, 1) if as_points else (gl.GL_TRIANGLES, 3)
        first, end = span or (0, self.count(as_points))
        gl.glBindVertexArray(self.vao)
        plain_attributes(self.texture)
        where = ctypes.c_void_p(4 * (self.first + corners * first))
        gl.glDrawElements(kind, corners * (end - first), gl.GL_UNSIGNED_INT, where)
        gl.glBindVertexArray(0)

    def far_first(self, backward: NDArray[np.float64]) -> None:
        faces = self.held.indices[self.first : self.first + self.indices].reshape(-1, 3)
        at = self.held.vertices["position"] @ backward.astype(np.float32)
        ordered = np.ascontiguousarray(faces[np.argsort(at[faces].sum(1))])
        gl.glBindVertexArray(self.vao)
        gl.glBufferSubData(gl.GL_ELEMENT_ARRAY_BUFFER, 4 * self.first, ordered.nbytes, ordered.ctypes.data)
        gl.glBindVertexArray(0)


def _values(document: Document) -> NDArray[np.float32] | None:
    """(V,) what the mode measures, of all vertices of the document."""
    if not any(SHOWN in p.attributes for p in document.parts):
        return None
    none = [np.zeros(len(p.vertices), np.float32) for p in document.parts]
    return np.concatenate([p.attributes.get(SHOWN, n) for p, n in zip(document.parts, none, strict=True)])


def _stream(kind: int, name: Any, values: NDArray[Any]) -> None:
    gl.glBindBuffer(kind, name)
    gl.glBufferData(kind, values.nbytes, values.ctypes.data_as(ctypes.c_void_p), gl.GL_STREAM_DRAW)
