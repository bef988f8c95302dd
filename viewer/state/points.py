"""The bare point of a cloud that lies under the cursor: all are looked at, ten million in a twentieth of a second."""

from __future__ import annotations

from typing import Any

import numpy as np

from sculpt3d._kernels import njit
from sculpt3d.geometry import F64
from sculpt3d.types import F32
from viewer.state.camera import HALF, OrbitCamera
from viewer.state.cuts import Cut


def under(
    points: F32, camera: OrbitCamera, at: F64, cuts: tuple[Cut, ...], reach: float, aspect: float
) -> int:
    """The nearest of points (V, 3) within `reach` of `at`, both in halves of the picture's height; -1 where none is."""
    axes = np.stack(camera.axes())
    wide = camera.reach if camera.flat else 0.0
    planes = np.array(cuts, np.float64).reshape(-1, 4)
    place = np.array([at[0] * aspect, at[1]])
    return int(_under(points, camera.eye, axes, wide, HALF, place, planes, reach))


@njit(nogil=True, cache=True)
def _under(
    points: Any, eye: Any, axes: Any, wide: float, half: float, at: Any, cuts: Any, reach: float
) -> int:
    best, found = 1e300, -1
    for k in range(len(points)):
        x, y, z = points[k, 0] - eye[0], points[k, 1] - eye[1], points[k, 2] - eye[2]
        depth = -(x * axes[2, 0] + y * axes[2, 1] + z * axes[2, 2])
        if depth <= 0 or depth >= best:
            continue
        scale = 1 / wide if wide > 0 else 1 / (half * depth)
        off_x = (x * axes[0, 0] + y * axes[0, 1] + z * axes[0, 2]) * scale - at[0]
        off_y = (x * axes[1, 0] + y * axes[1, 1] + z * axes[1, 2]) * scale - at[1]
        if off_x * off_x + off_y * off_y > reach * reach:
            continue
        left = True
        for c in range(len(cuts)):
            left &= (
                points[k, 0] * cuts[c, 0] + points[k, 1] * cuts[c, 1] + points[k, 2] * cuts[c, 2]
                <= cuts[c, 3]
            )
        if left:
            best, found = depth, k
    return found
