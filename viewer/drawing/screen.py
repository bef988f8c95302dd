"""What a window shows of a model: few triangles while things move; at rest all, in steps, so that the window still listens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

from pyglet import gl

from sculpt3d.models.document import Document
from sculpt3d.types import U8
from viewer.detail.cut import Cut, cut_of
from viewer.detail.making import Making
from viewer.drawing.offscreen import FINER, Layer, largest
from viewer.drawing.renderer import Renderer
from viewer.modes import mode
from viewer.state.commands import State
from viewer.state.marks import NO_MARKS

How = Literal["moving", "resting", "whole"]
BUDGET = 60_000  # triangles of a picture in motion: 15 a second on two cores of a processor without a graphics card
POINTS = 120_000  # of a large cloud in motion
_MOST = 24_000_000  # pixels of a picture that is drawn larger to be smooth
_STEP = 150_000  # triangles between two looks at the mouse
_STEP_S = 0.04


class Screen:
    """Draws on a window's framebuffer. making: of the model's levels of detail; None: it is drawn whole at once."""

    def __init__(self, document: Document, making: Making | None = None) -> None:
        self.document, self.making = document, making
        self.renderer = Renderer(document)
        self.cut: Cut | None = None
        self._look: Any = None
        self._final: Any = None  # what the last layer was made for
        self._steps: Iterator[None] | None = None
        self._layers: dict[str, Layer] = {}
        self._size = (0, 0)
        self._shown = ""  # of the layers, the one that is shown

    def show(self, state: State, size: tuple[int, int], corner: tuple[int, int], onto: int, how: How) -> None:
        """The state's picture of that size, at `corner` (left, low) of the framebuffer of that number, which is bound then.

        how: "moving" few triangles; "resting" some steps more towards all; "whole" all of them now.
        """
        self._fit(*size)
        bare = replace(state, over=NO_MARKS)
        if bare != self._look:
            self._look, self._steps, self._shown = bare, None, ""
        if how == "whole":
            self._steps = self._steps or self._begun(bare)
            self._go_on(1e9)
        elif not self._shown or (self._shown == "quick" and self._news()):
            self._quick(bare)
        elif how == "resting" and self._shown == "quick":
            self._steps = self._steps or self._begun(bare)
            self._go_on(_STEP_S)
        self._marked(state)
        self._layers["final"].show(onto, corner)

    @property
    def complete(self) -> bool:
        """Whether all of the model is shown."""
        return self._shown == "whole"

    def read(self) -> U8:
        """The picture that is shown (H, W, 3)."""
        return self._layers["final"].read()

    def free(self) -> None:
        """What is on the card of it goes."""
        self.renderer.free()
        for layer in self._layers.values():
            layer.free()
        self._layers, self._size = {}, (0, 0)

    def _news(self) -> bool:
        return self.making is not None and self.making.levels is not self.renderer.levels

    def _quick(self, state: State) -> None:
        """What can be drawn at once."""
        if self._news() and self.making is not None:
            self.renderer.show_levels(self.making.levels)
        self._layers["quick"].bind()
        shape = mode(state.mode).shape
        clouds = () if self.making is None else self.making.clouds
        if self.renderer.levels is not None:
            textured = mode(state.mode).colours != "clay"
            self.cut = cut_of(self.renderer.levels, state.camera, self._size, _budget(shape), textured)
        self.renderer.draw_cut(state, *self._size, self.cut, clouds, POINTS)
        self._shown, self._final = "quick", None

    def _begun(self, state: State) -> Iterator[None]:
        return self.renderer.drawing(state, *self._size, self._layers["whole"].finer, most=_STEP)

    def _go_on(self, seconds: float) -> None:
        """Some steps of the whole picture."""
        assert self._steps is not None
        self._layers["whole"].bind()
        began = time.monotonic()
        for _ in self._steps:
            if seconds < 1e9:
                gl.glFinish()
            if time.monotonic() - began > seconds:
                return
        self._shown, self._steps, self._final = "whole", None, None

    def _marked(self, state: State) -> None:
        """What lies over the model is drawn on a copy, so that a hand that moves over it costs no model."""
        if self._final is state.over:
            return
        layer = self._layers[self._shown]
        if state.over:
            layer.copy_to(self._layers[f"marked {self._shown}"])
            layer = self._layers[f"marked {self._shown}"]
            layer.bind()
            self.renderer.draw_marks(state, self._size, layer.finer)
        layer.averaged_to(self._layers["final"])
        self._final = state.over

    def _fit(self, width: int, height: int) -> None:
        """Layers of the window's size."""
        if (width, height) == self._size:
            return
        for layer in self._layers.values():
            layer.free()
        fits = FINER * max(width, height) <= largest() and FINER**2 * width * height <= _MOST
        finer = FINER if fits else 1
        sizes = {"quick": 1, "marked quick": 1, "whole": finer, "marked whole": finer, "final": 1}
        self._layers = {name: Layer(width, height, k) for name, k in sizes.items()}
        self._size, self._look, self._shown, self._final = (width, height), None, "", None


def _budget(shape: str) -> int:
    return BUDGET if shape == "surface" else BUDGET // 2  # sides and points take longer than what is filled
