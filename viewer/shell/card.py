"""imgui's triangles and textures on the card, by pyglet's own OpenGL: in a window, under Xvfb and without any screen.

The backend that imgui-bundle has for pyglet asks for PyOpenGL, which nothing else here needs, and for a window that is seen.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from imgui_bundle import imgui
from numpy.typing import NDArray
from pyglet import gl
from pyglet.graphics.shader import Shader, ShaderProgram

_VERTEX = """#version 330 core
layout(location = 0) in vec2 place;
layout(location = 1) in vec2 uv;
layout(location = 2) in vec4 colour;
uniform vec4 frame;  // left, top, width, height
out vec2 at;
out vec4 ink;
void main() {
    at = uv;
    ink = colour;
    vec2 share = (place - frame.xy) / frame.zw;
    gl_Position = vec4(2.0 * share.x - 1.0, 1.0 - 2.0 * share.y, 0.0, 1.0);
}
"""
_FRAGMENT = """#version 330 core
in vec2 at;
in vec4 ink;
uniform sampler2D sheet;
out vec4 code;
void main() { code = ink * texture(sheet, at); }
"""


class PanelCard:
    """Needs an imgui context and a current OpenGL one; draws onto what is bound."""

    def __init__(self) -> None:
        self.program = ShaderProgram(Shader(_VERTEX, "vertex"), Shader(_FRAGMENT, "fragment"))
        self._array, self._vertices, self._indices = gl.GLuint(), gl.GLuint(), gl.GLuint()
        gl.glGenVertexArrays(1, self._array)
        gl.glGenBuffers(1, self._vertices)
        gl.glGenBuffers(1, self._indices)
        gl.glBindVertexArray(self._array)
        gl.glBindBuffer(gl.GL_ARRAY_BUFFER, self._vertices)
        for place, count, kind, start in (
            (0, 2, gl.GL_FLOAT, imgui.VERTEX_BUFFER_POS_OFFSET),
            (1, 2, gl.GL_FLOAT, imgui.VERTEX_BUFFER_UV_OFFSET),
            (2, 4, gl.GL_UNSIGNED_BYTE, imgui.VERTEX_BUFFER_COL_OFFSET),
        ):
            even = gl.GL_TRUE if kind == gl.GL_UNSIGNED_BYTE else gl.GL_FALSE
            gl.glEnableVertexAttribArray(place)
            gl.glVertexAttribPointer(place, count, kind, even, imgui.VERTEX_SIZE, start)
        gl.glBindVertexArray(0)
        most = gl.GLint()
        gl.glGetIntegerv(gl.GL_MAX_TEXTURE_SIZE, most)
        io, platform = imgui.get_io(), imgui.get_platform_io()
        io.backend_flags |= imgui.BackendFlags_.renderer_has_textures | imgui.BackendFlags_.renderer_has_vtx_offset
        platform.renderer_texture_max_width = platform.renderer_texture_max_height = most.value

    def draw(self, data: Any) -> None:
        """imgui's draw data of a frame."""
        for sheet in imgui.get_platform_io().textures:
            if sheet.status != imgui.ImTextureStatus.ok:
                _renew(sheet)
        scale = data.framebuffer_scale
        width, height = (round(s * f) for s, f in zip(data.display_size, scale, strict=True))
        if width <= 0 or height <= 0:
            return
        self._prepare(data, width, height)
        for commands in data.cmd_lists:
            self._fill(commands)
            for command in commands.cmd_buffer:
                left, top, right, foot = (
                    round((c - o) * s)
                    for c, o, s in zip(command.clip_rect, (*data.display_pos,) * 2, (*scale,) * 2, strict=True)
                )
                if right <= left or foot <= top:
                    continue
                gl.glScissor(left, height - foot, right - left, foot - top)
                gl.glBindTexture(gl.GL_TEXTURE_2D, command.tex_ref.get_tex_id())
                start = command.idx_offset * imgui.INDEX_SIZE
                kind = gl.GL_UNSIGNED_INT if imgui.INDEX_SIZE == 4 else gl.GL_UNSIGNED_SHORT
                gl.glDrawElementsBaseVertex(
                    gl.GL_TRIANGLES, command.elem_count, kind, ctypes.c_void_p(start), command.vtx_offset
                )
        self.program.stop()
        gl.glBindVertexArray(0)
        gl.glDisable(gl.GL_SCISSOR_TEST)
        gl.glDisable(gl.GL_BLEND)

    def _prepare(self, data: Any, width: int, height: int) -> None:
        gl.glViewport(0, 0, width, height)
        gl.glDisable(gl.GL_DEPTH_TEST)
        gl.glDisable(gl.GL_CULL_FACE)
        gl.glPolygonMode(gl.GL_FRONT_AND_BACK, gl.GL_FILL)
        gl.glEnable(gl.GL_BLEND)
        # what is drawn stays as solid as it was: a picture of the window has no holes
        gl.glBlendFuncSeparate(gl.GL_SRC_ALPHA, gl.GL_ONE_MINUS_SRC_ALPHA, gl.GL_ONE, gl.GL_ONE_MINUS_SRC_ALPHA)
        gl.glEnable(gl.GL_SCISSOR_TEST)
        gl.glActiveTexture(gl.GL_TEXTURE0)
        self.program.use()
        self.program["frame"] = (*data.display_pos, *data.display_size)
        self.program["sheet"] = 0
        gl.glBindVertexArray(self._array)

    def _fill(self, commands: Any) -> None:
        gl.glBindBuffer(gl.GL_ARRAY_BUFFER, self._vertices)
        gl.glBindBuffer(gl.GL_ELEMENT_ARRAY_BUFFER, self._indices)
        for kind, buffer, size in (
            (gl.GL_ARRAY_BUFFER, commands.vtx_buffer, imgui.VERTEX_SIZE),
            (gl.GL_ELEMENT_ARRAY_BUFFER, commands.idx_buffer, imgui.INDEX_SIZE),
        ):
            where = ctypes.c_void_p(buffer.data_address())
            gl.glBufferData(kind, buffer.size() * size, where, gl.GL_STREAM_DRAW)


