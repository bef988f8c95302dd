"""The picture without OpenGL: ray cast on the processor, textures read at every ray, layer behind layer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sculpt3d._open3d import o3d
from sculpt3d.geometry import F64
from sculpt3d.models.document import Document
from sculpt3d.types import F32, U8
from viewer.drawing.canvas import Canvas
from viewer.drawing.flat import Depths, draw_edges, draw_points
from viewer.drawing.marks_by_rays import draw_marks
from viewer.drawing.shade import CLAY, LIFT, arriving, lighting, seen_of, turned, wears_clay
from viewer.drawing.surfaces import Hit, Painted
from viewer.files.loading import is_cloud
from viewer.modes import mode as mode_named
from viewer.modes.mode import Mode
from viewer.state.camera import Tile
from viewer.state.commands import State
from viewer.state.cuts import Cut, stretch

RAYS = 2  # squared: a pixel's
_LAYERS = 48  # surfaces that a ray passes; what lies behind them is not seen
_BAND = 1 << 18  # rays at a time
_OPAQUE = 0.999
_STEP = 2e-5  # of the distance, behind a surface that lets light through
_I64 = NDArray[np.int64]


def draw(document: Document, state: State, size: tuple[int, int], tile: Tile | None = None) -> U8:
    """(H, W, 3): what viewer/drawing/renderer.py draws."""
    return Rays(document).draw(state, size, tile)


class Rays:
    """Draws a document without OpenGL; surfaces are prepared once for all its pictures."""

    tile = 1024  # pixels of a picture that are drawn at once, each way

    def __init__(self, document: Document) -> None:
        self.document = document
        known: dict[int, list[U8]] = {}
        self.surfaces = [Painted(p, known) for p in document.parts if not is_cloud(p)]
        self.scene = _Scene(self.surfaces) if self.surfaces else None

    def draw(self, state: State, size: tuple[int, int], tile: Tile | None = None) -> U8:
        """(H, W, 3) of the picture or a tile of it."""
        mode, canvas = mode_named(state.mode), Canvas(state, size, tile, RAYS)
        front = Depths(canvas.sky(), np.full((canvas.height, canvas.width), np.inf, np.float32))
        for part in self.document.parts:
            if is_cloud(part) or mode.shape == "points":
                draw_points(front, part, canvas, mode, size[1], RAYS)
            elif mode.shape == "wire":
                draw_edges(front, part, canvas, mode, RAYS)
        picture = front.colour
        if self.scene is not None and mode.shape == "surface":
            caster = Caster(self.surfaces, self.scene, state, mode, canvas)
            rows = max(1, _BAND // canvas.width)
            for row in range(0, canvas.height, rows):
                band = slice(row, min(row + rows, canvas.height))
                picture[band] = caster.over(band, front.colour[band], front.depth[band])
        if state.over:
            draw_marks(picture, front.depth, state, canvas, RAYS)
        mean = picture.reshape(canvas.height // RAYS, RAYS, canvas.width // RAYS, RAYS, 3).mean((1, 3))
        return np.asarray(np.clip(mean * 255 + 0.5, 0, 255), np.uint8)


class _Scene:
    """Surfaces for rays; coordinates about their middle, where float32 is finest."""

    def __init__(self, surfaces: list[Painted]) -> None:
        self.middle = np.mean([s.part.vertices.mean(0, dtype=np.float64) for s in surfaces], 0)
        self.all, self.solid = (o3d.t.geometry.RaycastingScene() for _ in range(2))
        for surface in surfaces:
            local = o3d.core.Tensor((surface.part.vertices - self.middle).astype(np.float32))
            faces = o3d.core.Tensor(surface.part.faces.astype(np.uint32))
            self.all.add_triangles(local, faces)
            if surface.part.material.alpha != "blend":
                self.solid.add_triangles(local, faces)
        self.casts = any(s.part.material.alpha != "blend" for s in surfaces)

    def first(
        self, origins: F64, directions: F64, cuts: tuple[Cut, ...] = ()
    ) -> tuple[F64, _I64, _I64]:
        """Depth along the direction, surface and face (N,) of what each ray meets first of what cuts leave."""
        near, far = stretch(origins, directions, cuts)
        begin = np.where(near <= far, near, 0.0)
        start = origins + directions * begin[:, None] if cuts else origins
        rays = np.concatenate([start - self.middle, directions], 1).astype(np.float32)
        found = self.all.cast_rays(o3d.core.Tensor(rays))
        depth = found["t_hit"].numpy().astype(np.float64) + begin
        return (
            np.where(depth <= far, depth, np.inf),
            found["geometry_ids"].numpy().astype(np.int64),
            found["primitive_ids"].numpy().astype(np.int64),
        )

    def free(self, origins: F64, direction: F64, cuts: tuple[Cut, ...] = ()) -> NDArray[np.bool_]:
        """(N,) whether nothing solid that cuts leave lies that way."""
        if not self.casts:
            return np.ones(len(origins), bool)
        rays = np.concatenate([origins - self.middle, np.broadcast_to(direction, origins.shape)], 1)
        tensor = o3d.core.Tensor(rays.astype(np.float32))
        if cuts:
            met = self.solid.cast_rays(tensor)["t_hit"].numpy()
            return np.asarray(~np.isfinite(met) | (met > stretch(origins, rays[:, 3:], cuts)[1]))
        return np.asarray(~self.solid.test_occlusions(tensor).numpy())


class Caster:
    """What rays of a canvas see of surfaces in a mode."""

    def __init__(
        self, surfaces: list[Painted], scene: _Scene, state: State, mode: Mode, canvas: Canvas
    ) -> None:
        self.surfaces, self.scene, self.state, self.mode, self.canvas = surfaces, scene, state, mode, canvas
        self.lamps = np.array([lamp.direction(state.camera) for lamp in state.lamps])
        self.axes, self.beside = np.stack(state.camera.axes()), canvas.beside(RAYS)

    def over(self, rows: slice, behind: F32, flat: F32) -> F32:
        """Rows of the picture: surfaces before `behind`, which lies at the depths `flat`; blended in sRGB codes. `flat` becomes
        the depth of what is opaque."""
        origins, directions = self.canvas.rays(rows)
        colour, left = np.zeros((len(directions), 3), np.float32), np.ones(len(directions), np.float32)
        alive, start = np.arange(len(directions)), np.zeros(len(directions))
        limit = flat.reshape(-1)
        for _ in range(_LAYERS):
            o, d, begin = origins[alive], directions[alive], start[alive]
            depth, surface, face = self.scene.first(o + d * begin[:, None], d, self.state.cuts)
            depth = depth + begin
            hit = np.isfinite(depth) & (depth < limit[alive])
            alive, depth, surface, face = alive[hit], depth[hit], surface[hit], face[hit]
            if not len(alive):
                break
            seen = self._look(origins[alive], directions[alive], depth, surface, face)
            alpha = seen[:, 3]
            colour[alive] += (left[alive] * alpha)[:, None] * seen[:, :3]
            left[alive] *= 1 - alpha
            start[alive] = depth * (1 + _STEP)
            ends = alpha >= _OPAQUE
            if not self.mode.through:
                limit[alive[ends]] = depth[ends]
            alive = alive[~ends]
        return np.asarray((colour + left[:, None] * behind.reshape(-1, 3)).reshape(behind.shape), np.float32)

    def _look(self, origins: F64, directions: F64, depth: F64, surface: _I64, face: _I64) -> F32:
        """sRGB and alpha 0..1 (N, 4) of what each ray meets."""
        coded = np.empty((len(depth), 4), np.float32)
        for number in np.unique(surface):
            here, on = np.flatnonzero(surface == number), self.surfaces[number]
            found = on.at(Hit(face[here], origins[here], directions[here]), self.beside)
            albedo = found.colour
            if wears_clay(on.part, self.mode):
                albedo = np.broadcast_to(np.asarray(CLAY, np.float32), albedo.shape)
            normal, how = turned(found.normal, found.side), lighting(on.part, self.mode, self.state)
            places = origins[here] + directions[here] * depth[here, None]
            shine = self._shine(places, normal) if self.state.shadows and how.powers else None
            view = self.canvas.towards(places)
            light = arriving(normal, view, self.lamps, how, shine)
            seen = seen_of(albedo, found.alpha, normal, view, light, found.value, self.axes)
            coded[here] = self.mode.look(seen)
        return coded

    def _shine(self, places: F64, normal: F64) -> NDArray[np.bool_]:
        """(N, L) which lamps reach each place."""
        off = places + normal * (LIFT * self.state.home.radius)
        return np.stack([self.scene.free(off, lamp, self.state.cuts) for lamp in self.lamps], 1)
