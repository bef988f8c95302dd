"""Draws a document in a state: the sky, what is solid, then what light passes through, the farthest first."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyglet import gl

from sculpt3d.models.document import Document
from viewer.drawing.gpu import Piece, filled, mode_program, program, put, upload
from viewer.drawing.marks import MarkDrawer
from viewer.drawing.shade import CLAY, LIFT, lighting, point_size, wears_clay
from viewer.drawing.shadows import Shadows
from viewer.files.loading import is_cloud
from viewer.modes import mode as mode_named
from viewer.modes.mode import Mode
from viewer.state.camera import Tile
from viewer.state.commands import State
from viewer.state.cuts import MOST_CUTS
from viewer.state.lamps import MOST

_ALPHA = {"opaque": 0, "mask": 1, "blend": 2}


class Renderer:
    def __init__(self, document: Document) -> None:
        self.sky, self.pieces = program("sky"), upload(document)
        self.shadows = Shadows(self.pieces)
        self._programs: dict[str, Any] = {}
        self._marks: MarkDrawer | None = None
        self._sorted_for: tuple[float, ...] | None = None

    def draw(self, state: State, width: int, height: int, finer: int = 1, tile: Tile | None = None) -> None:
        """`width`, `height`: of the picture, of which `tile` or all is drawn on a framebuffer `finer` times as large: several
        pixels make one in the end."""
        mode, part = mode_named(state.mode), tile or (0, 0, width, height)
        lamps = [lamp.direction(state.camera) for lamp in state.lamps]
        frames = self.shadows.draw(lamps, state.cuts) if state.shadows and mode.lit else []
        gl.glViewport(0, 0, part[2] * finer, part[3] * finer)
        gl.glLineWidth(finer)
        gl.glDepthMask(gl.GL_TRUE)
        gl.glClear(gl.GL_COLOR_BUFFER_BIT | gl.GL_DEPTH_BUFFER_BIT)
        gl.glDisable(gl.GL_BLEND)
        self._draw_sky(state, height, finer, part)
        gl.glEnable(gl.GL_DEPTH_TEST)
        gl.glEnable(gl.GL_PROGRAM_POINT_SIZE)
        gl.glPolygonMode(gl.GL_FRONT_AND_BACK, gl.GL_LINE if mode.shape == "wire" else gl.GL_FILL)
        of_mode = self._programs.get(mode.name) or mode_program(mode)
        self._programs[mode.name] = of_mode
        of_mode.use()
        put(
            of_mode,
            view=tuple(state.camera.view().T.ravel()),
            projection=tuple(state.camera.projection(width, height, tile).T.ravel()),
            axes=tuple(np.stack(state.camera.axes()).ravel()),
            eye=tuple(float(v) for v in state.camera.eye),
            flat_view=int(state.camera.flat),
            point_size=point_size(height) * finer,
            blur=float(np.log2(finer)),
            clay=CLAY,
            picture=0,
            depths=1,
            lamps=len(lamps),
            lamp=filled([tuple(lamp) for lamp in lamps], (0.0, 0.0, 1.0), MOST),
            from_lamp=filled([tuple(f.T.ravel()) for f in frames], (0.0,) * 16, MOST),
            lift=LIFT * state.home.radius,
            through=int(mode.through),
            cuts=len(state.cuts),
            cut=filled(state.cuts, (0.0,) * 4, MOST_CUTS),
        )
        self._draw_pieces(of_mode, mode, state, bool(frames))
        gl.glPolygonMode(gl.GL_FRONT_AND_BACK, gl.GL_FILL)
        of_mode.stop()
        if state.over:
            self._marks = self._marks or MarkDrawer()
            self._marks.draw(state, (width, height), finer, part)

    def _draw_pieces(self, of_mode: Any, mode: Mode, state: State, shadowed: bool) -> None:
        solid = [p for p in self.pieces if p.part.material.alpha != "blend" or mode.shape != "surface"]
        clear = [p for p in self.pieces if p.part.material.alpha == "blend" and mode.shape == "surface"]
        if mode.through:
            solid, clear = [p for p in self.pieces if is_cloud(p.part)], []
        for piece in solid:
            self._draw_piece(of_mode, piece, mode, state, shadowed)
        gl.glEnable(gl.GL_BLEND)
        gl.glBlendFunc(gl.GL_SRC_ALPHA, gl.GL_ONE_MINUS_SRC_ALPHA)
        gl.glDepthMask(gl.GL_FALSE)
        if mode.through:
            for piece in self.pieces:
                if not is_cloud(piece.part):
                    self._draw_piece(of_mode, piece, mode, state, shadowed)
        backward = state.camera.axes()[2]
        direction = tuple(float(v) for v in backward)
        for piece in sorted(clear, key=lambda p: float(p.part.vertices.mean(0) @ backward)):
            if direction != self._sorted_for:
                piece.far_first(np.asarray(backward))
            self._draw_piece(of_mode, piece, mode, state, shadowed)
        self._sorted_for = direction if clear else self._sorted_for
        gl.glDepthMask(gl.GL_TRUE)
        gl.glDisable(gl.GL_BLEND)

    def _draw_piece(self, of_mode: Any, piece: Piece, mode: Mode, state: State, shadowed: bool) -> None:
        part, material = piece.part, piece.part.material
        as_points = is_cloud(part) or mode.shape == "points"
        how = lighting(part, mode, state)
        put(
            of_mode,
            factor=material.factor,
            textured=int(piece.texture is not None),
            alpha_mode=_ALPHA[material.alpha],
            cutoff=material.cutoff,
            in_clay=int(wears_clay(part, mode)),
            is_cloud=int(as_points),
            fill=how.fill,
            gloss=how.gloss,
            power=filled(how.powers, 0.0, MOST),
            shadowed=int(shadowed and not as_points),
        )
        piece.draw(as_points)

    def _draw_sky(self, state: State, height: int, finer: int, tile: Tile) -> None:
        left, top, _, high = tile
        gl.glDisable(gl.GL_DEPTH_TEST)
        gl.glPolygonMode(gl.GL_FRONT_AND_BACK, gl.GL_FILL)
        self.sky.use()
        self.sky["low"], self.sky["high"] = state.sky
        self.sky["span"] = (1 - (top + high) / height, 1 - top / height)
        self.sky["corner"] = (float(left * finer), float((height - top - high) * finer))
        gl.glBindVertexArray(self.pieces[0].vao)
        gl.glDrawArrays(gl.GL_TRIANGLES, 0, 3)
        self.sky.stop()
