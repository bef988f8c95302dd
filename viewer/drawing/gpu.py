"""A document on the graphics card: a vertex array a part, a texture a picture."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyglet import gl
from pyglet.graphics.shader import Shader, ShaderProgram

from sculpt3d.models.document import Document, Part, Texture
from viewer.drawing.textures import fitting
from viewer.files.loading import is_cloud
from viewer.modes.mode import SEEN, SHOWN, Mode

_SHADERS = Path(__file__).parent / "shaders"
_WRAPS = {"repeat": gl.GL_REPEAT, "clamp": gl.GL_CLAMP_TO_EDGE, "mirror": gl.GL_MIRRORED_REPEAT}


def program(name: str, fragment: str = "") -> ShaderProgram:
    """The shaders `name.vert` and `name.frag`, or another's fragments."""
    return ShaderProgram(
        Shader((_SHADERS / f"{name}.vert").read_text("utf-8"), "vertex"),
        Shader((_SHADERS / f"{fragment or name}.frag").read_text("utf-8"), "fragment"),
    )


def mode_program(mode: Mode) -> ShaderProgram:
    """What draws a surface in that mode."""
    body = (_SHADERS / "mesh.frag").read_text("utf-8")
    return ShaderProgram(
        Shader((_SHADERS / "mesh.vert").read_text("utf-8"), "vertex"),
        Shader(f"#version 330 core\n{SEEN}\n{mode.glsl}\n{body}", "fragment"),
    )


def put(program: ShaderProgram, **values: Any) -> None:
    """Give a program what it uses of these; a compiler leaves out what a mode has no use for."""
    for name, value in values.items():
        if name in program.uniforms:
            program[name] = value


def filled(values: Sequence[Any], rest: Any, count: int) -> tuple[Any, ...]:
    """As many as the shader has places for."""
    return (*values, *[rest] * (count - len(values)))


def upload(document: Document) -> list[Piece]:
    """Its parts in their order; parts that share a picture share its texture."""
    textures: dict[Any, Any] = {}
    found = []
    for part in document.parts:
        texture = part.material.texture if part.uv is not None else None
        key = None if texture is None else (id(texture.pixels), texture.wrap)
        if texture is not None and key not in textures:
            textures[key] = _texture(texture)
        found.append(Piece(part, textures.get(key)))
    return found


class Piece:
    """A part on the card."""

    def __init__(self, part: Part, texture: Any) -> None:
        self.part, self.texture = part, texture
        self.vao, self.indices = gl.GLuint(), None
        gl.glGenVertexArrays(1, self.vao)
        gl.glBindVertexArray(self.vao)
        self._attribute(0, part.vertices, gl.GL_FLOAT)
        self._attribute(1, part.normals, gl.GL_FLOAT)
        self._attribute(2, part.uv, gl.GL_FLOAT)
        self._attribute(3, part.rgba, gl.GL_UNSIGNED_BYTE)
        shown = part.attributes.get(SHOWN)
        self._attribute(4, None if shown is None else shown[:, None], gl.GL_FLOAT)
        if not is_cloud(part):
            self.indices = _fill(gl.GL_ELEMENT_ARRAY_BUFFER, np.ascontiguousarray(part.faces, np.int32))
        gl.glBindVertexArray(0)
        self._middles: NDArray[np.float32] | None = None

    def _attribute(self, place: int, values: NDArray[Any] | None, kind: int) -> None:
        if values is None:
            return
        is_code = kind == gl.GL_UNSIGNED_BYTE
        _fill(gl.GL_ARRAY_BUFFER, np.ascontiguousarray(values, np.uint8 if is_code else np.float32))
        gl.glEnableVertexAttribArray(place)
        gl.glVertexAttribPointer(place, values.shape[1], kind, gl.GL_TRUE if is_code else gl.GL_FALSE, 0, 0)

    def draw(self, as_points: bool = False) -> None:
        gl.glBindVertexArray(self.vao)
        gl.glVertexAttrib3f(1, 0, 0, 0)  # what a part without such an array has everywhere
        gl.glVertexAttrib2f(2, 0, 0)
        gl.glVertexAttrib4f(3, 1, 1, 1, 1)
        gl.glVertexAttrib1f(4, 0)
        if self.texture is not None:
            gl.glActiveTexture(gl.GL_TEXTURE0)
            gl.glBindTexture(gl.GL_TEXTURE_2D, self.texture)
        if self.indices is None or as_points:
            gl.glDrawArrays(gl.GL_POINTS, 0, len(self.part.vertices))
        else:
            gl.glDrawElements(gl.GL_TRIANGLES, self.part.faces.size, gl.GL_UNSIGNED_INT, 0)
        gl.glBindVertexArray(0)

    def far_first(self, backward: NDArray[np.float64]) -> None:
        """Sort the triangles for blending, for a camera that looks against `backward` (3,)."""
        if self.indices is None:
            return
        if self._middles is None:
            self._middles = self.part.vertices[self.part.faces].mean(1)
        faces = np.ascontiguousarray(self.part.faces[np.argsort(self._middles @ backward.astype(np.float32))])
        gl.glBindVertexArray(self.vao)
        gl.glBufferSubData(gl.GL_ELEMENT_ARRAY_BUFFER, 0, faces.nbytes, faces.ctypes.data)
        gl.glBindVertexArray(0)


