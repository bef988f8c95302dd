"""What a lens leaves beside every formula: a smooth grid of shifts for each camera, a file beside the COLMAP model.

COLMAP's cameras have no place for it, so a model that comes with grids holds pixels as its formulas have them: a photo's own
pixel is `own(pixel)`. Undistorting and whatever is pointed at in photos go through it; the bundle never sees it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sculpt3d.errors import UnreadableFile
from sculpt3d.files import write_atomic
from sculpt3d.geometry import F64
from sculpt3d.models.colmap_find import find_model

NAME = "residual_grid.json"
MAX_BYTES, MOST_NODES = 16_000_000, 200
MOST = 0.02  # of the longer side: shifts beyond are none that a lens leaves
_ROUNDS = 6  # shifts change by a hundredth over their own length: each round gains two digits


@dataclass(frozen=True)
class ResidualGrid:
    """shifts (R, C, 2): coefficients of uniform cubic B-splines, pixels right and down; the second from either end of a row or
    column lies on the picture's edge. size: width and height of the photo."""

    shifts: F64
    size: tuple[int, int]

    def at(self, pixels: F64) -> F64:
        """Shift (N, 2) from where the camera's formula puts a place (N, 2) to the photo's own pixel."""
        rows, columns, weights = taps(pixels, self.size, (self.shifts.shape[0], self.shifts.shape[1]))
        return np.asarray(np.einsum("nk,nkc->nc", weights, self.shifts[rows, columns]))

    def own(self, pixels: F64) -> F64:
        """The photo's own pixels (N, 2) of places by the camera's formula."""
        return pixels + self.at(pixels)

    def by_formula(self, own: F64) -> F64:
        """Where the formula puts what the photo shows at these pixels (N, 2)."""
        pixels = np.array(own, np.float64)
        for _ in range(_ROUNDS):
            pixels = own - self.at(pixels)
        return pixels


def taps(pixels: F64, size: tuple[int, int], nodes: tuple[int, int]) -> tuple[Any, Any, F64]:
    """The 16 coefficients that bear on each pixel (N, 16): rows, columns and weights; beyond the edge as on it."""
    places, weights = [], []
    for axis in (1, 0):
        last = nodes[1 - axis] - 3  # cells of this axis
        u = np.clip(pixels[:, axis] / size[axis], 0, 1) * last
        cell = np.minimum(u.astype(np.int64), last - 1)
        t = u - cell
        places.append(cell[:, None] + np.arange(4))
        weights.append(
            np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], 1) / 6
        )
    shape = (len(pixels), 4, 4)
    rows = np.broadcast_to(places[0][:, :, None], shape).reshape(-1, 16)
    columns = np.broadcast_to(places[1][:, None, :], shape).reshape(-1, 16)
    return rows, columns, (weights[0][:, :, None] * weights[1][:, None, :]).reshape(-1, 16)


def write_grids(model: Path, grids: Mapping[int, ResidualGrid]) -> None:
    """Beside the model in folder `model`, by camera id; no file where there are none."""
    if grids:
        told = {str(c): {"size": list(g.size), "shifts": g.shifts.tolist()} for c, g in sorted(grids.items())}
        write_atomic(model / NAME, json.dumps({"cameras": told}).encode())


def copy_grids(model: Path, out: Path) -> None:
    """Beside a model that has the same cameras, in folder `out`."""
    path = find_model(model) / NAME
    if path.is_file():
        shutil.copyfile(path, out / NAME)


def read_grids(model: Path) -> dict[int, ResidualGrid]:
    """Those beside the model at `find_model(model)`; none where there is no file. Raises `UnreadableFile`."""
    path = find_model(model) / NAME
    if not path.is_file():
        return {}
    if path.stat().st_size > MAX_BYTES:
        raise UnreadableFile(f"{path} is larger than {MAX_BYTES // 10**6} MB; {_REMEDY}")
    try:
        told = json.loads(path.read_bytes())["cameras"]
        return {int(c): _grid(one) for c, one in told.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UnreadableFile(f"{path} holds no residual grids; {_REMEDY}") from None


_REMEDY = "make the cameras again, or delete the file and adjust the model without it"


def _grid(told: Any) -> ResidualGrid:
    shifts, (width, height) = np.array(told["shifts"], np.float64), (int(v) for v in told["size"])
    fits = shifts.ndim == 3 and shifts.shape[2] == 2 and min(shifts.shape[:2]) >= 4
    if not fits or max(shifts.shape) > MOST_NODES or min(width, height) < 1:
        raise ValueError("shape")
    if not (np.isfinite(shifts).all() and np.abs(shifts).max() <= MOST * max(width, height)):
        raise ValueError("shifts")
    return ResidualGrid(shifts, (width, height))
