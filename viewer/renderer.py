"""Draws a model in a state, and over it what a person needs to know: triangles, scale bar, help."""

from __future__ import annotations

import numpy as np
import pyglet
from pyglet import gl

from viewer.commands import HELP, State, light_direction, scale_bar
from viewer.gpu import Buffers, program
from viewer.loading import Model

_LOW, _HIGH = (0.205,) * 3, (0.14,) * 3  # neutral: colours are judged against it
_INK = (225, 225, 225, 255)


class Renderer:
    def __init__(self, model: Model) -> None:
        self.model, self.program, self.buffers = model, program("mesh"), Buffers(model)
        self.sky = program("sky")
        self._best = 0 if model.texture is not None else 1 if model.rgb is not None else 2
        self._bare = 1.0 if self.buffers.is_cloud and not np.any(model.normals) else 0.0

    def draw(self, state: State, width: int, height: int) -> None:
        """`width`, `height`: of the framebuffer."""
        gl.glViewport(0, 0, width, height)
        gl.glClear(gl.GL_COLOR_BUFFER_BIT | gl.GL_DEPTH_BUFFER_BIT)
        gl.glDisable(gl.GL_BLEND)
        self._draw_sky()
        gl.glEnable(gl.GL_DEPTH_TEST)
        gl.glEnable(gl.GL_PROGRAM_POINT_SIZE)
        wire = state.style == "wire"
        gl.glPolygonMode(gl.GL_FRONT_AND_BACK, gl.GL_LINE if wire else gl.GL_FILL)
        self.program.use()
        self.program["view"] = tuple(state.camera.view().T.ravel())
        self.program["projection"] = tuple(state.camera.projection(width, height).T.ravel())
        self.program["light"] = light_direction(state)
        self.program["eye"] = tuple(float(v) for v in state.camera.eye)
        self.program["style"] = 2 if state.style == "clay" else self._best
        self.program["point_size"] = max(1.5, height / 500)
        self.program["flat_shade"] = 1.0 if wire else self._bare
        if self.buffers.texture is not None:
            gl.glActiveTexture(gl.GL_TEXTURE0)
            gl.glBindTexture(gl.GL_TEXTURE_2D, self.buffers.texture)
        self.buffers.draw()
        gl.glPolygonMode(gl.GL_FRONT_AND_BACK, gl.GL_FILL)
        self.program.stop()

    def _draw_sky(self) -> None:
        gl.glDisable(gl.GL_DEPTH_TEST)
        gl.glPolygonMode(gl.GL_FRONT_AND_BACK, gl.GL_FILL)
        self.sky.use()
        self.sky["low"], self.sky["high"] = _LOW, _HIGH
        self.buffers.bind()
        gl.glDrawArrays(gl.GL_TRIANGLES, 0, 3)
        self.sky.stop()

    def draw_overlay(self, state: State, width: int, height: int) -> None:
        """Text and scale bar in window coordinates."""
        gl.glDisable(gl.GL_DEPTH_TEST)
        count = len(self.model.faces)
        what = f"{count:,} triangles" if count else f"{len(self.model.vertices):,} points"
        pyglet.text.Label(
            f"{self.model.name}   {what}   {state.style}", x=14, y=height - 24, font_size=11, color=_INK
        ).draw()
        length, label = scale_bar(state, height, self.model.unit_m)
        if length:
            pyglet.shapes.Line(14, 20, 14 + length, 20, thickness=3, color=_INK).draw()
        pyglet.text.Label(label, x=14, y=28, font_size=11, color=_INK).draw()
        if state.help:
            pyglet.text.Label(
                HELP, x=14, y=height - 50, width=width - 28, multiline=True, font_size=11, color=_INK
            ).draw()
        else:
            pyglet.text.Label(
                "H: help", x=width - 14, y=20, anchor_x="right", font_size=11, color=(160, 160, 160, 255)
            ).draw()
