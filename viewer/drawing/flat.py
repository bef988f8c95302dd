"""Points and edges without OpenGL: drawn straight into the picture, the nearest stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d._kernels import njit
from sculpt3d.models.document import Part
from sculpt3d.types import F32
from viewer.drawing.canvas import Canvas
from viewer.drawing.shade import CLAY, arriving, lighting, point_size, seen_of, turned, wears_clay
from viewer.drawing.surfaces import shown_values, vertex_tints
from viewer.drawing.textures import look_up
from viewer.modes.mode import Mode
from viewer.state.cuts import left


@dataclass(frozen=True)
class Depths:
    """A picture being drawn: sRGB 0..1 (H, W, 3) and the depth of what is in front (H, W)."""

    colour: F32
    depth: F32


def draw_points(to: Depths, part: Part, canvas: Canvas, mode: Mode, height: int, rays: int) -> None:
    """Squares as wide as OpenGL draws them in a picture of that height."""
    colour, kept = _colours(part, canvas, mode)
    xy, depth = canvas.places(part.vertices)
    wide = max(1, round(point_size(height) * rays))
    corner = np.round(xy - wide / 2).astype(np.int64)
    ready = kept & (depth > 0)
    _splat(corner[ready], depth[ready].astype(np.float32), colour[ready], wide, to.colour, to.depth)


def draw_edges(to: Depths, part: Part, canvas: Canvas, mode: Mode, wide: int) -> None:
    """The triangles' sides, `wide` across."""
    colour, kept = _colours(part, canvas, mode)
    xy, depth = canvas.places(part.vertices)
    pairs = np.sort(np.concatenate([part.faces[:, [0, 1]], part.faces[:, [1, 2]], part.faces[:, [2, 0]]]), 1)
    keys = np.unique(pairs[:, 0].astype(np.int64) << 32 | pairs[:, 1])
    ends = np.stack([keys >> 32, keys & 0xFFFFFFFF], 1)
    ready = (kept[ends] & (depth[ends] > 0)).all(1)
    _lines(ends[ready], xy, depth.astype(np.float32), colour, wide, to.colour, to.depth)


def _colours(part: Part, canvas: Canvas, mode: Mode) -> tuple[F32, NDArray[np.bool_]]:
    """sRGB 0..1 (V, 3) of the vertices, lit; and which of them are there at all: what is mostly clear or cut away is left out."""
    count, state = len(part.vertices), canvas.state
    found = np.broadcast_to(np.asarray(part.material.factor, np.float32), (count, 4))
    if part.rgba is not None:
        found = found * vertex_tints(part)
    texture = part.material.texture
    if texture is not None and part.uv is not None:
        found = found * look_up([texture.pixels], texture.wrap, part.uv, np.zeros(count))
    cutoff = {"opaque": -1.0, "mask": part.material.cutoff, "blend": 0.5}[part.material.alpha]
    albedo = np.broadcast_to(np.asarray(CLAY), (count, 3)) if wears_clay(part, mode) else found[:, :3]
    view = canvas.towards(part.vertices)
    normal = turned(np.zeros((count, 3)) if part.normals is None else part.normals.astype(np.float64), view)
    lamps = np.array([lamp.direction(state.camera) for lamp in state.lamps])
    light = arriving(normal, view, lamps, lighting(part, mode, state), None)
    axes = np.stack(state.camera.axes())
    seen = seen_of(albedo, found[:, 3], normal, view, light, shown_values(part), axes)
    kept = (found[:, 3] >= cutoff) & left(part.vertices, state.cuts)
    return np.ascontiguousarray(mode.look(seen)[:, :3], np.float32), kept


@njit(nogil=True, cache=True)
def _splat(corner: Any, depth: Any, colour: Any, wide: int, picture: Any, front: Any) -> None:
    height, width = front.shape
    for i in range(len(corner)):
        for y in range(max(corner[i, 1], 0), min(corner[i, 1] + wide, height)):
            for x in range(max(corner[i, 0], 0), min(corner[i, 0] + wide, width)):
                if depth[i] < front[y, x]:
                    front[y, x] = depth[i]
                    picture[y, x] = colour[i]


@njit(nogil=True, cache=True)
def _lines(ends: Any, xy: Any, depth: Any, colour: Any, wide: int, picture: Any, front: Any) -> None:
    """Steps of at most a pixel; an edge longer than the picture takes no more steps than one across it."""
    height, width = front.shape
    for i in range(len(ends)):
        a, b = ends[i]
        dx, dy = xy[b, 0] - xy[a, 0], xy[b, 1] - xy[a, 1]
        low, high = 0.0, 1.0
        for start, move, size in ((xy[a, 0], dx, width), (xy[a, 1], dy, height)):
            if move != 0.0:
                one, other = -start / move, (size - start) / move
                low, high = max(low, min(one, other)), min(high, max(one, other))
        if high <= low:  # beside the picture
            continue
        steps = int(max(abs(dx), abs(dy)) * (high - low)) + 1
        for k in range(steps + 1):
            t = low + (high - low) * k / steps
            left, top = int(np.floor(xy[a, 0] + t * dx)), int(np.floor(xy[a, 1] + t * dy))
            z = 1 / ((1 - t) / depth[a] + t / depth[b])
            for y in range(max(top, 0), min(top + wide, height)):
                for x in range(max(left, 0), min(left + wide, width)):
                    if z < front[y, x]:
                        front[y, x] = z
                        for c in range(3):
                            picture[y, x, c] = colour[a, c] * (1 - t) + colour[b, c] * t
