"""Balls about clusters and groups, and a cluster's own vertices."""

from __future__ import annotations

from typing import Any

import numpy as np

from sculpt3d._kernels import njit


@njit(nogil=True, cache=True)
def numbered(faces: Any, begins: Any, last: Any, number: Any) -> tuple[Any, Any, Any]:
    """Each cluster's vertices as they first come, where they begin (C + 1,), and (3 F,) numbers within the cluster.

    last, number (V,): scratch; last all -1.
    """
    found, start = np.empty(3 * len(faces), np.int32), np.zeros(len(begins), np.int64)
    index = np.empty(3 * len(faces), np.uint16)
    n = 0
    for c in range(len(begins) - 1):
        start[c] = n
        for f in range(begins[c], begins[c + 1]):
            for k in range(3):
                v = faces[f, k]
                if last[v] != c:
                    last[v] = c
                    number[v] = n - start[c]
                    found[n] = v
                    n += 1
                index[3 * f + k] = number[v]
    start[len(begins) - 1] = n
    return found[:n].copy(), start, index


@njit(nogil=True, cache=True)
def balls(xyz: Any, vertex: Any, start: Any) -> Any:
    """(C, 4) middle and radius of a ball about each cluster's vertices, or block's points: their box's middle."""
    found = np.empty((len(start) - 1, 4), np.float32)
    for c in range(len(start) - 1):
        for k in range(3):
            low, high = np.inf, -np.inf
            for i in range(start[c], start[c + 1]):
                low, high = min(low, xyz[vertex[i], k]), max(high, xyz[vertex[i], k])
            found[c, k] = (low + high) / 2
        wide = 0.0
        for i in range(start[c], start[c + 1]):
            away = 0.0
            for k in range(3):
                away += (np.float64(xyz[vertex[i], k]) - found[c, k]) ** 2
            wide = max(wide, away)
        found[c, 3] = np.sqrt(wide) * 1.000001
    return found


def ball_of(inner: Any) -> Any:
    """(4,) a ball that holds balls (N, 4)."""
    inner = inner.astype(np.float64)
    low, high = (inner[:, :3] - inner[:, 3:]).min(0), (inner[:, :3] + inner[:, 3:]).max(0)
    middle = ((low + high) / 2).astype(np.float32)
    radius = (np.linalg.norm(inner[:, :3] - middle, axis=1) + inner[:, 3]).max()
    return np.append(middle, np.float32(radius * 1.000001))
