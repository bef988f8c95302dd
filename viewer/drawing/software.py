"""The picture without OpenGL: ray cast on the processor, textures read at every ray, layer behind layer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sculpt3d._open3d import o3d
from sculpt3d.colour import to_srgb
from sculpt3d.geometry import F64
from sculpt3d.models.document import Document
from sculpt3d.types import F32, U8
from viewer.drawing.flat import Depths, draw_edges, draw_points
from viewer.drawing.shade import CLAY, lighting, shade, wears_clay
from viewer.drawing.surfaces import Hit, Painted
from viewer.files.loading import is_cloud
from viewer.state.camera import FIELD_OF_VIEW
from viewer.state.commands import State, light_direction

RAYS = 2  # squared: a pixel's
_LAYERS = 48  # surfaces that a ray passes; what lies behind them is not seen
_BAND = 1 << 18  # rays at a time
_OPAQUE = 0.999
_STEP = 2e-5  # of the distance, behind a surface that lets light through


def draw(document: Document, state: State, size: tuple[int, int]) -> U8:
    """(H, W, 3): what viewer/drawing/renderer.py draws."""
    width, height = size[0] * RAYS, size[1] * RAYS
    canvas = Canvas(state, width, height)
    front = Depths(canvas.sky(), np.full((height, width), np.inf, np.float32))
    for part in document.parts:
        if is_cloud(part):
            draw_points(front, part, state, size[1], RAYS)
        elif state.style == "wire":
            draw_edges(front, part, state, RAYS)
    surfaces = [p for p in document.parts if not is_cloud(p)]
    picture = front.colour
    if surfaces and state.style != "wire":
        known: dict[int, list[U8]] = {}
        caster = Caster([Painted(p, known) for p in surfaces], state, canvas)
        rows = max(1, _BAND // width)
        for row in range(0, height, rows):
            band = slice(row, min(row + rows, height))
            picture[band] = caster.over(band, front.colour[band], front.depth[band])
    mean = picture.reshape(size[1], RAYS, size[0], RAYS, 3).mean((1, 3))
    return np.asarray(np.clip(mean * 255 + 0.5, 0, 255), np.uint8)


class Canvas:
    """The rays of a camera, `RAYS` squared a pixel; a direction's depth along the view is 1."""

    def __init__(self, state: State, width: int, height: int) -> None:
        self.state, self.width, self.height = state, width, height
        self.right, self.up, self.back = state.camera.axes()
        self.eye, self.step = state.camera.eye, float(2 * np.tan(FIELD_OF_VIEW / 2) / height)

    def rays(self, rows: slice) -> F64:
        """(N, 3) of whole rows."""
        x = (np.arange(self.width) + 0.5 - self.width / 2) * self.step
        y = (self.height / 2 - np.arange(rows.start, rows.stop) - 0.5) * self.step
        return np.asarray(
            (x[:, None] * self.right + y[:, None, None] * self.up - self.back).reshape(-1, 3), np.float64
        )

    def sky(self) -> F32:
        """sRGB 0..1 (H, W, 3)."""
        up = (1 - (np.arange(self.height) + 0.5) / self.height)[:, None]
        low, high = (np.asarray(c, np.float64) for c in self.state.sky)
        colour = low * (1 - up) + high * up
        return np.repeat(colour[:, None].astype(np.float32), self.width, 1)


class Caster:
    """Surfaces in one scene of rays; coordinates about their middle, where float32 is finest."""

    def __init__(self, surfaces: list[Painted], state: State, canvas: Canvas) -> None:
        self.surfaces, self.state, self.canvas = surfaces, state, canvas
        self.middle = np.mean([s.part.vertices.mean(0, dtype=np.float64) for s in surfaces], 0)
        self.light = np.asarray(light_direction(state))
        self.scene = o3d.t.geometry.RaycastingScene()
        for surface in surfaces:
            self.scene.add_triangles(
                o3d.core.Tensor(np.asarray(surface.part.vertices - self.middle, np.float32)),
                o3d.core.Tensor(np.ascontiguousarray(surface.part.faces, np.uint32)),
            )

    def over(self, rows: slice, behind: F32, limit: F32) -> F32:
        """Surfaces nearer than `limit` (H, W) blended over `behind` (H, W, 3), both sRGB as browsers blend."""
        directions = self.canvas.rays(rows)
        colour, left = np.zeros((len(directions), 3), np.float32), np.ones(len(directions), np.float32)
        alive, start = np.arange(len(directions)), np.zeros(len(directions))
        furthest = limit.reshape(-1)
        for _ in range(_LAYERS):
            depth, surface, face = self._first(directions[alive], start[alive])
            hit = np.isfinite(depth) & (depth <= furthest[alive])
            alive, depth, surface, face = alive[hit], depth[hit], surface[hit], face[hit]
            if not len(alive):
                break
            seen, alpha = self._look(directions[alive], depth, surface, face)
            colour[alive] += (left[alive] * alpha)[:, None] * seen
            left[alive] *= 1 - alpha
            start[alive] = depth * (1 + _STEP)
            alive = alive[alpha < _OPAQUE]
        return np.asarray((colour + left[:, None] * behind.reshape(-1, 3)).reshape(behind.shape), np.float32)

    def _first(
        self, directions: F64, start: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
        origins = self.canvas.eye - self.middle + directions * start[:, None]
        found = self.scene.cast_rays(
            o3d.core.Tensor(np.concatenate([origins, directions], 1).astype(np.float32))
        )
        return (
            start + found["t_hit"].numpy().astype(np.float64),
            found["geometry_ids"].numpy().astype(np.int64),
            found["primitive_ids"].numpy().astype(np.int64),
        )

    def _look(
        self, directions: F64, depth: F64, surface: NDArray[np.int64], face: NDArray[np.int64]
    ) -> tuple[F32, F32]:
        """sRGB 0..1 (N, 3) and alpha (N,) of what each ray meets."""
        coded, alpha = np.empty((len(depth), 3), np.float32), np.empty(len(depth), np.float32)
        step = self.canvas.step * RAYS
        for number in np.unique(surface):
            here, on = np.flatnonzero(surface == number), self.surfaces[number]
            hit = Hit(face[here], self.canvas.eye, directions[here], depth[here])
            colour, alpha[here], normal, side = on.at(hit, step * self.canvas.right, step * self.canvas.up)
            if wears_clay(on.part, self.state):
                colour = np.broadcast_to(np.asarray(CLAY, np.float32), colour.shape)
            lit = shade(normal, side, self.light, lighting(on.part, self.state))
            coded[here] = to_srgb(colour * lit[:, None])
        return coded, alpha
