"""Where a square marker lies, to some hundredths of a pixel, from every edge between its dark and light cells.

A homography of the unit square is laid onto the places where the light falls; edges all moved towards dark or light, as by
blur in a picture that is not linear, are one unknown more. An edge alone tells no better than the pixels that it runs along let
it; the forty of a pattern run at other places between pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from sculpt3d.geometry import F64
from sculpt3d.metric.network import Ints
from sculpt3d.types import U8, Bool

LEAST_SIDE = 10.0  # pixels; smaller ones are named, but their edges are no lines
LEAST_CELL = 4.0  # pixels, below which the pattern's own edges run into each other and only the rim is used
LEAST_FALL = 20.0  # grey levels, over the median edge
_STEP = 0.25  # pixels between samples across an edge
_APART = 0.7  # and along it, so that corners of cells are left out
RIM, INNER = 0.5, 0.4  # of a cell, looked across either way
_ROUNDS = 4
_STILL = 0.005  # pixels
NOISE = 0.1  # pixels that a place on an edge is off by
BLOOM = 0.3  # pixels that edges move by, roughly
ROUNDED = 0.0007  # of the side: how far lines between cells may lie off, as pictures of markers of few pixels are printed
_LEAST = 24  # places
_SHARE = 0.6  # of the places, that must be edges


@dataclass(frozen=True)
class Edges:
    """Edges between cells of a marker in its unit square, x right and y down.

    at (N, 2): middles. along (N, 2): half of the edge's length, in its direction. inward (N,): 1 where dark lies to the right of
    `along`, else -1. line (N,): which line between cells it is a part of, 0 for the rim's.
    """

    at: F64
    along: F64
    inward: F64
    line: Ints
    cells: int


def edges_of(cells: U8) -> Edges:
    """cells (M, M): of the marker with its dark border, as they are drawn; around it is light."""
    count = len(cells)
    light = np.pad(cells > 127, 1, constant_values=True)
    rows: list[tuple[float, float, float, float, float]] = []
    lines: list[int] = []
    for turned in (False, True):
        here = light.T if turned else light
        for row, column in zip(*np.nonzero(here[:-1, 1:-1] != here[1:, 1:-1]), strict=True):
            middle, place = (column + 0.5) / count, row / count
            falls = 1.0 if here[row, column + 1] else -1.0  # light above, dark below
            lines.append(0 if row in (0, count) else int(row) + turned * (count - 1))
            if turned:
                rows.append((place, middle, 0.0, 0.5 / count, -falls))
            else:
                rows.append((middle, place, 0.5 / count, 0.0, falls))
    table = np.array(rows)
    return Edges(table[:, :2], table[:, 2:4], table[:, 4], np.array(lines), count)


def fit_square(grey: U8, corners: F64, edges: Edges) -> F64 | None:
    """corners (4, 2): near the true ones, pixels, clockwise from the pattern's upper left; where they lie.

    None where it is too small or most edges are not there.
    """
    now = np.array(corners, np.float64)
    for _ in range(_ROUNDS):
        places = _places(now, edges)
        found = None if places is None else _measured(grey, places)
        if places is None or found is None:
            return None
        fine = _fitted(now, places.only(found[1]), found[0])
        if fine is None or np.abs(fine - now).max() > 5 or not _convex(fine):
            return None
        moved, now = float(np.abs(fine - now).max()), fine
        if moved < _STILL:
            break
    return now


@dataclass(frozen=True)
class _Places:
    """Where to look for edges: unit (N, 2), pixels there (N, 2), the way from light to dark (N, 2), how far to look (N,), the
    line (N,), and by how many pixels it goes along that way where the line is one unit further (N,)."""

    unit: F64
    there: F64
    dark: F64
    reach: F64
    line: Ints
    per_unit: F64

    def only(self, rows: Bool) -> _Places:
        return _Places(*(v[rows] for v in vars(self).values()))


def homography(corners: F64) -> F64:
    """(3, 3): pixels of the unit square's places; last element 1."""
    x, y = np.array([0.0, 1, 1, 0]), np.array([0.0, 0, 1, 1])
    u, v = corners.T
    zero, one = np.zeros(4), np.ones(4)
    matrix = np.concatenate(
        [np.stack([x, y, one, zero, zero, zero, -u * x, -u * y], 1),
         np.stack([zero, zero, zero, x, y, one, -v * x, -v * y], 1)]
    )  # fmt: skip
    return np.append(np.linalg.solve(matrix, np.r_[u, v]), 1.0).reshape(3, 3)


