"""Small patches of one photo found in another to a fraction of a pixel; Lucas & Kanade 1981, Baker & Matthews 2004."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sculpt3d.geometry import F64
from sculpt3d.sfm.seeds import WINDOW

BLUR_PX = 1.0  # bilinear samples of sharper pictures pull matches to whole pixels; of these they err by 0.013
ITERATIONS = 20
STILL_PX = 0.003


@dataclass(frozen=True)
class Found:
    """uv: pixels (N, 2), NaN where lost. sigma_px: expected error (N,). likeness: NCC (N,)."""

    uv: F64
    sigma_px: F64
    likeness: F64


def find_patches(
    source: NDArray[Any],
    target: NDArray[Any],
    uv: F64,
    start: F64,
    affine: NDArray[Any],
    radius: int,
    reach_px: float,
) -> Found:
    """Where the patches of `source` (H, W) around pixels `uv` (N, 2) lie in `target`.

    `start` (N, 2): expected pixels; `affine` (N, 2, 2): target pixels a source pixel. Brightness and contrast are free.
    """
    out = np.empty((len(uv), 4))
    _find(source, target, uv, start, affine, radius, reach_px, out)
    return Found(out[:, :2], out[:, 2], out[:, 3])


@njit(nogil=True, forceinline=True)
def _sample(picture: Any, x: float, y: float) -> float:
    """Bilinear; (x, y) in COLMAP's pixels; -1 outside."""
    u, v = x - 0.5, y - 0.5
    h, w = picture.shape
    if not (u >= 0 and v >= 0 and u < w - 1 and v < h - 1):
        return -1.0
    i, j = int(u), int(v)
    a, b = u - i, v - j
    top = (1 - a) * picture[j, i] + a * picture[j, i + 1]
    low = (1 - a) * picture[j + 1, i] + a * picture[j + 1, i + 1]
    return (1 - b) * top + b * low


@njit(nogil=True, cache=True)
def _find(
    source: Any, target: Any, uv: Any, start: Any, affine: Any, radius: int, reach: float, out: Any
) -> None:
    """Rows of `out`: u, v, sigma, NCC."""
    side = 2 * radius + 1
    n = side * side
    wide = np.empty((side + 2, side + 2))
    t, gx, gy, v, w = np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    total = 0.0
    for k in range(n):
        dx, dy = k % side - radius, k // side - radius
        w[k] = np.exp(-(dx * dx + dy * dy) / (2 * (WINDOW * radius) ** 2))
        total += w[k]
    w /= total
    for i in range(len(uv)):
        out[i] = np.nan
        # The template and its gradients.
        inside = True
        for r in range(side + 2):
            for c in range(side + 2):
                wide[r, c] = _sample(source, uv[i, 0] + c - radius - 1, uv[i, 1] + r - radius - 1)
                inside = inside and wide[r, c] >= 0
        if not inside:
            continue
        for k in range(n):
            r, c = k // side + 1, k % side + 1
            t[k] = wide[r, c]
            gx[k] = 0.5 * (wide[r, c + 1] - wide[r, c - 1])
            gy[k] = 0.5 * (wide[r + 1, c] - wide[r - 1, c])
        t -= (w * t).sum()
        power = (w * t * t).sum()
        if power < 1e-6:
            continue
        # Free brightness and contrast: what they explain of a gradient says nothing about position.
        gx -= (w * gx).sum()
        gy -= (w * gy).sum()
        gx -= (w * gx * t).sum() / power * t
        gy -= (w * gy * t).sum() / power * t
        hxx, hxy, hyy = (w * gx * gx).sum(), (w * gx * gy).sum(), (w * gy * gy).sum()
        det = hxx * hyy - hxy * hxy
        if det < 1e-9:
            continue
        a00, a01, a10, a11 = affine[i, 0, 0], affine[i, 0, 1], affine[i, 1, 0], affine[i, 1, 1]
        x, y = start[i, 0], start[i, 1]
        done = False
        error, match = 0.0, 0.0
        for _ in range(ITERATIONS):
            inside = True
            for k in range(n):
                dx, dy = k % side - radius, k // side - radius
                v[k] = _sample(target, x + a00 * dx + a01 * dy, y + a10 * dx + a11 * dy)
                inside = inside and v[k] >= 0
            if not inside:
                break
            v -= (w * v).sum()
            vv, vt = (w * v * v).sum(), (w * v * t).sum()
            if vv < 1e-6 or vt <= 0:
                break
            gain = vt / vv
            bx, by = 0.0, 0.0
            error = 0.0
            for k in range(n):
                e = gain * v[k] - t[k]
                bx += w[k] * gx[k] * e
                by += w[k] * gy[k] * e
                error += w[k] * e * e
            match = vt / np.sqrt(vv * power)
            if done:
                break
            sx, sy = (hyy * bx - hxy * by) / det, (hxx * by - hxy * bx) / det
            mx, my = a00 * sx + a01 * sy, a10 * sx + a11 * sy
            x -= mx
            y -= my
            if (x - start[i, 0]) ** 2 + (y - start[i, 1]) ** 2 > reach * reach:
                inside = False
                break
            done = mx * mx + my * my < STILL_PX * STILL_PX
        if not inside or not done:
            continue
        # Blurred noise is alike over 4 pi sigma^2 pixels; the window's weights hold 1 / sum(w^2) pixels.
        alike = 4 * np.pi * BLUR_PX**2 * (w * w).sum()
        half, gap = 0.5 * (hxx + hyy), np.sqrt(0.25 * (hxx - hyy) ** 2 + hxy * hxy)
        out[i, 0], out[i, 1], out[i, 2] = x, y, np.sqrt(error * alike / max(half - gap, 1e-12))
        out[i, 3] = match
