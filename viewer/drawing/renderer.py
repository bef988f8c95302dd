"""Draws a document in a state: the sky, what is solid, then what light passes through, the farthest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyglet import gl

from sculpt3d.models.document import Document
from viewer.detail.cloud import Blocks, sampled
from viewer.detail.cut import Cut
from viewer.detail.levels import Levels
from viewer.drawing.gpu import Asked, Drawn, Piece, filled, mode_program, program, put, textures_of
from viewer.drawing.marks import MarkDrawer
from viewer.drawing.shade import CLAY, LIFT, SHADOW_TEXELS, lighting, point_size, wears_clay
from viewer.drawing.shadows import Shadows
from viewer.drawing.stream import Stream
from viewer.files.loading import is_cloud
from viewer.modes import mode as mode_named
from viewer.modes.mode import Mode
from viewer.state.camera import Tile
from viewer.state.commands import State
from viewer.state.cuts import MOST_CUTS
from viewer.state.lamps import MOST

_ALPHA = {"opaque": 0, "mask": 1, "blend": 2}
_COARSE = 4  # times: how much fewer texels each way a shadow's map has while things move


@dataclass(frozen=True)
class _Frame:
    """One picture being drawn. part: of the picture, in its pixels; frames: lamp_from_world of lamps whose shadows fall."""

    state: State
    mode: Mode
    size: tuple[int, int]
    finer: int
    part: Tile
    lamps: list[NDArray[np.float64]]
    frames: list[NDArray[np.float64]]
    lift: float


class Renderer:
    """levels: of the document's detail, where it has them."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.levels: Levels | None = None
        self.sky, self.nothing = program("sky"), gl.GLuint()
        gl.glGenVertexArrays(1, self.nothing)
        self.textures = textures_of(document)
        self._programs: dict[tuple[str, Asked], Any] = {}
        self._set: set[int] = set()
        self._stream: Stream | None = None
        self._marks: MarkDrawer | None = None
        self._sorted_for: tuple[float, ...] | None = None

    @cached_property
    def pieces(self) -> list[Piece]:
        """The whole model on the card; put there when it is drawn for the first time."""
        return [Piece(part, texture) for part, texture in zip(self.document.parts, self.textures, strict=True)]

    def show_levels(self, levels: Levels | None) -> None:
        """From now on `draw_cut` draws cuts of these."""
        if self._stream is not None:
            self._stream.free()
        self.levels = levels
        self._stream = None if levels is None else Stream(self.document, levels, self.textures)

    @cached_property
    def shadows(self) -> Shadows:
        return Shadows(self.document, SHADOW_TEXELS)

    @cached_property
    def quick_shadows(self) -> Shadows:
        return Shadows(self.document, SHADOW_TEXELS // _COARSE)

    def free(self) -> None:
        """What is on the card of the model goes: another is looked at."""
        self.show_levels(None)
        for piece in self.__dict__.pop("pieces", []):
            piece.free()
        for texture in {t.value for t in self.textures if t is not None}:
            gl.glDeleteTextures(1, gl.GLuint(texture))
        for name in ("shadows", "quick_shadows"):
            shadows = self.__dict__.pop(name, None)
            if shadows is not None:
                shadows.free()
        for used in (self.sky, *self._programs.values()):
            used.delete()
        self._programs.clear()
        gl.glDeleteVertexArrays(1, self.nothing)

    def draw(self, state: State, width: int, height: int, finer: int = 1, tile: Tile | None = None) -> None:
        """`width`, `height`: of the picture, of which `tile` or all is drawn on a framebuffer `finer` times as large: several
        pixels make one in the end."""
        for _ in self.drawing(state, width, height, finer, tile):
            pass

    def draw_cut(
        self, state: State, width: int, height: int, cut: Cut | None, clouds: Sequence[Blocks | None], points: int
    ) -> None:
        """The same in few triangles, and in that many points of each large cloud: what is seen while things move."""
        pieces: list[Drawn] = [] if cut is None or self._stream is None else [*self._stream.pieces(cut)]
        for k, part in enumerate(self.document.parts):
            blocks = clouds[k] if clouds else None
            if blocks is not None:
                pieces.append(self.pieces[k].few(sampled(blocks, state.camera, (width, height), points)))
            elif is_cloud(part) or cut is None:
                pieces.append(self.pieces[k])
        for _ in self._drawing(state, (width, height), 1, (0, 0, width, height), pieces, None, True):
            pass

    def drawing(
        self, state: State, width: int, height: int, finer: int = 1, tile: Tile | None = None, most: int | None = None
    ) -> Iterator[None]:
        """`draw` in steps of at most so many triangles; between them the card may be used for other things, if the
        framebuffer is bound again."""
        return self._drawing(state, (width, height), finer, tile or (0, 0, width, height), self.pieces, most, False)

    def draw_marks(self, state: State, size: tuple[int, int], finer: int, part: Tile | None = None) -> None:
        """What lies over the model, on what is drawn of it."""
        left, top, wide, high = part or (0, 0, *size)
        gl.glViewport(0, 0, wide * finer, high * finer)
        self._marks = self._marks or MarkDrawer()
        self._marks.draw(state, size, finer, (left, top, wide, high))

    def _drawing(
        self,
        state: State,
        size: tuple[int, int],
        finer: int,
        part: Tile,
        pieces: Sequence[Drawn],
        most: int | None,
        quick: bool,
    ) -> Iterator[None]:
        frame = self._frame(state, size, finer, part, pieces, quick)
        self._set.clear()
        self._begin(frame)
        gl.glDepthMask(gl.GL_TRUE)
        gl.glClear(gl.GL_COLOR_BUFFER_BIT | gl.GL_DEPTH_BUFFER_BIT)
        self._draw_sky(frame)
        for piece, clear in self._in_order(frame, pieces):
            as_points = is_cloud(piece.part) or frame.mode.shape == "points"
            count = piece.count(as_points)
            for first in range(0, count, most or max(count, 1)):
                self._begin(frame)
                self._blend(clear)
                self._draw_piece(frame, piece, as_points, (first, min(first + (most or count), count)))
                self._end()
                if most is not None:
                    yield
        if state.over:
            self.draw_marks(state, size, finer, part)

    def _frame(
        self, state: State, size: tuple[int, int], finer: int, part: Tile, pieces: Sequence[Drawn], quick: bool
    ) -> _Frame:
        mode = mode_named(state.mode)
        lamps = [lamp.direction(state.camera) for lamp in state.lamps]
        frames: list[NDArray[np.float64]] = []
        lift = LIFT * state.home.radius
        if state.shadows and mode.lit:
            quick = quick and not self.shadows.stands(lamps, state.cuts)
            frames = (self.quick_shadows if quick else self.shadows).draw(lamps, state.cuts, pieces)
            lift *= _COARSE if quick else 1
        return _Frame(state, mode, size, finer, part, lamps, frames, lift)

    def _begin(self, frame: _Frame) -> None:
        gl.glViewport(0, 0, frame.part[2] * frame.finer, frame.part[3] * frame.finer)
        gl.glLineWidth(frame.finer)
        gl.glEnable(gl.GL_DEPTH_TEST)
        gl.glEnable(gl.GL_PROGRAM_POINT_SIZE)
        gl.glPolygonMode(gl.GL_FRONT_AND_BACK, gl.GL_LINE if frame.mode.shape == "wire" else gl.GL_FILL)

    def _end(self) -> None:
        gl.glPolygonMode(gl.GL_FRONT_AND_BACK, gl.GL_FILL)
        self._blend(False)
        gl.glUseProgram(0)

    def _blend(self, clear: bool) -> None:
        (gl.glEnable if clear else gl.glDisable)(gl.GL_BLEND)
        gl.glBlendFunc(gl.GL_SRC_ALPHA, gl.GL_ONE_MINUS_SRC_ALPHA)
        gl.glDepthMask(gl.GL_FALSE if clear else gl.GL_TRUE)

    def _in_order(self, frame: _Frame, pieces: Sequence[Drawn]) -> Iterator[tuple[Drawn, bool]]:
        """Pieces as they are to be drawn, and whether light passes through."""
        mode, backward = frame.mode, frame.state.camera.axes()[2]
        if mode.through:
            yield from ((p, False) for p in pieces if is_cloud(p.part))
            yield from ((p, True) for p in pieces if not is_cloud(p.part))
            return
        clear = [p for p in pieces if p.part.material.alpha == "blend" and mode.shape == "surface"]
        yield from ((p, False) for p in pieces if p not in clear)
        direction = tuple(float(v) for v in backward)
        for piece in sorted(clear, key=lambda p: float(p.part.vertices.mean(0) @ backward)):
            if direction != self._sorted_for or not isinstance(piece, Piece):
                piece.far_first(np.asarray(backward))
            yield piece, True
        if clear and isinstance(clear[0], Piece):
            self._sorted_for = direction

    def _draw_piece(self, frame: _Frame, piece: Drawn, as_points: bool, span: tuple[int, int]) -> None:
        part, material, state = piece.part, piece.part.material, frame.state
        how = lighting(part, frame.mode, state)
        asked = Asked(
            textured=piece.texture is not None,
            shadowed=bool(frame.frames) and not as_points,
            glossy=how.gloss > 0,
            lamps=len(frame.lamps),
            cuts=len(state.cuts),
        )
        used = self._use(frame, asked)
        put(
            used,
            factor=material.factor,
            alpha_mode=_ALPHA[material.alpha],
            cutoff=material.cutoff,
            in_clay=int(wears_clay(part, frame.mode)),
            is_cloud=int(as_points),
            fill=how.fill,
            gloss=how.gloss,
            power=filled(how.powers, 0.0, MOST),
        )
        piece.draw(as_points, span)

    def _use(self, frame: _Frame, asked: Asked) -> Any:
        """The program of the mode, with what is the same for all pieces of a picture."""
        key = frame.mode.name, asked
        used = self._programs.get(key) or mode_program(frame.mode, asked)
        self._programs[key] = used
        used.use()
        if used.id in self._set:
            return used
        state, camera = frame.state, frame.state.camera
        put(
            used,
            view=tuple(camera.view().T.ravel()),
            projection=tuple(camera.projection(*frame.size, frame.part).T.ravel()),
            axes=tuple(np.stack(camera.axes()).ravel()),
            eye=tuple(float(v) for v in camera.eye),
            flat_view=int(camera.flat),
            point_size=point_size(frame.size[1]) * frame.finer,
            blur=float(np.log2(frame.finer)),
            clay=CLAY,
            picture=0,
            depths=1,
            lamp=filled([tuple(lamp) for lamp in frame.lamps], (0.0, 0.0, 1.0), MOST),
            from_lamp=filled([tuple(f.T.ravel()) for f in frame.frames], (0.0,) * 16, MOST),
            lift=frame.lift,
            through=int(frame.mode.through),
            cut=filled(state.cuts, (0.0,) * 4, MOST_CUTS),
        )
        self._set.add(used.id)
        return used

    def _draw_sky(self, frame: _Frame) -> None:
        left, top, _, high = frame.part
        height, finer, state = frame.size[1], frame.finer, frame.state
        gl.glDisable(gl.GL_DEPTH_TEST)
        gl.glDisable(gl.GL_BLEND)
        gl.glPolygonMode(gl.GL_FRONT_AND_BACK, gl.GL_FILL)
        self.sky.use()
        self.sky["low"], self.sky["high"] = state.sky
        self.sky["span"] = (1 - (top + high) / height, 1 - top / height)
        self.sky["corner"] = (float(left * finer), float((height - top - high) * finer))
        gl.glBindVertexArray(self.nothing)
        gl.glDrawArrays(gl.GL_TRIANGLES, 0, 3)
        self.sky.stop()
