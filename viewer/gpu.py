"""Arrays on the graphics card: one vertex array of position, normal, uv and colour, one texture."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyglet import gl
from pyglet.graphics.shader import Shader, ShaderProgram

from viewer.loading import Model

_SHADERS = Path(__file__).parent / "shaders"


def program(name: str) -> ShaderProgram:
    """The shaders `name.vert` and `name.frag`."""
    return ShaderProgram(
        Shader((_SHADERS / f"{name}.vert").read_text(), "vertex"),
        Shader((_SHADERS / f"{name}.frag").read_text(), "fragment"),
    )


class Buffers:
    """A model on the card. Large textures are halved to what the card takes."""

    def __init__(self, model: Model) -> None:
        self.count = model.faces.size if len(model.faces) else len(model.vertices)
        self.is_cloud = not len(model.faces)
        self.vao = gl.GLuint()
        gl.glGenVertexArrays(1, self.vao)
        gl.glBindVertexArray(self.vao)
        self._attribute(0, model.vertices, 3)
        self._attribute(1, model.normals, 3)
        if model.uv is not None:
            self._attribute(2, model.uv, 2)
        if model.rgb is not None:
            self._attribute(3, model.rgb, 3, gl.GL_UNSIGNED_BYTE)
        if not self.is_cloud:
            _fill(gl.GL_ELEMENT_ARRAY_BUFFER, model.faces.astype(np.uint32))
        gl.glBindVertexArray(0)
        self.texture = None if model.texture is None else _texture(model.texture)

    def _attribute(self, place: int, values: NDArray[Any], size: int, kind: int = gl.GL_FLOAT) -> None:
        _fill(
            gl.GL_ARRAY_BUFFER,
            np.ascontiguousarray(values, np.uint8 if kind == gl.GL_UNSIGNED_BYTE else np.float32),
        )
        gl.glEnableVertexAttribArray(place)
        gl.glVertexAttribPointer(
            place, size, kind, gl.GL_TRUE if kind == gl.GL_UNSIGNED_BYTE else gl.GL_FALSE, 0, 0
        )

    def bind(self) -> None:
        gl.glBindVertexArray(self.vao)

    def draw(self) -> None:
        self.bind()
        if self.is_cloud:
            gl.glDrawArrays(gl.GL_POINTS, 0, self.count)
        else:
            gl.glDrawElements(gl.GL_TRIANGLES, self.count, gl.GL_UNSIGNED_INT, 0)
        gl.glBindVertexArray(0)


def _fill(kind: int, values: NDArray[Any]) -> None:
    name = gl.GLuint()
    gl.glGenBuffers(1, name)
    gl.glBindBuffer(kind, name)
    gl.glBufferData(kind, values.nbytes, values.ctypes.data_as(ctypes.c_void_p), gl.GL_STATIC_DRAW)


def _texture(picture: NDArray[np.uint8]) -> Any:
    most = gl.GLint()
    gl.glGetIntegerv(gl.GL_MAX_TEXTURE_SIZE, most)
    while max(picture.shape[:2]) > most.value:
        picture = picture[::2, ::2]
    picture = np.ascontiguousarray(picture)
    name = gl.GLuint()
    gl.glGenTextures(1, name)
    gl.glBindTexture(gl.GL_TEXTURE_2D, name)
    gl.glPixelStorei(gl.GL_UNPACK_ALIGNMENT, 1)
    gl.glTexImage2D(
        gl.GL_TEXTURE_2D,
        0,
        gl.GL_RGB8,
        picture.shape[1],
        picture.shape[0],
        0,
        gl.GL_RGB,
        gl.GL_UNSIGNED_BYTE,
        picture.ctypes.data_as(ctypes.c_void_p),
    )
    gl.glGenerateMipmap(gl.GL_TEXTURE_2D)
    gl.glTexParameteri(gl.GL_TEXTURE_2D, gl.GL_TEXTURE_MIN_FILTER, gl.GL_LINEAR_MIPMAP_LINEAR)
    gl.glTexParameteri(gl.GL_TEXTURE_2D, gl.GL_TEXTURE_MAG_FILTER, gl.GL_LINEAR)
    return name


def read_pixels(width: int, height: int) -> NDArray[np.uint8]:
    """What is drawn now, (H, W, 3), top row first."""
    pixels = np.zeros((height, width, 3), np.uint8)
    gl.glPixelStorei(gl.GL_PACK_ALIGNMENT, 1)
    gl.glReadPixels(
        0, 0, width, height, gl.GL_RGB, gl.GL_UNSIGNED_BYTE, pixels.ctypes.data_as(ctypes.c_void_p)
    )
    return pixels[::-1]
