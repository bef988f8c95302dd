"""One view's depth by PatchMatch on a CPU: slanted planes, bilateral NCC, sequential sweeps (Numba, `nogil`).

Bleyer 2011 (slanted planes), Schoenberger 2016 (bilateral NCC, geometric term), Galliani 2015 (best-k views).
Each pixel holds a plane (depth along z, unit normal in cam). A sweep walks the picture, tries the planes of the two
pixels just visited and random changes, and keeps what the best two neighbour views agree on.

- Source pictures are packed: one uint32 holds the 2x2 neighbourhood, so bilinear sampling is one gather (2x faster).
- The plane's homography is linearised at the pixel: one affine warp a hypothesis, no division a sample.
- Rejected: windows with stride (acc1 .63 against .69 for dense 7x7), best 4 views, geometric weight 0.2.

Inside this module pixel centres are integers (COLMAP's minus 0.5).
"""

from typing import Any

import numpy as np
from numba import njit

RADIUS = 3  # 7x7 window
SAMPLES = (2 * RADIUS + 1) ** 2
COLOUR_SIGMA = np.float32(8.0)  # grey levels, rational weight
SPATIAL_SIGMA = np.float32(4.0)  # pixels
NOISE_VARIANCE = np.float32(0.2)  # grey levels squared; 2 was worse: weak texture dies
WORST = np.float32(2.0)  # cost of a view that cannot see the hypothesis
GEOMETRIC_WEIGHT = np.float32(0.05)  # per pixel of reprojection difference
GEOMETRIC_CAP = np.float32(3.0)  # pixels

F = np.float32
# Helpers are inlined by force and not cached: as functions of their own they exist twice (alone and inside the sweep), are
# optimised differently, and which copy runs depends on whether the sweep came from the cache; depths then differ.
FAST = {"reassoc", "contract", "nsz", "arcp"}  # reorder sums for SIMD; NaN and infinity keep their meaning


@njit(nogil=True, forceinline=True, fastmath=FAST, error_model="numpy")
def _load_patch(ref: Any, x: int, y: int, dx: Any, dy: Any, weight: Any, weighted: Any) -> Any:
    """Fill normalised bilateral weights and weight * centred grey; return the patch's mean and variance."""
    h, w = ref.shape
    centre = F(ref[y, x])
    total = F(0)
    mean = F(0)
    k = 0
    for j in range(-RADIUS, RADIUS + 1):
        yy = min(max(y + j, 0), h - 1)
        for i in range(-RADIUS, RADIUS + 1):
            xx = min(max(x + i, 0), w - 1)
            grey = F(ref[yy, xx])
            t = (grey - centre) / COLOUR_SIGMA
            spatial = F(i * i + j * j) / (F(2) * SPATIAL_SIGMA * SPATIAL_SIGMA)
            wk = F(np.exp(-spatial)) / (F(1) + t * t)
            dx[k] = F(i)
            dy[k] = F(j)
            weight[k] = wk
            weighted[k] = grey
            total += wk
            mean += wk * grey
            k += 1
    mean /= total
    variance = F(0)
    for k in range(SAMPLES):
        weight[k] /= total
        centred = weighted[k] - mean
        weighted[k] = weight[k] * centred
        variance += weighted[k] * centred
    return mean, variance


