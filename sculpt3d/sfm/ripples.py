"""What the lens leaves beside every formula, as a smooth grid of shifts; taken only where tie points held back bear it out.

Once each camera has the formula that it asks for, a smooth surface is laid through what the tie points still miss by, by place
in the picture. Cameras' pixels are then those of the formula: see `models.residual_grid`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import spsolve

from sculpt3d.geometry import F64
from sculpt3d.models.residual_grid import MOST, ResidualGrid, taps
from sculpt3d.sfm.lenses import sample
from sculpt3d.sfm.mapping import adjust, solve
from sculpt3d.sfm.observations import Observations, intersect, observations_of, residuals_px, with_points
from sculpt3d.sfm.populations import BETTER, HELD_BACK, SURE, gain

CELLS = (6, 12)  # along the longer side, the coarser first
ROWS = 30  # tie points' pixels that a cell needs in the mean
STIFF = 3.0  # weight of the bends between cells, against one tie point
PULL = 0.03  # towards none at all, where no tie point lies
FAR = 3.0  # medians beyond which a residual counts less and less
STEEP = 0.03  # change of the shift over its way: beyond it is no lens
HINT = 0.99  # of the cost of points held back, before the bundle is made again; that adds to what the grid brings
ROUGH = 1e-5  # of the cost: where bundles that only judge stop


@dataclass(frozen=True)
class Rippled:
    """`photos` of one camera; `shift_px`: of the grid, root mean square; what tie points held back miss by (median)."""

    photos: int
    shift_px: float
    before_px: float
    after_px: float


def find_ripples(
    model: Any, photos: Mapping[int, list[int]]
) -> tuple[Any, dict[int, ResidualGrid], tuple[Rippled, ...]]:
    """`photos`: image ids by camera. The model adjusted with its pixels by formula, and the grids of the cameras that have one.

    The model itself where no camera asks for a grid.
    """
    seen = sample(model)
    number = seen.numbered()[0]
    kept, judge = seen.only(number % HELD_BACK != 0), seen.only(number % HELD_BACK == 0)
    grids = {c: g for c, ids in photos.items() if (g := _first(model, kept, judge, c, ids)) is not None}
    if not grids:
        return model, {}, ()
    before = _bundle(model, kept)
    after = _bundle(model, by_formula(model, kept, grids))
    # The bundle had bent itself to what the lens left; now the rest of it shows.
    grids = {
        c: _fitted(after, kept, photos[c], model.cameras[c], g.shifts.shape[:2]) for c, g in grids.items()
    }
    after = _bundle(after, by_formula(model, kept, grids))
    corrected = by_formula(model, judge, grids)
    grids = {
        c: g for c, g in grids.items() if _sound(g) and _bears(before, after, judge, corrected, photos[c])
    }
    if not grids:
        return model, {}, ()
    corrected = by_formula(model, judge, grids)
    everything = by_formula(model, observations_of(model), grids)
    found = with_points(after, everything, intersect(after, everything))
    adjust(found, rounds=1)
    told = [
        Rippled(
            len(photos[c]), _rms(g), _error(before, judge, photos[c]), _error(after, corrected, photos[c])
        )
        for c, g in grids.items()
    ]
    return found, grids, tuple(told)


def by_formula(model: Any, seen: Observations, grids: Mapping[int, ResidualGrid]) -> Observations:
    """The photos' own pixels as the cameras' formulas have them."""
    uv = seen.uv.copy()
    for i in np.unique(seen.image):
        grid = grids.get(int(model.images[int(i)].camera_id))
        if grid is not None:
            mine = seen.image == i
            uv[mine] = grid.by_formula(uv[mine])
    return Observations(seen.point, seen.image, uv)


def _first(
    model: Any, kept: Observations, judge: Observations, c: int, ids: list[int]
) -> ResidualGrid | None:
    """The grid that serves points held back best, their photos' places as they are; None where none serves."""
    camera, best, least = model.cameras[c], None, HINT
    for cells in CELLS:
        nodes = _nodes(camera, cells)
        if int(np.isin(kept.image, ids).sum()) < ROWS * (nodes[0] - 3) * (nodes[1] - 3):
            break
        grid = _fitted(model, kept, ids, camera, nodes)
        cost = gain(model, model, judge, ids, by_formula(model, judge, {c: grid}))[0]
        if cost < least and _sound(grid):
            best, least = grid, cost
    return best


