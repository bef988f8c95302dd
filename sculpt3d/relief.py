"""What has a front only: a relief, a wall, a figure in its niche. Which way it faces, and its size without its ragged rim."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from sculpt3d.geometry import F64

FEW = 20_000  # points are enough
FLAT = 0.3  # of the smaller side: a deeper thing is no relief
FACING = 0.75  # mean cosine between the surface and the way it faces; half a column has 0.64, half a ball 0.5
BEHIND = 0.02  # of the cameras at most stand beside or behind it
SECTORS = 36
COLUMNS = (60, 400)  # across an edge, whose corners take no part: as many as the points are dense
CORNER = 0.1  # of an edge, at either end
STRAIGHT = 0.012  # of the other side: an edge that scatters less about its line is straight
TILT = 5.0  # degrees: hands hold a camera level within this, so an edge that leans more was made so


def find_front(xyz: NDArray[Any], normal: NDArray[Any], eyes: F64) -> F64 | None:
    """Unit vector (3,) out of the front of a relief, wall or niche; None for what stands free.

    xyz, normal (N, 3): its surface, evenly strewn; eyes (C, 3): where the cameras stood. A statue photographed from half
    round is no relief: its surface turns away at the rim.
    """
    if len(xyz) < 50 or len(eyes) < 2:
        return None
    pick = np.random.default_rng(0).permutation(len(xyz))[:FEW]
    points, normals = np.asarray(xyz, np.float64)[pick], np.asarray(normal, np.float64)[pick]
    off = np.linalg.norm(points - np.median(points, 0), axis=1)
    near = off < 3 * np.median(off)
    points, normals = points[near], normals[near]
    middle = np.median(points, 0)
    towards = _unit((eyes - middle) / np.linalg.norm(eyes - middle, axis=1, keepdims=True)).mean(0)
    if np.linalg.norm(towards) < 0.3:  # cameras all around it
        return None
    for front in (_flat(points, normals), _niche(points, normals, towards)):
        if front is None:
            continue
        front = front * np.sign(front @ towards)
        before = (eyes - middle) @ front / np.linalg.norm(eyes - middle, axis=1)
        if (before < 0.1).mean() <= BEHIND:
            return np.asarray(front, np.float64)
    return None


def _flat(points: F64, normals: F64) -> F64 | None:
    axes = np.linalg.eigh(np.cov(points.T))[1]
    size = np.ptp(np.quantile((points - points.mean(0)) @ axes, [0.02, 0.98], 0), axis=0)
    faces = abs(float((normals @ axes[:, 0]).mean()))
    return axes[:, 0] if size[0] < FLAT * min(size[1:]) and faces > FACING else None


def _niche(points: F64, normals: F64, towards: F64) -> F64 | None:
    """The rim's plane, where the rim lies in a wall or turns inwards; a free-standing thing turns away there."""
    front = towards / np.linalg.norm(towards)
    flat = (points - points.mean(0)) - np.outer((points - points.mean(0)) @ front, front)
    radius = np.linalg.norm(flat, axis=1)
    right, up = np.linalg.svd(np.eye(3) - np.outer(front, front))[2][:2]
    sector = ((np.arctan2(flat @ up, flat @ right) / (2 * np.pi) + 0.5) * SECTORS).astype(int) % SECTORS
    outwards, facing, rim = [], [], []
    for k in range(SECTORS):
        here = np.flatnonzero(sector == k)
        if len(here) < 20:
            continue
        band = here[radius[here] > 0.92 * np.quantile(radius[here], 0.98)]
        outwards.append(float((normals[band] * flat[band] / radius[band, None]).sum(1).mean()))
        facing.append(float((normals[band] @ front).mean()))
        rim.append(band)
    if len(rim) < 0.75 * SECTORS:
        return None
    turns_in = np.median(outwards) < -0.3
    in_wall = abs(np.median(outwards)) < 0.3 and np.median(facing) > FACING
    if not (turns_in or in_wall):
        return None
    edge = points[np.concatenate(rim)]
    normal = np.linalg.eigh(np.cov(edge.T))[1][:, 0]
    return normal if abs(normal @ front) > 0.5 else front