@njit(nogil=True, forceinline=True, fastmath=FAST, error_model="numpy")
def _ncc_cost(
    img: Any, w: int, h: int, u: float, v: float, ux: float, uy: float, vx: float, vy: float,
    dx: Any, dy: Any, weight: Any, weighted: Any, mean: float, variance: float,
) -> Any:  # fmt: skip
    """1 - weighted NCC of the reference patch and the affine-warped source patch."""
    eu = F(RADIUS) * (abs(ux) + abs(uy))
    ev = F(RADIUS) * (abs(vx) + abs(vy))
    if not (u - eu >= F(0) and v - ev >= F(0) and u + eu < F(w - 1) and v + ev < F(h - 1)):
        return WORST
    s1 = F(0)
    s2 = F(0)
    rs = F(0)
    byte = np.uint32(255)
    width = np.int32(w)
    for k in range(SAMPLES):
        fu = u + ux * dx[k] + uy * dy[k]
        fv = v + vx * dx[k] + vy * dy[k]
        iu = np.int32(fu)
        iv = np.int32(fv)
        au = fu - F(iu)
        av = fv - F(iv)
        q = img[iv * width + iu]
        a = F(np.int32(q & byte))
        b = F(np.int32((q >> np.uint32(8)) & byte))
        c = F(np.int32((q >> np.uint32(16)) & byte))
        d = F(np.int32(q >> np.uint32(24)))
        top = a + (b - a) * au
        bottom = c + (d - c) * au
        s = top + (bottom - top) * av - mean
        s1 += weight[k] * s
        s2 += weight[k] * s * s
        rs += weighted[k] * s
    source_variance = max(s2 - s1 * s1, F(0))
    ncc = rs / np.sqrt((variance + NOISE_VARIANCE) * (source_variance + NOISE_VARIANCE))
    return F(1) - ncc


@njit(nogil=True, forceinline=True, fastmath=FAST, error_model="numpy")
def _view_cost(
    s: int, x: int, y: int, depth: float, m0: float, m1: float, inv_d: float, src: Any, offset: Any, size: Any,
    warp: Any, dx: Any, dy: Any, weight: Any, weighted: Any, mean: float, variance: float,
    use_geo: bool, geo: Any, geo_offset: Any, geo_size: Any, back: Any,
) -> Any:  # fmt: skip
    """Photometric cost, with the geometric term where `use_geo`, of one plane in source view `s`."""
    z = F(1) / depth
    fx, fy = F(x), F(y)
    p0 = warp[s, 0] * fx + warp[s, 1] * fy + warp[s, 2] + warp[s, 9] * z
    p1 = warp[s, 3] * fx + warp[s, 4] * fy + warp[s, 5] + warp[s, 10] * z
    p2 = warp[s, 6] * fx + warp[s, 7] * fy + warp[s, 8] + warp[s, 11] * z
    if p2 * depth <= F(1e-9):
        return WORST
    inv = F(1) / p2
    u = p0 * inv
    v = p1 * inv
    t = m0 * inv_d
    r = m1 * inv_d
    h20 = warp[s, 6] + warp[s, 11] * t
    h21 = warp[s, 7] + warp[s, 11] * r
    ux = (warp[s, 0] + warp[s, 9] * t - u * h20) * inv
    uy = (warp[s, 1] + warp[s, 9] * r - u * h21) * inv
    vx = (warp[s, 3] + warp[s, 10] * t - v * h20) * inv
    vy = (warp[s, 4] + warp[s, 10] * r - v * h21) * inv
    w, h = size[s, 1], size[s, 0]
    img = src[offset[s] : offset[s] + w * h]
    cost = _ncc_cost(img, w, h, u, v, ux, uy, vx, vy, dx, dy, weight, weighted, mean, variance)
    if use_geo and cost < WORST:
        gh, gw = geo_size[s, 0], geo_size[s, 1]
        gx = min(int((u + F(0.5)) * F(gw) / F(w)), gw - 1)
        gy = min(int((v + F(0.5)) * F(gh) / F(h)), gh - 1)
        zs = geo[geo_offset[s] + gy * gw + gx]
        shift = GEOMETRIC_CAP
        if zs > F(0):
            # The source's surface seen along the same source ray: back into the reference.
            b0 = back[s, 0] * u + back[s, 1] * v + back[s, 2]
            b1 = back[s, 3] * u + back[s, 4] * v + back[s, 5]
            b2 = back[s, 6] * u + back[s, 7] * v + back[s, 8]
            c2 = b2 * zs + back[s, 11]
            if c2 > F(1e-9):
                ex = (b0 * zs + back[s, 9]) / c2 - fx
                ey = (b1 * zs + back[s, 10]) / c2 - fy
                shift = min(np.sqrt(ex * ex + ey * ey), GEOMETRIC_CAP)
        cost += GEOMETRIC_WEIGHT * shift
    return cost


