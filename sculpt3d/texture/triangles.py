"""A triangle on the atlas: which texels it may cover, and a texel's weights of its corners. p (V, 2) in texels."""

from typing import Any

import numpy as np

from sculpt3d._kernels import njit


@njit(nogil=True, inline="always")
def determinant(p: Any, a: int, b: int, c: int) -> float:
    """Twice the signed area."""
    return (p[b, 1] - p[c, 1]) * (p[a, 0] - p[c, 0]) + (p[c, 0] - p[b, 0]) * (p[a, 1] - p[c, 1])


@njit(nogil=True, inline="always")
def box(p: Any, a: int, b: int, c: int, size: int) -> tuple[int, int, int, int]:
    """First and last column and row whose centres may lie inside."""
    x0 = max(0, int(np.floor(min(p[a, 0], p[b, 0], p[c, 0]) - 0.5)))
    x1 = min(size - 1, int(np.ceil(max(p[a, 0], p[b, 0], p[c, 0]) - 0.5)))
    y0 = max(0, int(np.floor(min(p[a, 1], p[b, 1], p[c, 1]) - 0.5)))
    y1 = min(size - 1, int(np.ceil(max(p[a, 1], p[b, 1], p[c, 1]) - 0.5)))
    return x0, x1, y0, y1


@njit(nogil=True, inline="always")
def corner_weights(p: Any, a: int, b: int, c: int, det: float, x: int, y: int) -> tuple[float, float]:
    """Barycentric weights of `a` and `b` at the centre of texel (x, y)."""
    dx, dy = x + 0.5 - p[c, 0], y + 0.5 - p[c, 1]
    w0 = ((p[b, 1] - p[c, 1]) * dx + (p[c, 0] - p[b, 0]) * dy) / det
    w1 = ((p[c, 1] - p[a, 1]) * dx + (p[a, 0] - p[c, 0]) * dy) / det
    return w0, w1
