"""Ear clipping: simple polygons in a plane as triangles over their own corners."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_WORK = 200_000_000  # looks at a corner: seconds. Faces that need more are hostile
_FEW = 20_000  # corners squared that plain Python clips in less time than Numba takes to load


def clipped(polygons: NDArray[np.float64]) -> NDArray[np.int64] | None:
    """(M, N, 2) counter-clockwise -> (M, N - 2, 3); None where it would take too long."""
    m, n, _ = polygons.shape
    clip = _clip if m * n * n < _FEW else _compiled_clip()
    triangles, left = clip(polygons, _WORK)
    return triangles if left > 0 else None


def _compiled_clip() -> Any:
    from sculpt3d._kernels import njit

    global _compiled
    if _compiled is None:
        _compiled = njit(nogil=True, error_model="numpy", cache=True)(_clip)
    return _compiled


_compiled: Any = None


def _clip(polygons, work):  # type: ignore[no-untyped-def]
    """Triangles, and the work that is left. An ear turns left, and no other corner lies in it or on its rim; one at the place of
    a corner of its own does not count."""
    m, n, _ = polygons.shape
    out = np.empty((m, n - 2, 3), np.int64)
    before, after = np.empty(n, np.int64), np.empty(n, np.int64)
    for p in range(m):
        x, y = polygons[p, :, 0], polygons[p, :, 1]
        size = 0.0
        for i in range(n):
            before[i], after[i] = (i - 1) % n, (i + 1) % n
            size = max(size, abs(x[i] - x[0]), abs(y[i] - y[0]))
        at, left, made, tried = 0, n, 0, 0
        while left > 2 and work > 0:
            work -= 1
            a, b = before[at], after[at]
            turn = (x[at] - x[a]) * (y[b] - y[a]) - (y[at] - y[a]) * (x[b] - x[a])
            ear = left == 3 or turn > 1e-14 * size * size
            i = after[b]
            while ear and i != a and work > 0:
                work -= 1
                inside = True
                for f, t in ((a, at), (at, b), (b, a)):
                    if x[i] == x[f] and y[i] == y[f]:
                        inside = False
                    if (x[t] - x[f]) * (y[i] - y[f]) - (y[t] - y[f]) * (x[i] - x[f]) < 0:
                        inside = False
                ear = not inside
                i = after[i]
            if ear or tried >= left:  # no ear anywhere: it crosses itself; any corner will do
                out[p, made, 0], out[p, made, 1], out[p, made, 2] = a, at, b
                made += 1
                after[a], before[b] = b, a
                left -= 1
                tried = 0
                at = after[b] if ear else b  # not the neighbour: no needles around one corner
            else:
                tried += 1
                at = b
    return out, work
