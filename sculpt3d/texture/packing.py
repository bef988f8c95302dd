"""Charts into a square: each at the lowest free place, in the best of four turns; large ones first."""

from __future__ import annotations

from typing import Any

import numpy as np

from sculpt3d._kernels import njit
from sculpt3d.geometry import F64
from sculpt3d.types import I32

GRID = 1024  # cells a side at most; 2048: a hundredth fuller at four times the time
FULLEST = 0.86  # share of the square that is tried first
GAP = 4  # texels between charts: mipmaps of a quarter of the side do not mix them


def pack(uv: F64, faces: I32, chart: I32, size: int) -> tuple[F64, float]:
    """uv (V, 2) in units of length, a vertex in one chart (V,) -> positions (V, 2) in texels, and texels a unit."""
    grid = min(size, GRID)
    texels = size / grid
    pad = max(1, round((GAP if size > 1024 else 2) / texels))
    count = int(chart.max(initial=-1)) + 1
    turned = _upright(uv, chart, count)
    order_faces = np.argsort(chart[faces[:, 0]], kind="stable")
    bounds = np.searchsorted(chart[faces[order_faces, 0]], np.arange(count + 1))
    ordered = np.ascontiguousarray(faces[order_faces])
    a, b, c = (turned[faces[:, k]] for k in range(3))
    flat = float(np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]).sum() / 2)
    scale = grid * np.sqrt(FULLEST / max(flat, 1e-300))
    extent = np.maximum.reduceat(turned[ordered].max(1), bounds[:-1])
    orders = [np.argsort(-key, kind="stable") for key in (extent.max(1), extent.sum(1), extent.prod(1))]
    at, best = np.empty_like(turned), None
    while best is None:
        reaches = [_place_all(turned * scale, ordered, bounds, o, grid, pad, at) for o in orders]
        k = int(np.argmin(reaches))
        if reaches[k] <= grid:
            _place_all(turned * scale, ordered, bounds, orders[k], grid, pad, at)
            best = scale
        else:
            scale *= 0.99 * float(np.sqrt(grid / reaches[k])) if reaches[k] > 1.03 * grid else 0.99
            orders = [orders[k]] if len(orders) > 1 and reaches[k] > 1.1 * grid else orders
    return at * texels, best * texels


def _upright(uv: F64, chart: I32, count: int) -> F64:
    """Each chart turned so that its box is smallest, and moved to the origin."""
    best, angle_of = np.full(count, np.inf), np.zeros(count)
    order = np.argsort(chart, kind="stable")
    starts = np.searchsorted(chart[order], np.arange(count))
    sorted_uv = uv[order]
    for angle in np.linspace(0, np.pi / 2, 24, endpoint=False):
        p = sorted_uv @ _turn(angle).T
        box = np.maximum.reduceat(p, starts) - np.minimum.reduceat(p, starts)
        area = box[:, 0] * box[:, 1]
        better = area < best * (1 - 1e-9)
        best[better], angle_of[better] = area[better], angle
    c, s = np.cos(angle_of)[chart], np.sin(angle_of)[chart]
    p = np.stack([c * uv[:, 0] - s * uv[:, 1], s * uv[:, 0] + c * uv[:, 1]], 1)
    low = np.minimum.reduceat(p[order], starts)
    return np.asarray(p - low[chart])


def _turn(angle: float) -> F64:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


@njit(nogil=True, cache=True)
def _cover(uv: Any, faces: Any, first: int, last: int, turn: int, w: float, h: float, mask: Any) -> None:
    """Marks every cell that a triangle touches; turn: quarter turns within the box w x h."""
    rows, columns = mask.shape
    x, y = np.empty(3), np.empty(3)
    for f in range(first, last):
        for k in range(3):
            p, q = uv[faces[f, k], 0], uv[faces[f, k], 1]
            if turn == 0:
                x[k], y[k] = p, q
            elif turn == 1:
                x[k], y[k] = h - q, p
            elif turn == 2:
                x[k], y[k] = w - p, h - q
            else:
                x[k], y[k] = q, w - p
        x0, x1 = max(0, int(min(x[0], x[1], x[2]))), min(columns - 1, int(max(x[0], x[1], x[2])))
        y0, y1 = max(0, int(min(y[0], y[1], y[2]))), min(rows - 1, int(max(y[0], y[1], y[2])))
        det = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])
        sign = 1.0 if det >= 0 else -1.0
        for j in range(y0, y1 + 1):
            for i in range(x0, x1 + 1):
                if mask[j, i]:
                    continue
                touched = True
                if (
                    x1 > x0 and y1 > y0
                ):  # the middle of the cell is farther out than the cell reaches: not touched
                    for k in range(3):
                        n = (k + 1) % 3
                        nx, ny = -(y[n] - y[k]) * sign, (x[n] - x[k]) * sign
                        d = nx * (i + 0.5 - x[k]) + ny * (j + 0.5 - y[k])
                        if d + 0.5 * (abs(nx) + abs(ny)) < 0:
                            touched = False
                            break
                if touched:
                    mask[j, i] = True


