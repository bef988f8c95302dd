"""Draws a document in a state: the sky, what is solid, then what light passes through, the farthest first."""

from __future__ import annotations

import numpy as np
from pyglet import gl

from sculpt3d.models.document import Document
from viewer.drawing.gpu import Piece, program, upload
from viewer.drawing.shade import CLAY, lighting, point_size, wears_clay
from viewer.files.loading import is_cloud
from viewer.state.commands import State, light_direction

_ALPHA = {"opaque": 0, "mask": 1, "blend": 2}


class Renderer:
    def __init__(self, document: Document) -> None:
        self.program, self.sky, self.pieces = program("mesh"), program("sky"), upload(document)
        self._sorted_for: tuple[float, ...] | None = None

    def draw(self, state: State, width: int, height: int, finer: int = 1) -> None:
        """`width`, `height`: of the framebuffer, which may be `finer` times as large: several pixels make one in the end."""
        gl.glViewport(0, 0, width * finer, height * finer)
        gl.glLineWidth(finer)
        gl.glDepthMask(gl.GL_TRUE)
        gl.glClear(gl.GL_COLOR_BUFFER_BIT | gl.GL_DEPTH_BUFFER_BIT)
        gl.glDisable(gl.GL_BLEND)
        self._draw_sky(state)
        gl.glEnable(gl.GL_DEPTH_TEST)
        gl.glEnable(gl.GL_PROGRAM_POINT_SIZE)
        wire = state.style == "wire"
        gl.glPolygonMode(gl.GL_FRONT_AND_BACK, gl.GL_LINE if wire else gl.GL_FILL)
        self.program.use()
        self.program["view"] = tuple(state.camera.view().T.ravel())
        self.program["projection"] = tuple(state.camera.projection(width, height).T.ravel())
        self.program["light"] = light_direction(state)
        self.program["eye"] = tuple(float(v) for v in state.camera.eye)
        self.program["point_size"] = point_size(height) * finer
        self.program["blur"] = float(np.log2(finer))
        self.program["clay"] = CLAY
        for piece in self.pieces:
            if piece.part.material.alpha != "blend":
                self._draw_piece(piece, state)
        self._draw_blended(state)
        gl.glPolygonMode(gl.GL_FRONT_AND_BACK, gl.GL_FILL)
        self.program.stop()

    def _draw_piece(self, piece: Piece, state: State) -> None:
        material = piece.part.material
        self.program["factor"] = material.factor
        self.program["textured"] = int(piece.texture is not None)
        self.program["alpha_mode"] = _ALPHA[material.alpha]
        self.program["cutoff"] = material.cutoff
        self.program["in_clay"] = int(wears_clay(piece.part, state))
        self.program["is_cloud"] = int(is_cloud(piece.part))
        self.program["lighting"] = lighting(piece.part, state)
        piece.draw()

    def _draw_blended(self, state: State) -> None:
        backward = state.camera.axes()[2]
        blended = [p for p in self.pieces if p.part.material.alpha == "blend"]
        blended.sort(key=lambda p: float(p.part.vertices.mean(0) @ backward))
        direction = tuple(float(v) for v in backward)
        gl.glEnable(gl.GL_BLEND)
        gl.glBlendFunc(gl.GL_SRC_ALPHA, gl.GL_ONE_MINUS_SRC_ALPHA)
        gl.glDepthMask(gl.GL_FALSE)
        for piece in blended:
            if direction != self._sorted_for:
                piece.far_first(np.asarray(backward))
            self._draw_piece(piece, state)
        self._sorted_for = direction
        gl.glDepthMask(gl.GL_TRUE)
        gl.glDisable(gl.GL_BLEND)

    def _draw_sky(self, state: State) -> None:
        gl.glDisable(gl.GL_DEPTH_TEST)
        gl.glPolygonMode(gl.GL_FRONT_AND_BACK, gl.GL_FILL)
        self.sky.use()
        self.sky["low"], self.sky["high"] = state.sky
        gl.glBindVertexArray(self.pieces[0].vao)
        gl.glDrawArrays(gl.GL_TRIANGLES, 0, 3)
        self.sky.stop()
