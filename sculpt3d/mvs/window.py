"""The matching window: bilateral weights of a reference patch, and its weighted NCC in a warped source picture.

- Source pictures are packed: one uint32 holds the 2x2 neighbourhood, so bilinear sampling is one gather (2x faster).
- The gather is `load_at`: Numba's own indexing tests for negative indices and widens them to 64 bits, which halves the
  width of the processor's gather (44 against 59 ns a window).
- Rejected: windows with stride (acc1 .63 against .69 for dense 7x7), best 4 views.
"""

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba.extending import intrinsic

from sculpt3d._kernels import njit

RADIUS = 3  # 7x7 window
SIDE = 2 * RADIUS + 1
SAMPLES = SIDE**2
# Grey levels; rational weight, squared: the plain one has a long tail, and outlines grow skirts (nymph F .924, not .937).
COLOUR_SIGMA = np.float32(8.0)
SPATIAL_SIGMA = np.float32(4.0)  # pixels
NOISE_VARIANCE = np.float32(0.2)  # grey levels squared; 2 was worse: weak texture dies

F = np.float32
# Helpers are inlined by force and not cached: as functions of their own they exist twice (alone and inside the sweep), are
# optimised differently, and which copy runs depends on whether the sweep came from the cache; depths then differ.
FAST = {"reassoc", "contract", "nsz", "arcp"}  # reorder sums for SIMD; NaN and infinity keep their meaning


class Patch(NamedTuple):
    """Window offsets and their spatial weights; how far the surface lies off its plane there (inverse depth); normalised
    weights, and weight * centred grey; each (SAMPLES,) f32.
    """

    dx: Any
    dy: Any
    spatial: Any
    bulge: Any
    weight: Any
    weighted: Any


@intrinsic
def load_at(typing_context: Any, array: Any, base: Any, index: Any) -> Any:
    """array[base + index] for an int64 base and an int32 index, neither checked nor counted from the end."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        start = builder.gep(data, [args[1]])
        return builder.load(builder.gep(start, [builder.sext(args[2], ir.IntType(64))]))

    return array.dtype(array, base, index), codegen


def new_patch() -> Patch:
    """Room for one patch."""
    dx, dy = np.empty(SAMPLES, np.float32), np.empty(SAMPLES, np.float32)
    spatial = np.empty(SAMPLES, np.float32)
    k = 0
    for j in range(-RADIUS, RADIUS + 1):
        for i in range(-RADIUS, RADIUS + 1):
            dx[k], dy[k] = F(i), F(j)
            spatial[k] = np.exp(-F(i * i + j * j) / (F(2) * SPATIAL_SIGMA * SPATIAL_SIGMA))
            k += 1
    bulge = np.zeros(SAMPLES, np.float32)
    return Patch(dx, dy, spatial, bulge, np.empty(SAMPLES, np.float32), np.empty(SAMPLES, np.float32))


@njit(nogil=True, forceinline=True, _nrt=False, fastmath=FAST, error_model="numpy")
def load_patch(ref: Any, x: int, y: int, patch: Any) -> Any:
    """Fill the patch's weights from the reference picture at (x, y); return its mean and variance."""
    h, w = ref.shape
    grey, weight = patch.weighted, patch.weight
    k = 0
    if x >= RADIUS and y >= RADIUS and x < w - RADIUS and y < h - RADIUS:
        for j in range(SIDE):
            for i in range(SIDE):
                grey[k] = F(ref[y + j - RADIUS, x + i - RADIUS])
                k += 1
    else:
        for j in range(SIDE):
            yy = min(max(y + j - RADIUS, 0), h - 1)
            for i in range(SIDE):
                grey[k] = F(ref[yy, min(max(x + i - RADIUS, 0), w - 1)])
                k += 1
    centre = F(ref[y, x])
    total = F(0)
    mean = F(0)
    square = F(0)
    for k in range(SAMPLES):
        g = grey[k] - centre
        t = g / COLOUR_SIGMA
        near = F(1) / (F(1) + t * t)
        wk = patch.spatial[k] * near * near
        weight[k] = wk
        total += wk
        mean += wk * g
        square += wk * g * g
    inv = F(1) / total
    mean *= inv
    for k in range(SAMPLES):
        weight[k] *= inv
        grey[k] = weight[k] * (grey[k] - centre - mean)
    return mean + centre, max(square * inv - mean * mean, F(0))


@njit(nogil=True, forceinline=True, _nrt=False, fastmath=FAST, error_model="numpy")
def ncc_cost(
    source: Any, base: int, width: int, u: float, v: float, ux: float, uy: float, vx: float, vy: float,
    eu: float, ev: float, patch: Any, mean: float, variance: float,
) -> Any:  # fmt: skip
    """1 - weighted NCC of the reference patch and the warped source patch, which must lie inside the picture.

    (u, v) is the middle, ux ... vy the affine warp, (eu, ev) the way a pixel goes per inverse depth of the bulge.
    """
    s1 = F(0)
    s2 = F(0)
    rs = F(0)
    byte = np.uint32(255)
    stride = np.int32(width)
    for k in range(SAMPLES):
        fu = u + ux * patch.dx[k] + uy * patch.dy[k] + eu * patch.bulge[k]
        fv = v + vx * patch.dx[k] + vy * patch.dy[k] + ev * patch.bulge[k]
        iu = np.int32(fu)
        iv = np.int32(fv)
        au = fu - F(iu)
        av = fv - F(iv)
        q = load_at(source, base, np.int32(np.int32(iv * stride) + iu))
        a = F(np.int32(q & byte))
        b = F(np.int32((q >> np.uint32(8)) & byte))
        c = F(np.int32((q >> np.uint32(16)) & byte))
        d = F(np.int32(q >> np.uint32(24)))
        top = a + (b - a) * au
        bottom = c + (d - c) * au
        s = top + (bottom - top) * av - mean
        ws = patch.weight[k] * s
        s1 += ws
        s2 += ws * s
        rs += patch.weighted[k] * s
    source_variance = max(s2 - s1 * s1, F(0))
    return F(1) - rs / np.sqrt((variance + NOISE_VARIANCE) * (source_variance + NOISE_VARIANCE))
