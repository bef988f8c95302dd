"""A document on the graphics card: a vertex array a part, a texture a picture."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol

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


@dataclass(frozen=True)
class Asked:
    """What a surface asks of its shader. Each combination is a program of its own: a card without hardware runs both sides of
    every branch, and 1280 x 720 in clay took 61 ms for 38."""

    textured: bool
    shadowed: bool
    glossy: bool
    lamps: int
    cuts: int

    @property
    def words(self) -> str:
        return "".join(f"const int {f.name} = {int(getattr(self, f.name))};\n" for f in fields(self))


def mode_program(mode: Mode, asked: Asked) -> ShaderProgram:
    """What draws a surface in that mode."""
    body = (_SHADERS / "mesh.frag").read_text("utf-8")
    return ShaderProgram(
        Shader((_SHADERS / "mesh.vert").read_text("utf-8"), "vertex"),
        Shader(f"#version 330 core\n{asked.words}{SEEN}\n{mode.glsl}\n{body}", "fragment"),
    )


def put(program: ShaderProgram, **values: Any) -> None:
    """Give a program what it uses of these; a compiler leaves out what a mode has no use for."""
    for name, value in values.items():
        if name in program.uniforms:
            program[name] = value


def filled(values: Sequence[Any], rest: Any, count: int) -> tuple[Any, ...]:
    """As many as the shader has places for."""
    return (*values, *[rest] * (count - len(values)))


def textures_of(document: Document) -> list[Any]:
    """Of each part its texture on the card, or None; parts that share a picture share it."""
    known: dict[Any, Any] = {}
    found = []
    for part in document.parts:
        texture = part.material.texture if part.uv is not None else None
        key = None if texture is None else (id(texture.pixels), texture.wrap)
        if texture is not None and key not in known:
            known[key] = _texture(texture)
        found.append(known.get(key))
    return found


def plain_attributes(texture: Any) -> None:
    """What a part without such an array has everywhere, and its picture."""
    gl.glVertexAttrib3f(1, 0, 0, 0)
    gl.glVertexAttrib2f(2, 0, 0)
    gl.glVertexAttrib4f(3, 1, 1, 1, 1)
    gl.glVertexAttrib1f(4, 0)
    if texture is not None:
        gl.glActiveTexture(gl.GL_TEXTURE0)
        gl.glBindTexture(gl.GL_TEXTURE_2D, texture)


class Drawn(Protocol):
    """A part as it is drawn: all of it, or what a level of detail has of it."""

    part: Part
    texture: Any

    def count(self, as_points: bool) -> int:
        """Of the points or triangles that are drawn."""

    def draw(self, as_points: bool = False, span: tuple[int, int] | None = None) -> None:
        """All, or the points or triangles from the first of `span` to before its second."""

    def far_first(self, backward: NDArray[np.float64]) -> None:
        """Sort the triangles for blending, for a camera that looks against `backward` (3,)."""


class Piece:
    """A part on the card, whole."""

    def __init__(self, part: Part, texture: Any) -> None:
        self.part, self.texture = part, texture
        self.vao, self.indices = gl.GLuint(), None
        self._buffers: list[Any] = []
        self._some: Any = None
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
            self._buffers.append(self.indices)
        gl.glBindVertexArray(0)
        self._middles: NDArray[np.float32] | None = None

    def few(self, points: NDArray[np.uint32]) -> Few:
        """Some points of this cloud."""
        gl.glBindVertexArray(self.vao)
        if self._some is None:
            self._some = gl.GLuint()
            gl.glGenBuffers(1, self._some)
            self._buffers.append(self._some)
        gl.glBindBuffer(gl.GL_ELEMENT_ARRAY_BUFFER, self._some)
        where = points.ctypes.data_as(ctypes.c_void_p)
        gl.glBufferData(gl.GL_ELEMENT_ARRAY_BUFFER, points.nbytes, where, gl.GL_STREAM_DRAW)
        gl.glBindVertexArray(0)
        return Few(self.part, self.texture, self.vao, len(points))

    def free(self) -> None:
        for buffer in self._buffers:
            gl.glDeleteBuffers(1, buffer)
        gl.glDeleteVertexArrays(1, self.vao)

    def _attribute(self, place: int, values: NDArray[Any] | None, kind: int) -> None:
        if values is None:
            return
        is_code = kind == gl.GL_UNSIGNED_BYTE
        kind_of = np.uint8 if is_code else np.float32
        self._buffers.append(_fill(gl.GL_ARRAY_BUFFER, np.ascontiguousarray(values, kind_of)))
        gl.glEnableVertexAttribArray(place)
        gl.glVertexAttribPointer(place, values.shape[1], kind, gl.GL_TRUE if is_code else gl.GL_FALSE, 0, 0)

    def count(self, as_points: bool) -> int:
        return len(self.part.vertices if self.indices is None or as_points else self.part.faces)

    def draw(self, as_points: bool = False, span: tuple[int, int] | None = None) -> None:
        first, end = span or (0, self.count(as_points))
        gl.glBindVertexArray(self.vao)
        plain_attributes(self.texture)
        if self.indices is None or as_points:
            gl.glDrawArrays(gl.GL_POINTS, first, end - first)
        else:
            where = ctypes.c_void_p(12 * first)
            gl.glDrawElements(gl.GL_TRIANGLES, 3 * (end - first), gl.GL_UNSIGNED_INT, where)
        gl.glBindVertexArray(0)

    def far_first(self, backward: NDArray[np.float64]) -> None:
        if self.indices is None:
            return
        if self._middles is None:
            self._middles = self.part.vertices[self.part.faces].mean(1)
        faces = np.ascontiguousarray(self.part.faces[np.argsort(self._middles @ backward.astype(np.float32))])
        gl.glBindVertexArray(self.vao)
        gl.glBufferSubData(gl.GL_ELEMENT_ARRAY_BUFFER, 0, faces.nbytes, faces.ctypes.data)
        gl.glBindVertexArray(0)


@dataclass
class Few:
    """Some points of a cloud that is on the card."""

    part: Part
    texture: Any
    vao: Any
    points: int

    def count(self, as_points: bool) -> int:
        return self.points

    def draw(self, as_points: bool = False, span: tuple[int, int] | None = None) -> None:
        first, end = span or (0, self.points)
        gl.glBindVertexArray(self.vao)
        plain_attributes(self.texture)
        gl.glDrawElements(gl.GL_POINTS, end - first, gl.GL_UNSIGNED_INT, ctypes.c_void_p(4 * first))
        gl.glBindVertexArray(0)

    def far_first(self, backward: NDArray[np.float64]) -> None:
        """Points are as they come."""


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