def _projected(matrix: F64, unit: F64) -> F64:
    wide = unit @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(wide[:, :2] / wide[:, 2:])


def _places(corners: F64, edges: Edges) -> _Places | None:
    sides = np.linalg.norm(np.roll(corners, -1, 0) - corners, axis=1)
    if sides.min() < LEAST_SIDE:
        return None
    matrix = homography(corners)
    length = float(sides.mean()) / edges.cells
    share = np.linspace(-_APART, _APART, int(np.clip(length * _APART, 2, 12)))
    unit = (edges.at[:, None] + share[:, None] * edges.along[:, None]).reshape(-1, 2)
    along, inward = np.repeat(edges.along, len(share), 0), np.repeat(edges.inward, len(share))
    line = np.repeat(edges.line, len(share))
    there = _projected(matrix, unit)
    way = _projected(matrix, unit + 1e-4 * along) - there
    way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-12)
    dark = np.stack([-way[:, 1], way[:, 0]], 1) * inward[:, None]
    per_unit = ((_projected(matrix, unit + 0.01 * (along[:, ::-1] != 0)) - there) * dark).sum(1) / 0.01
    cell = np.abs(per_unit) / edges.cells  # pixels across the edge to the next
    reach = np.where(line == 0, np.clip(RIM * cell, 1.5, 3.0), np.minimum(INNER * cell, 3.0))
    used = (line == 0) | (cell >= LEAST_CELL)
    return _Places(unit, there, dark, reach, line, per_unit).only(used)


def _measured(grey: U8, places: _Places) -> tuple[F64, Bool] | None:
    """Pixels from each place towards dark to where the light falls by half, of those that are edges; and which are."""
    share = np.linspace(-1, 1, 2 * int(3.0 / _STEP) + 1)
    across = places.reach[:, None] * share
    at = (places.there[:, None] + across[..., None] * places.dark[:, None] - 0.5).astype(np.float32)
    lit = cv2.remap(grey, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    # A middle of gradients: no threshold, no bias by light.
    fall = np.maximum(-np.diff(lit.astype(np.float64), axis=1), 0)
    step = fall.sum(1)
    usual = float(np.median(step))
    inside = ((places.there >= 1) & (places.there <= np.array(grey.shape[::-1]) - 1)).all(1)
    clear = (step > 0.5 * usual) & inside
    if usual < LEAST_FALL or clear.sum() < max(_LEAST, _SHARE * len(step)):
        return None
    place = (fall * (across[:, 1:] + across[:, :-1]) / 2).sum(1) / np.maximum(step, 1e-9)
    return place[clear], clear


def _fitted(corners: F64, places: _Places, place: F64) -> F64 | None:
    """The corners moved so that edges lie where they were found, robustly; None where they scatter by more than half a pixel."""
    columns = []
    for k in range(8):  # by how much a corner's step moves every place along its way from light to dark
        step = np.zeros(8)
        step[k] = 0.01
        moved = _projected(homography(corners + step.reshape(4, 2)), places.unit)
        columns.append(((moved - places.there) * places.dark).sum(1) / 0.01)
    drawn = [np.where(places.line == k, places.per_unit, 0.0) for k in np.unique(places.line) if k > 0]
    rows = np.stack([*columns, np.ones(len(place)), *drawn], 1)
    held = NOISE * np.diag(np.r_[np.zeros(8), 1 / BLOOM, np.full(len(drawn), 1 / ROUNDED)])[8:]
    rows, wanted = np.r_[rows, held], np.r_[place, np.zeros(len(held))]
    weight = np.ones(len(rows))
    for _ in range(5):
        answer = np.linalg.lstsq(rows * weight[:, None], wanted * weight, rcond=None)[0]
        off = (rows @ answer - wanted)[: len(place)]
        scatter = 1.4826 * float(np.median(np.abs(off)))
        weight[: len(place)] = 1 / np.sqrt(1 + (off / (2 * scatter + 1e-3)) ** 2)
    return None if scatter > 0.5 else corners + answer[:8].reshape(4, 2)


def _convex(corners: F64) -> bool:
    side = np.roll(corners, -1, 0) - corners
    after = np.roll(side, -1, 0)
    return bool((side[:, 0] * after[:, 1] - side[:, 1] * after[:, 0] > 0).all())
