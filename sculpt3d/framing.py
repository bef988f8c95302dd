"""Where a camera stands to hold an object that turns in front of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1 << 15


def standoff(
    points: NDArray[Any], centre: NDArray[Any], elevation_deg: float, half_x: float, half_y: float, margin: float = 0.9
) -> float:
    """How far from `centre` (3,) a camera stands to hold `points` (N, 3) while they turn around its +Y.

    `half_x`, `half_y`: tangents of half the fields of view. A point at radius r and height y comes closest to the frame's
    sides where (x / half_x + z) is largest over a turn, to its top or bottom at the front or the back.
    """
    ends = range(_BLOCK, len(points) + _BLOCK, _BLOCK)  # what a block needs stays in the cache
    return max((_away(points[e - _BLOCK : e] - centre, elevation_deg, half_x, half_y, margin) for e in ends), default=1e-9)


def box_of(points: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least and largest coordinates (3,) of points (N, 3); in long rows, which NumPy goes through faster."""
    even = len(points) // 256 * 256
    rows, rest = np.ascontiguousarray(points[:even]).reshape(-1, 768), points[even:]
    low = np.concatenate([rows.min(0).reshape(-1, 3), rest]) if even else rest
    high = np.concatenate([rows.max(0).reshape(-1, 3), rest]) if even else rest
    return low.min(0).astype(float), high.max(0).astype(float)


def _away(points: NDArray[Any], elevation_deg: float, half_x: float, half_y: float, margin: float) -> float:
    s, c = np.sin(np.radians(elevation_deg)), np.cos(np.radians(elevation_deg))
    r, y = np.hypot(points[:, 0], points[:, 2]), points[:, 1]
    kx, ky = 1 / (margin * half_x), 1 / (margin * half_y)
    across = r * np.hypot(kx, c) + y * s
    front = np.abs(y * c - r * s) * ky + y * s + r * c
    rear = np.abs(y * c + r * s) * ky + y * s - r * c
    return max(float(np.max([across, front, rear])), 1e-9)
