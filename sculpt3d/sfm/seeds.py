"""Where a photo can be matched well: texture against noise, on surface that is flat over a patch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sculpt3d.geometry import F64
from sculpt3d.types import F32, I32, U8, Pinhole

WINDOW = 0.6  # sigma of a patch's weights, in radii


@dataclass(frozen=True)
class Planes:
    """Least-squares planes of inverse depth round every pixel: value (H, W), slope a pixel (H, W, 2), misfit relative to
    the value (H, W); NaN where the window is not full.
    """

    inverse: F64
    slope: F64
    misfit: F64

    def normals(self, x: I32, y: I32, camera: Pinhole) -> F64:
        """Unit normals in cam at columns `x` and rows `y`; (N, 3)."""
        a, b = self.slope[y, x].T
        # 1 / z = a u + b v + c over pixels is a plane with normal K^T (a, b, c), turned towards the camera.
        line = np.stack([a, b, self.inverse[y, x] - a * (x + 0.5) - b * (y + 0.5)], 1)
        normal = -line @ camera.matrix()
        return np.asarray(normal / np.linalg.norm(normal, axis=1, keepdims=True))


def fit_planes(depth: F32, radius: int) -> Planes:
    """Inverse depth (H, W) is linear in pixels on a plane, so box filters of 2 * radius + 1 pixels fit it."""
    there = depth > 0
    inverse = np.where(there, 1 / np.where(there, depth, 1), 0).astype(np.float64)
    level = (
        float(np.median(inverse[there])) if there.any() else 1.0
    )  # differences of squares keep their digits
    q = np.where(there, inverse - level, 0)
    step = np.arange(-radius, radius + 1, dtype=np.float64)
    one, n = np.ones(len(step)), float(len(step) ** 2)

    def over(values: NDArray[Any], x: F64, y: F64) -> F64:
        return np.asarray(cv2.sepFilter2D(values, cv2.CV_64F, x, y, borderType=cv2.BORDER_CONSTANT))

    spread = float((step**2).mean())
    value, ax, ay = over(q, one, one) / n, over(q, step, one) / n / spread, over(q, one, step) / n / spread
    left = over(q * q, one, one) / n - value**2 - (ax**2 + ay**2) * spread
    misfit = np.sqrt(np.maximum(left, 0)) / (value + level)
    hole = over(there.astype(np.float64), one, one) < n - 0.5
    for array in (value, ax, ay, misfit):
        array[hole] = np.nan
    return Planes(value + level, np.stack([ax, ay], -1), misfit)


def noise_px(grey: U8, blurred: F32, radius: int) -> F32:
    """How far noise moves the match of the patch round every pixel, along its weakest direction; (H, W) pixels."""
    gx = cv2.Sobel(blurred, cv2.CV_32F, 1, 0, ksize=1) / 2
    gy = cv2.Sobel(blurred, cv2.CV_32F, 0, 1, ksize=1) / 2
    xx, xy, yy = (cv2.GaussianBlur(g, (0, 0), WINDOW * radius) for g in (gx * gx, gx * gy, gy * gy))
    weakest = (xx + yy) / 2 - np.sqrt((xx - yy) ** 2 / 4 + xy**2)
    # Blur lowers the noise by the number of pixels that it makes alike, so its width drops out.
    share = 1 / (4 * np.pi * (WINDOW * radius) ** 2)
    return np.asarray(noise_of(grey) * np.sqrt(share / np.maximum(weakest, 1e-6)), np.float32)


def noise_of(grey: U8) -> float:
    """Sigma in grey levels, never below rounding's; Immerkaer 1996, with the median so that texture does not count."""
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    found = np.median(np.abs(cv2.filter2D(grey.astype(np.float32), cv2.CV_32F, mask))) / 0.6745 / 6
    return float(np.hypot(found, 0.3))


def best_of_cells(score: NDArray[Any], count: int) -> tuple[I32, I32]:
    """Columns and rows of the best pixel of each of about `count` square cells that hold a positive score."""
    h, w = score.shape
    cell = max(2, int(np.sqrt((score > 0).sum() / count)))
    rows, columns = h // cell, w // cell
    blocks = score[: rows * cell, : columns * cell].reshape(rows, cell, columns, cell)
    flat = blocks.transpose(0, 2, 1, 3).reshape(rows * columns, -1)
    best, k = flat.argmax(1), np.arange(rows * columns)
    use = flat[k, best] > 0
    x, y = k % columns * cell + best % cell, k // columns * cell + best // cell
    return x[use].astype(np.int32), y[use].astype(np.int32)
