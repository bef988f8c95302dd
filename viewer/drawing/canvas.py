"""Rays and places of a camera's picture, or of a tile of it; without OpenGL."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sculpt3d.geometry import F64
from sculpt3d.types import F32
from viewer.state.camera import HALF, Tile
from viewer.state.commands import State


class Canvas:
    """`finer` squared rays a pixel; a ray's direction goes 1 along the view."""

    def __init__(self, state: State, size: tuple[int, int], tile: Tile | None, finer: int) -> None:
        left, top, wide, high = tile or (0, 0, *size)
        self.state, self.camera = state, state.camera
        self.whole_width, self.whole_height = size[0] * finer, size[1] * finer
        self.left, self.top, self.width, self.height = left * finer, top * finer, wide * finer, high * finer
        self.right, self.up, self.back = state.camera.axes()
        self.eye = state.camera.eye
        half = state.camera.reach if state.camera.flat else HALF
        self.step = 2 * half / self.whole_height

    def rays(self, rows: slice) -> tuple[F64, F64]:
        """Origins and directions (N, 3) of whole rows of the tile."""
        x = (self.left + np.arange(self.width) + 0.5 - self.whole_width / 2) * self.step
        y = (self.whole_height / 2 - self.top - np.arange(rows.start, rows.stop) - 0.5) * self.step
        across = (x[:, None] * self.right + y[:, None, None] * self.up).reshape(-1, 3)
        if self.camera.flat:
            return self.eye + across, np.broadcast_to(-self.back, across.shape)
        return np.broadcast_to(self.eye, across.shape), across - self.back

    def beside(self, pixels: float) -> tuple[tuple[F64, F64], tuple[F64, F64]]:
        """What a ray so many pixels to the right, and upwards, has more of origin and direction."""
        none = np.zeros(3)
        steps = pixels * self.step * self.right, pixels * self.step * self.up
        return tuple((s, none) if self.camera.flat else (none, s) for s in steps)  # type: ignore[return-value]

    def places(self, vertices: F32) -> tuple[F64, F64]:
        """Where vertices fall (N, 2) on the tile, and how far along the view (N,)."""
        away = vertices.astype(np.float64) - self.eye
        depth = -away @ self.back
        focal = 1 / self.step / (1.0 if self.camera.flat else np.where(depth > 0, depth, 1))
        x = self.whole_width / 2 - self.left + focal * (away @ self.right)
        return np.stack([x, self.whole_height / 2 - self.top - focal * (away @ self.up)], 1), depth

    def towards(self, points: NDArray[np.floating]) -> F64:
        """Unit vectors (N, 3) from points to the eye."""
        if self.camera.flat:
            return np.broadcast_to(self.back, points.shape)
        away = self.eye - points
        return np.asarray(away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-30))

    def sky(self) -> F32:
        """sRGB 0..1 (H, W, 3)."""
        up = (1 - (self.top + np.arange(self.height) + 0.5) / self.whole_height)[:, None]
        low, high = (np.asarray(c, np.float64) for c in self.state.sky)
        colour = low * (1 - up) + high * up
        return np.repeat(colour[:, None].astype(np.float32), self.width, 1)