def _fill(kind: int, values: NDArray[Any]) -> Any:
    name = gl.GLuint()
    gl.glGenBuffers(1, name)
    gl.glBindBuffer(kind, name)
    gl.glBufferData(kind, values.nbytes, values.ctypes.data_as(ctypes.c_void_p), gl.GL_STATIC_DRAW)
    return name


def _texture(texture: Texture) -> Any:
    """Decoded from sRGB before it is interpolated; averaged down to what the card takes."""
    most = gl.GLint()
    gl.glGetIntegerv(gl.GL_MAX_TEXTURE_SIZE, most)
    pixels = np.ascontiguousarray(fitting(texture.pixels, most.value))
    height, width, channels = pixels.shape
    inside, given = (gl.GL_SRGB8, gl.GL_RGB) if channels == 3 else (gl.GL_SRGB8_ALPHA8, gl.GL_RGBA)
    name = gl.GLuint()
    gl.glGenTextures(1, name)
    gl.glBindTexture(gl.GL_TEXTURE_2D, name)
    gl.glPixelStorei(gl.GL_UNPACK_ALIGNMENT, 1)
    where = pixels.ctypes.data_as(ctypes.c_void_p)
    gl.glTexImage2D(gl.GL_TEXTURE_2D, 0, inside, width, height, 0, given, gl.GL_UNSIGNED_BYTE, where)
    gl.glGenerateMipmap(gl.GL_TEXTURE_2D)
    gl.glTexParameteri(gl.GL_TEXTURE_2D, gl.GL_TEXTURE_MIN_FILTER, gl.GL_LINEAR_MIPMAP_LINEAR)
    gl.glTexParameteri(gl.GL_TEXTURE_2D, gl.GL_TEXTURE_MAG_FILTER, gl.GL_LINEAR)
    gl.glTexParameteri(gl.GL_TEXTURE_2D, gl.GL_TEXTURE_WRAP_S, _WRAPS[texture.wrap[0]])
    gl.glTexParameteri(gl.GL_TEXTURE_2D, gl.GL_TEXTURE_WRAP_T, _WRAPS[texture.wrap[1]])
    return name


def read_pixels(width: int, height: int) -> NDArray[np.uint8]:
    """What is drawn now, (H, W, 3), top row first."""
    pixels = np.zeros((height, width, 3), np.uint8)
    gl.glPixelStorei(gl.GL_PACK_ALIGNMENT, 1)
    where = pixels.ctypes.data_as(ctypes.c_void_p)
    gl.glReadPixels(0, 0, width, height, gl.GL_RGB, gl.GL_UNSIGNED_BYTE, where)
    return pixels[::-1]
