"""One view's depth by PatchMatch on a CPU: slanted planes, bilateral NCC, sequential sweeps (Numba, `nogil`).

Bleyer 2011 (slanted planes), Schoenberger 2016 (bilateral NCC, geometric term), Galliani 2015 (best-k views).
Each pixel holds a plane (depth along z, unit normal in cam). A sweep walks the picture, tries the planes of the two
pixels just visited and random changes, and keeps what the best two neighbour views agree on.
"""

from typing import Any, NamedTuple

import numpy as np

from sculpt3d._kernels import njit
from sculpt3d.mvs.warp import WORST, photometric_cost, way_back
from sculpt3d.mvs.window import FAST, F, load_patch

GEOMETRIC_WEIGHT = np.float32(0.05)  # per pixel of reprojection difference; 0.2 was worse
GEOMETRIC_CAP = np.float32(3.0)  # pixels
LONE = np.float32(0.5)  # where only one view sees the surface, the other counts no more than this


class Planes(NamedTuple):
    """What a sweep changes. depth, cost (H, W) f32; normal (H, W, 3) f32; choice (H, W, 2) u8: the best two views."""

    depth: Any
    normal: Any
    cost: Any
    choice: Any


class Schedule(NamedTuple):
    """One sweep. step_px, normal_step: size of the perturbations; z_per_px: relative depth that moves a pixel by one;
    settled: cost of pixels that later sweeps leave alone (f32)."""

    forward: bool
    first: bool
    all_views: bool
    geometric: bool
    perturbations: int
    randoms: int
    step_px: Any
    normal_step: Any
    z_near: Any
    z_far: Any
    z_per_px: Any
    settled: Any


@njit(nogil=True, forceinline=True, _nrt=False, fastmath=FAST, error_model="numpy")
def _view_cost(
    near: Any, s: int, x: int, y: int, iz: float, gx: float, gy: float, patch: Any, mean: float, variance: float,
    geometric: bool,
) -> Any:  # fmt: skip
    """Photometric cost of a plane in source view `s`, with the geometric term where asked."""
    cost, u, v = photometric_cost(near, s, x, y, iz, gx, gy, F(0), patch, mean, variance)
    if geometric and cost < WORST:
        cost += GEOMETRIC_WEIGHT * min(way_back(near, s, x, y, u, v), GEOMETRIC_CAP)
    return cost


@njit(nogil=True, _nrt=False, forceinline=True, error_model="numpy")
def _random(state: Any) -> Any:
    """xorshift32 -> [-1, 1); state (1,) uint32."""
    s = state[0]
    s = np.uint32(s ^ np.uint32(s << np.uint32(13)))
    s = np.uint32(s ^ np.uint32(s >> np.uint32(17)))
    s = np.uint32(s ^ np.uint32(s << np.uint32(5)))
    state[0] = s
    return F(np.int32(s >> np.uint32(8))) * F(2.0 / 16777216.0) - F(1)


@njit(nogil=True, _nrt=False, cache=True, fastmath=FAST, error_model="numpy")
def sweep(ref: Any, active: Any, cam: Any, planes: Any, near: Any, how: Any, patch: Any, state: Any) -> None:
    """One sweep over a view, in place. ref (H, W) u8; active (H, W) bool; cam (4,) f32 fx fy cx cy."""
    h, w = ref.shape
    depth, normal, cost, choice = planes
    views = len(near.offset)
    tries = 3 + how.perturbations + how.randoms
    step = 1 if how.forward else -1
    for row in range(h):
        y = row if how.forward else h - 1 - row
        for column in range(w):
            x = column if how.forward else w - 1 - column
            if not active[y, x] or (not how.first and cost[y, x] < how.settled):
                continue
            mean, variance = load_patch(ref, x, y, patch)
            rx = (F(x) - cam[2]) / cam[0]
            ry = (F(y) - cam[3]) / cam[1]
            best = F(9) if how.first else cost[y, x]
            qx, qy = x, y
            for k in range(0 if how.first else 1, tries):
                z = depth[y, x]
                n0, n1, n2 = normal[y, x, 0], normal[y, x, 1], normal[y, x, 2]
                if k == 1 or k == 2:
                    qx = x - step if k == 1 else x
                    qy = y if k == 1 else y - step
                    if qx < 0 or qy < 0 or qx >= w or qy >= h or not active[qy, qx]:
                        continue
                    n0, n1, n2 = normal[qy, qx, 0], normal[qy, qx, 1], normal[qy, qx, 2]
                    at = n0 * (F(qx) - cam[2]) / cam[0] + n1 * (F(qy) - cam[3]) / cam[1] + n2
                    z = depth[qy, qx] * at / (n0 * rx + n1 * ry + n2)
                elif k >= 3 + how.perturbations:
                    share = F(0.5) * (F(1) + _random(state))
                    z = F(1) / (share / how.z_near + (F(1) - share) / how.z_far)
                    n0, n1, n2 = _random(state), _random(state), F(-0.7)
                elif k >= 3:
                    shrink = F(1.0 / (1 << (k - 3)))
                    z *= F(1) + _random(state) * how.step_px * shrink * how.z_per_px
                    n0 += _random(state) * how.normal_step * shrink
                    n1 += _random(state) * how.normal_step * shrink
                    n2 += _random(state) * how.normal_step * shrink
                if not (z >= how.z_near and z <= how.z_far):
                    if k > 0:
                        continue
                    z = min(max(z, how.z_near), how.z_far)
                length = np.sqrt(n0 * n0 + n1 * n1 + n2 * n2)
                n0 /= length
                n1 /= length
                n2 /= length
                facing = n0 * rx + n1 * ry + n2
                if facing > F(-0.1) * np.sqrt(rx * rx + ry * ry + F(1)):  # steeper than 84 degrees
                    if k > 0:
                        continue
                    n0, n1, n2 = F(0), F(0), F(-1)
                    facing = F(-1)
                iz = F(1) / z
                inv_d = iz / facing
                gx = n0 / cam[0] * inv_d
                gy = n1 / cam[1] * inv_d
                v0, v1 = choice[y, x, 0], choice[y, x, 1]
                c0, c1 = F(9), F(9)
                if how.all_views:
                    # All views are asked at the start; then those of the pixel, of the neighbour, and one at random.
                    a0, a1, chance = v0, v1, v0
                    if k == 1 or k == 2:
                        a0, a1 = choice[qy, qx, 0], choice[qy, qx, 1]
                    else:
                        chance = np.uint8(min(int((_random(state) + F(1)) * F(0.5) * F(views)), views - 1))
                    b0, b1 = v0, v1
                    for s in range(views):
                        if k > 0 and s not in (a0, a1, b0, b1, chance):
                            continue
                        c = _view_cost(near, s, x, y, iz, gx, gy, patch, mean, variance, how.geometric)
                        if c < c0:
                            c1, v1 = c0, v0
                            c0, v0 = c, s
                        elif c < c1:
                            c1, v1 = c, s
                else:
                    c0 = _view_cost(near, v0, x, y, iz, gx, gy, patch, mean, variance, how.geometric)
                    if F(0.5) * c0 >= best:
                        continue
                    c1 = _view_cost(near, v1, x, y, iz, gx, gy, patch, mean, variance, how.geometric)
                total = F(0.5) * (c0 + min(c1, LONE))
                if total < best:
                    best = total
                    depth[y, x] = z
                    normal[y, x, 0], normal[y, x, 1], normal[y, x, 2] = n0, n1, n2
                    choice[y, x, 0], choice[y, x, 1] = v0, v1
            cost[y, x] = best