@njit(nogil=True, cache=True)
def _runs(mask: Any, runs: Any) -> int:
    """Rows' runs of marked cells: (row, first, last + 1) each."""
    count = 0
    for j in range(mask.shape[0]):
        i = 0
        while i < mask.shape[1]:
            if not mask[j, i]:
                i += 1
                continue
            start = i
            while i < mask.shape[1] and mask[j, i]:
                i += 1
            runs[count, 0], runs[count, 1], runs[count, 2] = j, start, i
            count += 1
    return count


@njit(nogil=True, cache=True)
def _find(
    runs: Any, order: Any, count: int, h: int, w: int, limit: int, free: Any, widest: Any
) -> tuple[int, int]:
    """Lowest row, then leftmost column, where all runs are free; `limit`: rows from which on nobody looks."""
    grid = free.shape[1]
    key, need = runs[order[0], 0], runs[order[0], 2] - runs[order[0], 1]
    for y in range(0, limit - h + 1):
        if widest[y + key] < need:
            continue
        x = 0
        while x <= grid - w:
            jump = 0
            for o in range(count):
                r = order[o]
                row, a, b = y + runs[r, 0], x + runs[r, 1], x + runs[r, 2]
                room = free[row, a]  # > 0: free cells from here; < 0: taken cells from here
                if room >= b - a:
                    continue
                jump = -room if room < 0 else room - free[row, a + room]
                break
            if jump == 0:
                return y, x
            x += jump
    return -1, -1


@njit(nogil=True, cache=True)
def _take(
    runs: Any, count: int, y: int, x: int, pad: int, taken: Any, free: Any, widest: Any, h: int
) -> None:
    rows, grid = taken.shape
    for r in range(count):
        for row in range(max(0, y + runs[r, 0] - pad), min(rows, y + runs[r, 0] + pad + 1)):
            taken[row, max(0, x + runs[r, 1] - pad) : min(grid, x + runs[r, 2] + pad)] = True
    for row in range(max(0, y - pad), min(rows, y + h + pad)):
        best = 0
        for i in range(grid - 1, -1, -1):
            after = free[row, i + 1] if i + 1 < grid else 0
            if taken[row, i]:
                free[row, i] = min(after, 0) - 1
            else:
                free[row, i] = max(after, 0) + 1
                best = max(best, free[row, i])
        widest[row] = best


@njit(nogil=True, cache=True)
def _place_all(uv: Any, faces: Any, bounds: Any, order: Any, grid: int, pad: int, at: Any) -> int:
    """The height that was needed; may be more than the grid's."""
    rows = 2 * grid
    taken = np.zeros((rows, grid), np.bool_)
    free = np.empty((rows, grid), np.int32)
    for i in range(grid):
        free[:, i] = grid - i
    widest = np.full(rows, grid, np.int32)
    reach = 0
    for chart in order:
        first, last = bounds[chart], bounds[chart + 1]
        w, h = 0.0, 0.0
        for f in range(first, last):
            for k in range(3):
                w = max(w, uv[faces[f, k], 0])
                h = max(h, uv[faces[f, k], 1])
        if w >= grid or h >= grid:
            return rows
        best, best_y, best_x, best_turn = 1 << 30, 0, 0, -1
        for turn in range(4):
            across, down = (w, h) if turn % 2 == 0 else (h, w)
            columns, lines = int(across) + 1, int(down) + 1
            mask = np.zeros((lines, columns), np.bool_)
            _cover(uv, faces, first, last, turn, w, h, mask)
            runs = np.empty((lines * (columns // 2 + 1) + 1, 3), np.int32)
            count = _runs(mask, runs)
            longest = np.argsort(runs[:count, 1] - runs[:count, 2])
            limit = min(rows, best if best_turn >= 0 else rows)
            y, x = _find(runs, longest, count, lines, columns, limit, free, widest)
            if y >= 0 and y + lines < best:
                best, best_y, best_x, best_turn = y + lines, y, x, turn
        if best_turn < 0:
            return rows
        across, down = (w, h) if best_turn % 2 == 0 else (h, w)
        mask = np.zeros((int(down) + 1, int(across) + 1), np.bool_)
        _cover(uv, faces, first, last, best_turn, w, h, mask)
        runs = np.empty((mask.shape[0] * (mask.shape[1] // 2 + 1) + 1, 3), np.int32)
        count = _runs(mask, runs)
        _take(runs, count, best_y, best_x, pad, taken, free, widest, mask.shape[0])
        reach = max(reach, best)
        for f in range(first, last):
            for k in range(3):
                v = faces[f, k]
                p, q = uv[v, 0], uv[v, 1]
                if best_turn == 1:
                    p, q = h - q, p
                elif best_turn == 2:
                    p, q = w - p, h - q
                elif best_turn == 3:
                    p, q = q, w - p
                at[v, 0], at[v, 1] = best_x + p, best_y + q
    return reach
