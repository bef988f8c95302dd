"""The nearest place of a triangle, for kernels."""

from __future__ import annotations

from typing import Any

from sculpt3d._kernels import njit


@njit(nogil=True, cache=True)
def nearest_on(p: Any, a: Any, b: Any, c: Any) -> tuple[float, float, float]:
    """Squared distance of p (3,) from a triangle, and the weights of b and c at its nearest place (Ericson 2004, 5.1.5)."""
    ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
    wx, wy, wz = p[0] - a[0], p[1] - a[1], p[2] - a[2]
    uu, uv, vv = ux * ux + uy * uy + uz * uz, ux * vx + uy * vy + uz * vz, vx * vx + vy * vy + vz * vz
    uw, vw = ux * wx + uy * wy + uz * wz, vx * wx + vy * wy + vz * wz
    s, t = _weights(uu, uv, vv, uw, vw)
    dx, dy, dz = wx - s * ux - t * vx, wy - s * uy - t * vy, wz - s * uz - t * vz
    return dx * dx + dy * dy + dz * dz, s, t


@njit(nogil=True, cache=True)
def _weights(uu: float, uv: float, vv: float, uw: float, vw: float) -> tuple[float, float]:
    if uw <= 0 and vw <= 0:
        return 0.0, 0.0
    ub, vb = uw - uu, vw - uv  # seen from b
    if ub >= 0 and vb <= ub:
        return 1.0, 0.0
    if uw * vb - ub * vw <= 0 and uw >= 0 and ub <= 0:
        return uw / (uw - ub) if uw > ub else 0.0, 0.0
    uc, vc = uw - uv, vw - vv  # seen from c
    if vc >= 0 and uc <= vc:
        return 0.0, 1.0
    if uc * vw - uw * vc <= 0 and vw >= 0 and vc <= 0:
        return 0.0, vw / (vw - vc) if vw > vc else 0.0
    bc, cb = vb - ub, uc - vc
    if ub * vc - uc * vb <= 0 and bc >= 0 and cb >= 0:
        t = bc / (bc + cb) if bc + cb > 0 else 0.0
        return 1.0 - t, t
    det = uu * vv - uv * uv
    if det <= 0:
        return 0.0, 0.0
    return (vv * uw - uv * vw) / det, (uu * vw - uv * uw) / det


@njit(nogil=True, cache=True)
def off_segment(p: Any, a: Any, b: Any) -> float:
    """Squared distance of p (3,) from the way between a and b."""
    along, long = 0.0, 0.0
    for k in range(3):
        along += (p[k] - a[k]) * (b[k] - a[k])
        long += (b[k] - a[k]) ** 2
    t = min(max(along / long, 0.0), 1.0) if long > 0 else 0.0
    total = 0.0
    for k in range(3):
        total += (p[k] - a[k] - t * (b[k] - a[k])) ** 2
    return total
