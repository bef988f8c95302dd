"""A surface element of the reference in its neighbour views: where it lies, how well it matches, what they see there.

Inside the kernels pixel centres are integers (COLMAP's minus 0.5) and surfaces are inverse depths, which are affine in the
pixel on a plane.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from sculpt3d.mvs.window import FAST, RADIUS, F, ncc_cost

WORST = np.float32(2.0)  # cost of a view that cannot see the hypothesis
FAR_OFF = np.float32(9.0)  # pixels, where the source has no surface


class Sources(NamedTuple):
    """The neighbour views of one reference. warp (S, 12) f32: K_s R K_r^-1 row by row, then K_s t; back: the way back."""

    grey: Any  # packed pictures, flat u32
    offset: Any  # (S,) i64 into grey
    size: Any  # (S, 2) i32 height, width
    warp: Any
    back: Any
    depth: Any  # their depth maps of the phase before, flat f32
    depth_offset: Any
    depth_size: Any


@njit(nogil=True, forceinline=True, _nrt=False, fastmath=FAST, error_model="numpy")
def photometric_cost(
    near: Any, s: int, x: int, y: int, iz: float, gx: float, gy: float, reach: float, patch: Any, mean: float,
    variance: float,
) -> Any:  # fmt: skip
    """Cost in source view `s` of the element with inverse depth `iz` and its gradient (gx, gy) a pixel, and where it lies
    there (u, v). The homography is linearised at the pixel: no division a sample. `reach`: the largest of patch.bulge.
    """
    warp = near.warp
    fx, fy = F(x), F(y)
    p0 = warp[s, 0] * fx + warp[s, 1] * fy + warp[s, 2] + warp[s, 9] * iz
    p1 = warp[s, 3] * fx + warp[s, 4] * fy + warp[s, 5] + warp[s, 10] * iz
    p2 = warp[s, 6] * fx + warp[s, 7] * fy + warp[s, 8] + warp[s, 11] * iz
    if p2 <= F(1e-9) * iz:
        return WORST, F(0), F(0)
    inv = F(1) / p2
    u = p0 * inv
    v = p1 * inv
    eu = (warp[s, 9] - u * warp[s, 11]) * inv
    ev = (warp[s, 10] - v * warp[s, 11]) * inv
    ux = (warp[s, 0] - u * warp[s, 6]) * inv + eu * gx
    uy = (warp[s, 1] - u * warp[s, 7]) * inv + eu * gy
    vx = (warp[s, 3] - v * warp[s, 6]) * inv + ev * gx
    vy = (warp[s, 4] - v * warp[s, 7]) * inv + ev * gy
    h, w = near.size[s, 0], near.size[s, 1]
    wide = F(RADIUS) * (abs(ux) + abs(uy)) + abs(eu) * reach
    high = F(RADIUS) * (abs(vx) + abs(vy)) + abs(ev) * reach
    if not (u - wide >= F(0) and v - high >= F(0) and u + wide < F(w - 1) and v + high < F(h - 1)):
        return WORST, u, v
    return ncc_cost(near.grey, near.offset[s], w, u, v, ux, uy, vx, vy, eu, ev, patch, mean, variance), u, v


@njit(nogil=True, forceinline=True, _nrt=False, fastmath=FAST, error_model="numpy")
def agrees(near: Any, s: int, x: int, y: int, iz: float, limit: float) -> Any:
    """Whether source view `s` shows the point at (x, y) with inverse depth `iz` and found the same surface there."""
    warp = near.warp
    fx, fy = F(x), F(y)
    p2 = warp[s, 6] * fx + warp[s, 7] * fy + warp[s, 8] + warp[s, 11] * iz
    if p2 <= F(1e-9) * iz:
        return False
    u = (warp[s, 0] * fx + warp[s, 1] * fy + warp[s, 2] + warp[s, 9] * iz) / p2
    v = (warp[s, 3] * fx + warp[s, 4] * fy + warp[s, 5] + warp[s, 10] * iz) / p2
    if not (u >= F(0) and v >= F(0) and u < F(near.size[s, 1] - 1) and v < F(near.size[s, 0] - 1)):
        return False
    return way_back(near, s, x, y, u, v) <= limit


@njit(nogil=True, forceinline=True, _nrt=False, fastmath=FAST, error_model="numpy")
def way_back(near: Any, s: int, x: int, y: int, u: float, v: float) -> Any:
    """How many pixels away from (x, y) the source's own surface at (u, v), which lies in its picture, comes back."""
    gh, gw = near.depth_size[s, 0], near.depth_size[s, 1]
    column = min(int((u + F(0.5)) * F(gw) / F(near.size[s, 1])), gw - 1)
    row = min(int((v + F(0.5)) * F(gh) / F(near.size[s, 0])), gh - 1)
    zs = near.depth[near.depth_offset[s] + row * gw + column]
    if zs <= F(0):
        return FAR_OFF
    back = near.back
    c2 = (back[s, 6] * u + back[s, 7] * v + back[s, 8]) * zs + back[s, 11]
    if c2 <= F(1e-9):
        return FAR_OFF
    ex = ((back[s, 0] * u + back[s, 1] * v + back[s, 2]) * zs + back[s, 9]) / c2 - F(x)
    ey = ((back[s, 3] * u + back[s, 4] * v + back[s, 5]) * zs + back[s, 10]) / c2 - F(y)
    return np.sqrt(ex * ex + ey * ey)