def squared(across: F64) -> float:
    """How far (radians, counter-clockwise) a relief seen from its front, (N, 2) x right and y up, must be turned to stand on its
    lower edge; 0 where no edge is straight or it leans by more than hands hold a camera askew."""
    slopes = [_slope(across, side) for side in (-1, 1)]
    straight = [s for s in slopes if s is not None and abs(np.degrees(np.arctan(s))) <= TILT]
    if slopes[0] is not None and slopes[0] not in straight:  # it was made to lean
        return 0.0
    return -float(np.arctan(np.mean(straight))) if straight else 0.0


def edges(across: F64) -> tuple[float, float]:
    """How far down and up a relief reaches, (N, 2) as for `squared`, without its rag (`outermost`)."""
    low, high = (_level(across, side) for side in (-1, 1))
    return low, high


def extent(points: NDArray[Any]) -> tuple[F64, F64]:
    """Lowest and highest (3,) of a relief in its own frame (+Z its front, +Y up), without rag and stray points."""
    p = np.asarray(points, np.float64)
    bottom, top = edges(p[:, [0, 1]])
    left, right = edges(p[:, [1, 0]])
    back, front = np.quantile(p[:, 2], [0.001, 0.999])
    return np.array([left, bottom, back]), np.array([right, top, front])


def _profile(across: F64, side: int) -> tuple[F64, F64]:
    """The edge's middle columns: x and the outermost y of each. Narrow ones, so that rag reaches into few."""
    columns = int(np.clip(0.75 * len(across) ** 0.5, *COLUMNS))
    low, high = np.quantile(across[:, 0], [0.002, 0.998])
    wide = high - low
    start, end = low + CORNER * wide, high - CORNER * wide
    column = np.floor((across[:, 0] - start) / max(end - start, 1e-300) * columns).astype(np.int64)
    inside = (column >= 0) & (column < columns)
    y = np.full(columns, -np.inf)
    np.maximum.at(y, column[inside], side * across[inside, 1])
    there = np.isfinite(y)
    return (start + (np.arange(columns)[there] + 0.5) / columns * (end - start)), side * y[there]


def _slope(across: F64, side: int) -> float | None:
    x, y = _profile(across, side)
    if len(x) < COLUMNS[0] // 2:
        return None
    return _straight(x, y, float(np.ptp(np.quantile(across[:, 1], [0.01, 0.99]))))


def _straight(x: F64, y: F64, size: float) -> float | None:
    """Slope of an edge's line; None where it is none. size: of the relief across the edge."""
    first, second = np.triu_indices(len(x), max(1, len(x) // 3))  # far pairs
    slope = float(np.median((y[second] - y[first]) / (x[second] - x[first])))
    rest = y - slope * x
    scatter = float(np.median(np.abs(rest - np.median(rest))))
    return slope if scatter < STRAIGHT * size else None


def outermost(x: F64, y: F64, side: int, start: float, end: float, size: float) -> float:
    """How far an edge with the outline x, y reaches between `start` and `end`, as a ruler laid on would find it: of a straight
    one its line's farther end, else what a twentieth of its length reaches. side: -1 lower, 1 upper."""
    slope = _straight(x, y, size)
    if slope is not None:
        level = float(np.median(y - slope * x))
        return side * max(side * (level + slope * at) for at in (start, end))
    return side * float(median_filter(side * y, max(3, len(y) // 20), mode="nearest").max())


def _level(across: F64, side: int) -> float:
    x, y = _profile(across, side)
    start, end = (float(v) for v in np.quantile(across[:, 0], [0.002, 0.998]))
    return outermost(x, y, side, start, end, float(np.ptp(np.quantile(across[:, 1], [0.01, 0.99]))))


def _unit(v: F64) -> F64:
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-300)