def _nodes(camera: Any, cells: int) -> tuple[int, int]:
    """Coefficients down and across, of square cells."""
    longer = max(camera.width, camera.height)
    down, across = (max(round(cells * side / longer), 1) for side in (camera.height, camera.width))
    return down + 3, across + 3


def _fitted(
    model: Any, seen: Observations, ids: list[int], camera: Any, nodes: tuple[int, ...]
) -> ResidualGrid:
    """The smooth surface through what these photos' own pixels miss the formula by."""
    size = (int(camera.width), int(camera.height))
    mine = np.isin(seen.image, ids)
    off = residuals_px(model, seen, intersect(model, seen))[mine]
    at = seen.uv[mine] - off
    good = np.isfinite(off).all(1) & ((at >= 0) & (at <= size)).all(1)
    off, at = off[good], at[good]
    shape = (nodes[0], nodes[1])
    rows, columns, weights = taps(at, size, shape)
    count = shape[0] * shape[1]
    each = np.repeat(np.arange(len(at)), 16)
    bears = sparse.csr_matrix(
        (weights.ravel(), (each, (rows * shape[1] + columns).ravel())), (len(at), count)
    )
    smooth = STIFF * _bends(shape) + PULL * sparse.eye(count)
    shifts, weight = np.zeros((count, 2)), np.ones(len(at))
    for _ in range(4):
        weighted = bears.T @ sparse.diags(weight)
        shifts = np.asarray(spsolve((weighted @ bears + smooth).tocsc(), weighted @ off)).reshape(count, 2)
        left = np.linalg.norm(off - bears @ shifts, axis=1)
        weight = 1 / (1 + (left / max(FAR * float(np.median(left)), 1e-9)) ** 2)
    return ResidualGrid(shifts.reshape(*shape, 2), size)


def _bends(shape: tuple[int, int]) -> Any:
    """Sum of squares of second differences along rows and columns, as a matrix over the coefficients."""
    down, across = (
        sparse.diags([np.ones(n - 2), np.full(n - 2, -2.0), np.ones(n - 2)], [0, 1, 2], (n - 2, n))
        for n in shape
    )
    rows, columns = (sparse.kron(down, sparse.eye(shape[1])), sparse.kron(sparse.eye(shape[0]), across))
    return rows.T @ rows + columns.T @ columns


def _bears(before: Any, after: Any, judge: Observations, corrected: Observations, ids: list[int]) -> bool:
    ratio, sure = gain(before, after, judge, ids, corrected)
    return ratio < BETTER and sure > SURE


def _sound(grid: ResidualGrid) -> bool:
    """Whether it is gentle everywhere, so that every pixel has one place and back."""
    cell = max(grid.size) / max(grid.shifts.shape[0] - 3, grid.shifts.shape[1] - 3)
    steep = max(float(np.abs(np.diff(grid.shifts, axis=a)).max()) for a in (0, 1)) / cell
    return steep < STEEP and float(np.abs(grid.shifts).max()) < MOST * max(grid.size)


def _bundle(model: Any, kept: Observations) -> Any:
    bundle = with_points(model, kept, intersect(model, kept))
    solve(bundle, tolerance=ROUGH)
    return bundle


def _rms(grid: ResidualGrid) -> float:
    x, y = np.meshgrid(np.linspace(0, grid.size[0], 41), np.linspace(0, grid.size[1], 41))
    shift = grid.at(np.stack([x.ravel(), y.ravel()], 1))
    return round(float(np.sqrt((shift**2).sum(1).mean())), 4)


def _error(model: Any, judge: Observations, ids: list[int]) -> float:
    off: F64 = np.linalg.norm(residuals_px(model, judge, intersect(model, judge)), axis=1)
    return round(float(np.median(off[np.isin(judge.image, ids)])), 4)