@njit(nogil=True, forceinline=True, error_model="numpy")
def _random(state: Any) -> Any:
    """xorshift32 -> [-1, 1); state (1,) uint32."""
    s = state[0]
    s = np.uint32(s ^ np.uint32(s << np.uint32(13)))
    s = np.uint32(s ^ np.uint32(s >> np.uint32(17)))
    s = np.uint32(s ^ np.uint32(s << np.uint32(5)))
    state[0] = s
    return F(np.int32(s >> np.uint32(8))) * F(2.0 / 16777216.0) - F(1)


@njit(nogil=True, cache=True, fastmath=FAST, error_model="numpy")
def sweep(
    ref: Any, active: Any, depth: Any, normal: Any, cost: Any, choice: Any, cam: Any,
    src: Any, offset: Any, size: Any, warp: Any, use_geo: bool, geo: Any, geo_offset: Any, geo_size: Any, back: Any,
    forward: bool, first: bool, all_views: bool, perturbations: int, step_px: float, normal_step: float,
    randoms: int, z_near: float, z_far: float, z_per_px: float, seed: int,
) -> None:  # fmt: skip
    """One sweep over a view, in place.

    ref (H, W) u8; active (H, W) bool; depth, cost (H, W) f32; normal (H, W, 3) f32; choice (H, W, 2) u8 (best two
    views); cam (4,) f32 fx fy cx cy; warp (S, 12): K_s R K_r^-1 row by row, then K_s t; back (S, 12): the same from
    source to reference; `z_per_px`: relative depth change that moves a source pixel by one.
    """
    h, w = ref.shape
    views = len(offset)
    dx = np.empty(SAMPLES, np.float32)
    dy = np.empty(SAMPLES, np.float32)
    weight = np.empty(SAMPLES, np.float32)
    weighted = np.empty(SAMPLES, np.float32)
    state = np.empty(1, np.uint32)
    state[0] = np.uint32(seed | 1)
    tries = 3 + perturbations + randoms
    step = 1 if forward else -1
    for row in range(h):
        y = row if forward else h - 1 - row
        for column in range(w):
            x = column if forward else w - 1 - column
            if not active[y, x]:
                continue
            mean, variance = _load_patch(ref, x, y, dx, dy, weight, weighted)
            rx = (F(x) - cam[2]) / cam[0]
            ry = (F(y) - cam[3]) / cam[1]
            best = cost[y, x]
            if first:
                best = F(9)
            for k in range(0 if first else 1, tries):
                z = depth[y, x]
                n0 = normal[y, x, 0]
                n1 = normal[y, x, 1]
                n2 = normal[y, x, 2]
                if k == 1 or k == 2:
                    qx = x - step if k == 1 else x
                    qy = y if k == 1 else y - step
                    if qx < 0 or qy < 0 or qx >= w or qy >= h or not active[qy, qx]:
                        continue
                    n0 = normal[qy, qx, 0]
                    n1 = normal[qy, qx, 1]
                    n2 = normal[qy, qx, 2]
                    at = n0 * (F(qx) - cam[2]) / cam[0] + n1 * (F(qy) - cam[3]) / cam[1] + n2
                    z = depth[qy, qx] * at / (n0 * rx + n1 * ry + n2)
                elif k >= 3 + perturbations:
                    z = F(2) / ((F(1) + _random(state)) / z_near + (F(1) - _random(state)) / z_far)
                    n0 = _random(state)
                    n1 = _random(state)
                    n2 = F(-0.7)
                elif k >= 3:
                    shrink = F(1.0 / (1 << (k - 3)))
                    z *= F(1) + _random(state) * step_px * shrink * z_per_px
                    n0 += _random(state) * normal_step * shrink
                    n1 += _random(state) * normal_step * shrink
                    n2 += _random(state) * normal_step * shrink
                if not (z >= z_near and z <= z_far):
                    if k > 0:
                        continue
                    z = min(max(z, z_near), z_far)
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
                inv_d = F(1) / (z * facing)
                m0 = n0 / cam[0]
                m1 = n1 / cam[1]
                c0 = F(9)
                c1 = F(9)
                v0 = choice[y, x, 0]
                v1 = choice[y, x, 1]
                if all_views:
                    for s in range(views):
                        c = _view_cost(
                            s,
                            x,
                            y,
                            z,
                            m0,
                            m1,
                            inv_d,
                            src,
                            offset,
                            size,
                            warp,
                            dx,
                            dy,
                            weight,
                            weighted,
                            mean,
                            variance,
                            use_geo,
                            geo,
                            geo_offset,
                            geo_size,
                            back,
                        )
                        if c < c0:
                            c1 = c0
                            v1 = v0
                            c0 = c
                            v0 = s
                        elif c < c1:
                            c1 = c
                            v1 = s
                    if views == 1:
                        c1 = c0
                else:
                    c0 = _view_cost(
                        v0,
                        x,
                        y,
                        z,
                        m0,
                        m1,
                        inv_d,
                        src,
                        offset,
                        size,
                        warp,
                        dx,
                        dy,
                        weight,
                        weighted,
                        mean,
                        variance,
                        use_geo,
                        geo,
                        geo_offset,
                        geo_size,
                        back,
                    )
                    if F(0.5) * c0 >= best:
                        continue
                    c1 = _view_cost(
                        v1,
                        x,
                        y,
                        z,
                        m0,
                        m1,
                        inv_d,
                        src,
                        offset,
                        size,
                        warp,
                        dx,
                        dy,
                        weight,
                        weighted,
                        mean,
                        variance,
                        use_geo,
                        geo,
                        geo_offset,
                        geo_size,
                        back,
                    )
                total = F(0.5) * (c0 + c1)
                if total < best:
                    best = total
                    depth[y, x] = z
                    normal[y, x, 0] = n0
                    normal[y, x, 1] = n1
                    normal[y, x, 2] = n2
                    choice[y, x, 0] = v0
                    choice[y, x, 1] = v1
            cost[y, x] = best


