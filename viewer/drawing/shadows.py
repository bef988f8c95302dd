"""Cast shadows on the card: for each lamp the depths it sees of the model, in a layer of one texture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyglet import gl

from sculpt3d.models.document import Document, Part
from viewer.drawing.gpu import Drawn, filled, program, put
from viewer.files.loading import is_cloud
from viewer.state.cuts import MOST_CUTS, Cut
from viewer.state.lamps import MOST

M4 = NDArray[np.float64]


class Shadows:
    """Maps of so many texels each way; they stay as they are until a lamp or a cut moves."""

    def __init__(self, document: Document, texels: int) -> None:
        self.texels = texels
        points = [p.vertices for p in document.parts if _casts(p)]
        self.low = np.min([v.min(0) for v in points], 0).astype(float) if points else np.zeros(3)
        self.high = np.max([v.max(0) for v in points], 0).astype(float) if points else np.ones(3)
        self.program, self.maps, self.frame = program("depth"), gl.GLuint(), gl.GLuint()
        self._drawn: tuple[Any, ...] | None = None

    def free(self) -> None:
        self.program.delete()
        gl.glDeleteFramebuffers(1, self.frame)
        gl.glDeleteTextures(1, self.maps)

    def stands(self, lamps: list[NDArray[np.float64]], cuts: tuple[Cut, ...]) -> bool:
        """Whether the maps are those of lamps in these directions already."""
        return self._drawn == (*(tuple(lamp) for lamp in lamps), cuts)

    def draw(
        self, lamps: list[NDArray[np.float64]], cuts: tuple[Cut, ...], pieces: Sequence[Drawn]
    ) -> list[M4]:
        """The maps of lamps in these directions, of what the cuts leave; returns lamp_from_world of each.

        Leaves the framebuffer as it was.
        """
        frames = [self._from_world(lamp) for lamp in lamps]
        if not self.stands(lamps, cuts):
            self._render(frames, cuts, [p for p in pieces if _casts(p.part)])
            self._drawn = (*(tuple(lamp) for lamp in lamps), cuts)
        gl.glActiveTexture(gl.GL_TEXTURE1)
        gl.glBindTexture(gl.GL_TEXTURE_2D_ARRAY, self.maps)
        gl.glActiveTexture(gl.GL_TEXTURE0)
        return frames

    def _from_world(self, lamp: NDArray[np.float64]) -> M4:
        """Clip coordinates of a camera far out in the lamp's direction; the model's ball and a little more fills them."""
        right = np.cross([0.0, 1.0, 0.0] if abs(lamp[1]) < 0.9 else [1.0, 0.0, 0.0], lamp)
        right /= np.linalg.norm(right)
        axes = np.stack([right, np.cross(lamp, right), -lamp])
        radius = max(float(np.linalg.norm(self.high - self.low)) / 2, 1e-9) * 1.01
        m = np.eye(4)
        m[:3, :3] = axes / radius
        m[:3, 3] = -m[:3, :3] @ ((self.low + self.high) / 2)
        return m

    def _render(self, frames: list[M4], cuts: tuple[Cut, ...], casting: list[Drawn]) -> None:
        before = gl.GLint()
        gl.glGetIntegerv(gl.GL_FRAMEBUFFER_BINDING, before)
        if not self.frame.value:
            self._make()
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, self.frame)
        gl.glViewport(0, 0, self.texels, self.texels)
        gl.glEnable(gl.GL_DEPTH_TEST)
        gl.glDepthMask(gl.GL_TRUE)
        self.program.use()
        put(self.program, cuts=len(cuts), cut=filled(cuts, (0.0,) * 4, MOST_CUTS))
        for layer, frame in enumerate(frames):
            gl.glFramebufferTextureLayer(gl.GL_FRAMEBUFFER, gl.GL_DEPTH_ATTACHMENT, self.maps, 0, layer)
            gl.glClear(gl.GL_DEPTH_BUFFER_BIT)
            self.program["from_lamp"] = tuple(frame.T.ravel())
            for piece in casting:
                piece.draw()
        self.program.stop()
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, before.value)

    def _make(self) -> None:
        gl.glGenFramebuffers(1, self.frame)
        gl.glGenTextures(1, self.maps)
        gl.glBindTexture(gl.GL_TEXTURE_2D_ARRAY, self.maps)
        gl.glTexImage3D(
            gl.GL_TEXTURE_2D_ARRAY, 0, gl.GL_DEPTH_COMPONENT32F, self.texels, self.texels, MOST, 0,
            gl.GL_DEPTH_COMPONENT, gl.GL_FLOAT, None,
        )  # fmt: skip
        for name in (gl.GL_TEXTURE_MIN_FILTER, gl.GL_TEXTURE_MAG_FILTER):
            gl.glTexParameteri(gl.GL_TEXTURE_2D_ARRAY, name, gl.GL_NEAREST)
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, self.frame)
        gl.glDrawBuffer(gl.GL_NONE)
        gl.glReadBuffer(gl.GL_NONE)


def _casts(part: Part) -> bool:
    return not is_cloud(part) and part.material.alpha != "blend"
