"""How a surface is lit: the numbers that the shaders and the picture without OpenGL share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.geometry import F64
from sculpt3d.models.document import Part
from viewer.files.loading import is_cloud
from viewer.state.commands import State

CLAY = (0.42, 0.40, 0.37)  # linear light
UNLIT, GENTLE, FULL = 0, 1, 2  # as shaders/mesh.frag counts them
POINT = 1 / 500  # of the picture's height
SMALLEST_POINT = 1.5  # pixels


def wears_clay(part: Part, state: State) -> bool:
    """Where the file says nothing of colours, or nobody wants them."""
    return state.style == "clay" or (not part.coloured and state.style != "plain")


def lighting(part: Part, state: State) -> int:
    """Photos already carry light: coloured surfaces are lit gently, clay fully; bare points not at all."""
    bare = is_cloud(part) and (part.normals is None or not part.normals.any())
    if bare or state.style in {"plain", "wire"}:
        return UNLIT
    return FULL if wears_clay(part, state) else GENTLE


def shade(normal: F64, side: F64, light: NDArray[Any], how: int) -> F64:
    """(N,) factors of the albedo. normal (N, 3): of any length, turned to the side of the face that is seen, which `side`
    (N, 3) points to. The same as in shaders/mesh.frag."""
    if how == UNLIT:
        return np.ones(len(normal))
    n = np.where(np.linalg.norm(normal, axis=1, keepdims=True) > 0.1, normal, side)
    n = n / np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-30)
    n = np.where((n * side).sum(1, keepdims=True) < 0, -n, n)
    lambert, around = np.maximum(n @ light, 0), 0.5 + 0.2 * n[:, 1]
    return np.asarray(0.85 * around + 0.55 * lambert if how == GENTLE else 0.35 * around + 0.95 * lambert)


def point_size(height: int) -> float:
    """Pixels a point is wide in a picture of that height."""
    return max(SMALLEST_POINT, POINT * height)
