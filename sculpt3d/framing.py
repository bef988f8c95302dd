"""Where a camera stands to hold an object that turns in front of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def standoff(
    points: NDArray[Any], elevation_deg: float, half_x: float, half_y: float, margin: float = 0.9
) -> float:
    """How far from the origin a camera stands to hold `points` (N, 3) while they turn around +Y.

    `half_x`, `half_y`: tangents of half the fields of view. A point at radius r and height y comes closest to the frame's
    sides where (x / half_x + z) is largest over a turn, to its top or bottom at the front or the back.
    """
    s, c = np.sin(np.radians(elevation_deg)), np.cos(np.radians(elevation_deg))
    r, y = np.hypot(points[:, 0], points[:, 2]), points[:, 1]
    kx, ky = 1 / (margin * half_x), 1 / (margin * half_y)
    across = r * np.hypot(kx, c) + y * s
    front = np.abs(y * c - r * s) * ky + y * s + r * c
    rear = np.abs(y * c + r * s) * ky + y * s - r * c
    return max(float(np.max([across, front, rear])), 1e-9)
