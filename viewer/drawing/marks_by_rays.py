"""Marks without OpenGL: their triangles filled one by one, where nothing is before them."""

from __future__ import annotations

from typing import Any

import numpy as np

from sculpt3d._kernels import njit
from sculpt3d.types import F32
from viewer.drawing.canvas import Canvas
from viewer.drawing.strokes import HATCH_PX, HATCH_WIDE, Flat, Label, filled, flat, labels
from viewer.state.commands import State


def draw_marks(colour: F32, depth: F32, state: State, canvas: Canvas, finer: int) -> None:
    """Over a picture (H, W, 3) of sRGB 0..1 and the depths (H, W) of what is seen; both are changed."""
    level = state.camera.flat
    size = canvas.whole_width // finer, canvas.whole_height // finer
    corner = np.array([canvas.left, canvas.top], np.float32)
    for fill in sorted(state.over.fills, key=lambda f: not f.solid):
        _fill(
            filled(fill, state, size, finer),
            corner,
            finer if fill.hatched else 0,
            fill.solid,
            level,
            colour,
            depth,
        )
    _fill(flat(state, size, finer), corner, 0, False, level, colour, depth)
    for label in labels(state.over, state.camera, size, finer):
        _paste(label, canvas, colour)


def _fill(found: Flat, corner: F32, hatch: int, solid: bool, level: bool, colour: F32, depth: F32) -> None:
    if len(found.xy):
        grid = np.array([hatch * HATCH_PX, hatch * HATCH_WIDE, corner[0], corner[1]], np.float64)
        xy = (found.xy - corner).astype(np.float64)
        _triangles(xy, found.depth, found.rgb, found.seen, found.hidden, grid, solid, level, colour, depth)


def _paste(label: Label, canvas: Canvas, colour: F32) -> None:
    left, top = label.left - canvas.left, label.top - canvas.top
    high, wide = label.pixels.shape[:2]
    rows = slice(max(top, 0), min(top + high, canvas.height))
    columns = slice(max(left, 0), min(left + wide, canvas.width))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    own = label.pixels[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    share = own[..., 3:].astype(np.float32) / 255
    colour[rows, columns] = colour[rows, columns] * (1 - share) + own[..., :3] / np.float32(255) * share


@njit(nogil=True, cache=True)
def _triangles(
    xy: Any,
    depth: Any,
    rgb: Any,
    seen: Any,
    hidden: Any,
    grid: Any,
    solid: bool,
    level: bool,
    picture: Any,
    front: Any,
) -> None:
    """Blended in order; `solid` ones become what is in front. Across the picture depth is even in an orthographic (`level`)
    one, else its inverse."""
    height, width = front.shape
    for i in range(len(xy)):
        ax, ay, bx, by, cx, cy = xy[i, 0, 0], xy[i, 0, 1], xy[i, 1, 0], xy[i, 1, 1], xy[i, 2, 0], xy[i, 2, 1]
        twice = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if twice == 0.0:
            continue
        low = max(int(np.floor(min(ay, by, cy) - 0.5)), 0)
        high = min(int(np.ceil(max(ay, by, cy) + 0.5)), height)
        first = max(int(np.floor(min(ax, bx, cx) - 0.5)), 0)
        last = min(int(np.ceil(max(ax, bx, cx) + 0.5)), width)
        for y in range(low, high):
            for x in range(first, last):
                px, py = x + 0.5, y + 0.5
                v = ((px - ax) * (cy - ay) - (py - ay) * (cx - ax)) / twice
                w = ((bx - ax) * (py - ay) - (by - ay) * (px - ax)) / twice
                u = 1 - v - w
                if u < 0 or v < 0 or w < 0:
                    continue
                if level:
                    z = u * depth[i, 0] + v * depth[i, 1] + w * depth[i, 2]
                else:
                    z = 1 / (u / depth[i, 0] + v / depth[i, 1] + w / depth[i, 2])
                strength = seen[i] if z <= front[y, x] else hidden[i]
                if strength <= 0:
                    continue
                if solid:
                    front[y, x] = z
                shade = 1.0
                if grid[0] > 0 and (px + grid[2] + py + grid[3]) % grid[0] < grid[1]:
                    shade = 0.45
                for c in range(3):
                    picture[y, x, c] += strength * (rgb[i, c] * shade - picture[y, x, c])
