"""Draws a model in a state, and over it what a person needs to know: triangles, scale bar, help."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyglet
from pyglet import gl

from viewer.commands import HELP, State, light_direction, scale_bar
from viewer.gpu import Buffers, program
from viewer.loading import Model

_LOW, _HIGH = (0.205,) * 3, (0.14,) * 3  # neutral: colours are judged against it
_INK, _SHADOW = (230, 230, 230, 255), (0, 0, 0, 200)


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
        _text(f"{self.model.name}   {what}   {state.style}", 14, height - 24)
        length, label = scale_bar(state, height, self.model.unit_m)
        if length:
            pyglet.shapes.Line(13, 19, 15 + length, 19, thickness=5, color=_SHADOW).draw()
            pyglet.shapes.Line(14, 19, 14 + length, 19, thickness=3, color=_INK).draw()
        _text(label, 14, 28)
        if state.help:
            _text(HELP, 14, height - 50, width=width - 28, multiline=True)
        else:
            _text("H: help", width - 14, 20, anchor_x="right")


def _text(words: str, x: float, y: float, **layout: Any) -> None:
    """With a shadow, to be read over pale stone too."""
    for shift, colour in ((1, _SHADOW), (0, _INK)):
        pyglet.text.Label(words, x=x + shift, y=y - shift, font_size=11, color=colour, **layout).draw()
