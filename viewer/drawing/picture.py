"""Pictures of a document, without a window: by OpenGL where it works, else ray cast."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from sculpt3d.errors import ResourceError
from sculpt3d.models.document import Document
from sculpt3d.types import U8
from viewer.drawing.window import open_window
from viewer.state.camera import OrbitCamera, Tile
from viewer.state.commands import State
from viewer.state.sides import Aim

SIZE = (1280, 720)
_SMALL = (64, 64)  # of the window that nobody sees; the picture has pixels of its own


class Drawer(Protocol):
    """Draws one document; `tile`: as many pixels of a picture as it draws at once, each way."""

    @property
    def tile(self) -> int: ...

    def draw(self, state: State, size: tuple[int, int], tile: Tile | None = None) -> U8:
        """(H, W, 3) of the picture or a tile of it."""


def framed(document: Document, size: tuple[int, int], aim: Aim | tuple[float, float] | None = None) -> State:
    """A camera that holds the whole model; slightly from above where no aim (radians) is given."""
    aspect = size[0] / size[1]
    if aim is None:
        camera = OrbitCamera.framing(document.points(), aspect)
    else:
        camera = OrbitCamera.framing(document.points(), aspect, (aim[0], aim[1])).towards(*aim)
    return State(camera, camera)


def picture(document: Document, state: State, size: tuple[int, int]) -> U8:
    """(H, W, 3)."""
    with drawer(document) as draws:
        return whole(draws, state, size)


def whole(draws: Drawer, state: State, size: tuple[int, int]) -> U8:
    """(H, W, 3), in tiles where it is large."""
    width, height = size
    if max(size) <= draws.tile:
        return draws.draw(state, size)
    found = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, draws.tile):
        for left in range(0, width, draws.tile):
            wide, high = min(draws.tile, width - left), min(draws.tile, height - top)
            found[top : top + high, left : left + wide] = draws.draw(state, size, (left, top, wide, high))
    return found


@contextmanager
def drawer(document: Document) -> Iterator[Drawer]:
    """OpenGL's where it works, else that of rays, which is said; also where it fails on the way."""
    found = _Either(document)
    try:
        yield found
    finally:
        found.close()


class _Either:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.card: Card | None = None
        try:
            self.card = Card(document)
            self.by: Drawer = self.card
        except ResourceError:
            self.by = self._rays()

    @property
    def tile(self) -> int:
        return self.by.tile

    def draw(self, state: State, size: tuple[int, int], tile: Tile | None = None) -> U8:
        try:
            return self.by.draw(state, size, tile)
        except ResourceError:
            if self.card is None:
                raise
            self.close()
            self.by = self._rays()
            return self.by.draw(state, size, tile)

    def close(self) -> None:
        if self.card is not None:
            self.card.close()
            self.card = None

    def _rays(self) -> Drawer:
        print("OpenGL does not work here; drawing without it", file=sys.stderr)
        from viewer.drawing.software import Rays

        return Rays(self.document)


def by_opengl(document: Document, state: State, size: tuple[int, int], tile: Tile | None = None) -> U8:
    """(H, W, 3); raises `ResourceError` where there is none."""
    card = Card(document)
    try:
        return card.draw(state, size, tile)
    finally:
        card.close()


class Card:
    """Draws a document by OpenGL. Raises `ResourceError` where there is none."""

    tile = 2048

    def __init__(self, document: Document) -> None:
        self.window = open_window(_SMALL, visible=False)
        self.window.switch_to()
        self._targets: dict[tuple[int, int], Any] = {}
        try:
            self._renderer = self._started(document)
        except BaseException:
            self.window.close()
            raise

    def draw(self, state: State, size: tuple[int, int], tile: Tile | None = None) -> U8:
        self.window.switch_to()
        return self._guarded(lambda: self._draw(state, size, tile))

    def close(self) -> None:
        """What is on the card goes too: windows share it, so it would outlive this one."""
        from pyglet.gl.lib import GLException

        self.window.switch_to()
        try:
            for target in self._targets.values():
                target.free()
            self._renderer.free()
        except GLException:  # a card that failed while drawing fails here too
            pass
        finally:
            self.window.close()

    def _started(self, document: Document) -> Any:
        from viewer.drawing.renderer import Renderer

        return self._guarded(lambda: Renderer(document))

    def _draw(self, state: State, size: tuple[int, int], tile: Tile | None) -> U8:
        from viewer.drawing.offscreen import Offscreen

        part = size if tile is None else (tile[2], tile[3])
        if part not in self._targets:
            self._targets[part] = Offscreen(*part)
        target = self._targets[part]
        target.bind()
        self._renderer.draw(state, *size, target.finer, tile)
        return target.read()

    def _guarded(self, work: Any) -> Any:
        from pyglet.gl.lib import GLException
        from pyglet.graphics.shader import ShaderException

        try:
            return work()
        except (GLException, ShaderException) as error:
            raise ResourceError(f"OpenGL failed ({str(error)[:80]}); update the graphics driver") from error
