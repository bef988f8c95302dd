"""Exposure and white balance of all photos together: factors in linear light that make them agree on the surface."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from sculpt3d.geometry import F64
from sculpt3d.texture.observe import Observed
from sculpt3d.types import F32

DARKEST = 0.003  # linear light; below, noise and black level speak
BRIGHTEST = 0.9  # above, the sensor may be full
POINTS = 20_000
MOST = 1.2  # largest logarithm of a gain


def solve_gains(seen: Observed, views: int) -> F32:
    """(views, 3). Robust least squares (Tukey) of log colour = surface - gain, all photos and points at once; the mean of
    the logarithms is 0. Photos that share nothing with others keep 1."""
    node = seen.node()
    step = max(1, (len(seen.start) - 1) // POINTS)
    many = np.diff(seen.start)[node] > 1
    usable = (node % step == 0) & many & (seen.broad.min(1) > DARKEST) & (seen.broad.max(1) < BRIGHTEST)
    if usable.sum() < 50:
        return np.ones((views, 3), np.float32)
    point = np.unique(node[usable], return_inverse=True)[1]
    view, weight = seen.view[usable], seen.quality[usable].astype(np.float64)
    weight = np.clip(weight / np.median(weight), 0.05, 1)
    logs = np.log(seen.broad[usable].astype(np.float64))
    gains = np.stack([_channel(point, view, weight, logs[:, c], views) for c in range(3)], 1)
    return np.asarray(np.exp(np.clip(gains, -MOST, MOST)), np.float32)


def _channel(point: Any, view: Any, weight: F64, log: F64, views: int) -> F64:
    gain, w = np.zeros(views), weight
    for turn in range(10):
        gain = _least_squares(point, view, w, log, views)
        surface = np.bincount(point, w * (log + gain[view])) / np.maximum(np.bincount(point, w), 1e-12)
        rest = np.abs(log + gain[view] - surface[point])
        reach = max(4.7 * 1.48 * float(np.median(rest)), 0.02) * (3 if turn < 3 else 1)
        w = weight * np.clip(1 - (rest / reach) ** 2, 1e-6, 1) ** 2
    return gain


def _least_squares(point: Any, view: Any, w: F64, log: F64, views: int) -> F64:
    """The surface's colours are eliminated: what is left is as large as the number of photos."""
    table = csr_matrix((w, (point, view)))
    table.resize((table.shape[0], views))
    total = np.maximum(np.asarray(table.sum(1)).ravel(), 1e-12)
    values = csr_matrix((w * log, (point, view)))
    values.resize(table.shape)
    shared = table.multiply(1 / total[:, None]).tocsr()
    matrix = np.diag(np.asarray(table.sum(0)).ravel()) - (table.T @ shared).toarray()
    right = np.asarray(shared.T @ np.asarray(values.sum(1)).ravel()) - np.asarray(values.sum(0)).ravel()
    known = np.asarray(table.sum(0)).ravel() > 0
    ridge = 1e-6 * max(float(np.trace(matrix)) / views, 1e-12)
    gain = np.linalg.solve(
        matrix + (ridge + np.where(known, 0, 1)) * np.eye(views), np.where(known, right, 0)
    )
    gain[known] -= gain[known].mean()
    return np.asarray(gain)