def _renew(sheet: Any) -> None:
    """Give the card what imgui wrote into a sheet of letters since the last frame, or take the sheet away."""
    status = imgui.ImTextureStatus
    if sheet.status == status.want_create:
        sheet.set_tex_id(picture_texture(_pixels(sheet)))
        sheet.status = status.ok
    elif sheet.status == status.want_updates:
        pixels = _pixels(sheet)
        gl.glBindTexture(gl.GL_TEXTURE_2D, sheet.tex_id)
        gl.glPixelStorei(gl.GL_UNPACK_ALIGNMENT, 1)
        for part in sheet.updates:
            block = np.ascontiguousarray(pixels[part.y : part.y + part.h, part.x : part.x + part.w])
            where = block.ctypes.data_as(ctypes.c_void_p)
            gl.glTexSubImage2D(
                gl.GL_TEXTURE_2D, 0, part.x, part.y, part.w, part.h, gl.GL_RGBA, gl.GL_UNSIGNED_BYTE, where
            )
        sheet.status = status.ok
    elif sheet.status == status.want_destroy and sheet.unused_frames > 0:
        forget_texture(sheet.tex_id)
        sheet.set_tex_id(0)
        sheet.status = status.destroyed


def _pixels(sheet: Any) -> NDArray[np.uint8]:
    return np.asarray(sheet.get_pixels_array(), np.uint8).reshape(sheet.height, sheet.width, 4)


def picture_texture(pixels: NDArray[np.uint8]) -> int:
    """The number of a texture with these pixels (H, W, 4), as imgui shows it."""
    name = gl.GLuint()
    data = np.ascontiguousarray(pixels)
    height, width = data.shape[:2]
    gl.glGenTextures(1, name)
    gl.glBindTexture(gl.GL_TEXTURE_2D, name)
    gl.glPixelStorei(gl.GL_UNPACK_ALIGNMENT, 1)
    where = data.ctypes.data_as(ctypes.c_void_p)
    gl.glTexImage2D(gl.GL_TEXTURE_2D, 0, gl.GL_RGBA8, width, height, 0, gl.GL_RGBA, gl.GL_UNSIGNED_BYTE, where)
    for what in (gl.GL_TEXTURE_MIN_FILTER, gl.GL_TEXTURE_MAG_FILTER):
        gl.glTexParameteri(gl.GL_TEXTURE_2D, what, gl.GL_LINEAR)
    for what in (gl.GL_TEXTURE_WRAP_S, gl.GL_TEXTURE_WRAP_T):
        gl.glTexParameteri(gl.GL_TEXTURE_2D, what, gl.GL_CLAMP_TO_EDGE)
    return int(name.value)


def forget_texture(number: int) -> None:
    gl.glDeleteTextures(1, gl.GLuint(number))