@njit(nogil=True, cache=True, fastmath=FAST, error_model="numpy")
def refine_parabola(
    ref: Any, active: Any, depth: Any, normal: Any, cost: Any, choice: Any, cam: Any,
    src: Any, offset: Any, size: Any, warp: Any, use_geo: bool, geo: Any, geo_offset: Any, geo_size: Any, back: Any,
    step_px: float, z_per_px: float,
) -> None:  # fmt: skip
    """Sub-step depth: the minimum of the parabola through the cost at -step, 0 and +step; in place."""
    h, w = ref.shape
    dx = np.empty(SAMPLES, np.float32)
    dy = np.empty(SAMPLES, np.float32)
    weight = np.empty(SAMPLES, np.float32)
    weighted = np.empty(SAMPLES, np.float32)
    c = np.empty(3, np.float32)
    for y in range(h):
        for x in range(w):
            if not active[y, x] or cost[y, x] >= F(1):
                continue
            mean, variance = _load_patch(ref, x, y, dx, dy, weight, weighted)
            rx = (F(x) - cam[2]) / cam[0]
            ry = (F(y) - cam[3]) / cam[1]
            n0, n1, n2 = normal[y, x, 0], normal[y, x, 1], normal[y, x, 2]
            facing = n0 * rx + n1 * ry + n2
            delta = depth[y, x] * step_px * z_per_px
            for k in range(3):
                z = depth[y, x] + F(k - 1) * delta
                c[k] = F(0)
                for i in range(2):
                    c[k] += F(0.5) * _view_cost(
                        choice[y, x, i],
                        x,
                        y,
                        z,
                        n0 / cam[0],
                        n1 / cam[1],
                        F(1) / (z * facing),
                        src,
                        offset,
                        size,
                        warp,
                        dx,
                        dy,
                        weight,
                        weighted,
                        mean,
                        variance,
                        use_geo,
                        geo,
                        geo_offset,
                        geo_size,
                        back,
                    )
            bend = c[0] - F(2) * c[1] + c[2]
            if bend > F(1e-6):
                move = F(0.5) * (c[0] - c[2]) / bend
                if abs(move) <= F(1):
                    depth[y, x] += move * delta
