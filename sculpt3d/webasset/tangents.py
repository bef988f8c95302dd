"""Tangents as MikkTSpace makes them (Mikkelsen 2008), for vertices that are split along their charts already.

Per corner the texture's u direction is laid into the plane of the vertex normal, made a unit vector, and summed over
the corners of a vertex, weighted by the corner's angle. w = 1 where normal x tangent points along the texture's up, as
glTF's green = +Y wants it (v counts down in glTF, so up is -v).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sculpt3d.types import F32, I32


def tangents(vertices: F32, normals: F32, faces: I32, uv: F32) -> F32:
    """(V, 4) unit tangents with their sign."""
    p, n = vertices.astype(np.float64), normals.astype(np.float64)
    t = uv.astype(np.float64) * [1, -1]
    a, b, c = faces[:, 0], faces[:, 1], faces[:, 2]
    e1, e2, d1, d2 = p[b] - p[a], p[c] - p[a], t[b] - t[a], t[c] - t[a]
    area = d1[:, 0] * d2[:, 1] - d1[:, 1] * d2[:, 0]
    sign = np.where(area < 0, -1.0, 1.0)
    along = (e1 * d2[:, 1:] - e2 * d1[:, 1:]) * sign[:, None]
    total = np.zeros((len(p), 3))
    turn = np.zeros(len(p))
    for k in range(3):
        here, there, back = faces[:, k], faces[:, (k + 1) % 3], faces[:, (k + 2) % 3]
        angle = _angle(_flat(p[there] - p[here], n[here]), _flat(p[back] - p[here], n[here]))
        weighed = _unit(_flat(along, n[here])) * angle[:, None]
        for axis in range(3):
            total[:, axis] += np.bincount(here, weighed[:, axis], len(p))
        turn += np.bincount(here, sign * angle, len(p))
    total = _flat(total, n)
    bare = np.linalg.norm(total, axis=1) < 1e-9
    total[bare] = _any_across(n[bare])
    return np.concatenate([_unit(total), np.where(turn < 0, -1.0, 1.0)[:, None]], 1).astype(np.float32)


def _flat(v: NDArray[np.float64], n: NDArray[np.float64]) -> NDArray[np.float64]:
    return v - (v * n).sum(1, keepdims=True) * n


def _unit(v: NDArray[np.float64]) -> NDArray[np.float64]:
    return v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-30)


def _angle(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.arccos(np.clip((_unit(a) * _unit(b)).sum(1), -1, 1))


def _any_across(n: NDArray[np.float64]) -> NDArray[np.float64]:
    """A direction across each normal."""
    other = np.where(np.abs(n[:, :1]) < 0.7, [[1.0, 0, 0]], [[0, 1.0, 0]])
    return np.cross(n, other)
