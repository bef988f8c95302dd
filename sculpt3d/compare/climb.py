"""Many poses at once down to the nearest fit: point-to-plane steps both ways between two small sets of points.

Nearest points come from a grid that holds, for every cell, the point nearest to the cell's middle: a look-up, no tree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from sculpt3d._kernels import njit
from sculpt3d.geometry import F64

SIDE = 48  # cells along a grid's side
_AROUND = 0.25  # of the largest side: what the grid covers outside the points


@dataclass(frozen=True)
class Cells:
    """Points (N, 3) with unit normals, and for each of SIDE³ cells of `size` from `low` (3,) the nearest point's number."""

    xyz: F64
    normal: F64
    nearest: NDArray[np.int32]
    low: F64
    size: float

    def arrays(self) -> tuple[Any, ...]:
        """As the kernels take them."""
        c = np.ascontiguousarray
        return c(self.xyz, np.float64), c(self.normal, np.float64), self.nearest, self.low, self.size

    @staticmethod
    def of(xyz: F64, normal: F64) -> Cells:
        low, high = xyz.min(0), xyz.max(0)
        width = (1 + 2 * _AROUND) * float((high - low).max())
        low = (low + high - width) / 2
        middles = (np.stack(np.meshgrid(*[np.arange(SIDE)] * 3, indexing="ij"), -1) + 0.5) * (width / SIDE)
        nearest = cKDTree(xyz).query(middles.reshape(-1, 3) + low, workers=1)[1]
        return Cells(xyz, normal, nearest.astype(np.int32).reshape(SIDE, SIDE, SIDE), low, width / SIDE)


@dataclass(frozen=True)
class Poses:
    """K similarities target_from_source: scales (K,), rotations (K, 3, 3), translations (K, 3)."""

    scale: F64
    rotation: F64
    translation: F64

    def take(self, which: NDArray[Any]) -> Poses:
        return Poses(self.scale[which], self.rotation[which], self.translation[which])

    def split(self, block: int) -> list[Poses]:
        count = len(self.scale)
        return [self.take(np.arange(i, min(i + block, count))) for i in range(0, count, block)]

    @staticmethod
    def joined(parts: list[Poses]) -> Poses:
        return Poses(
            np.concatenate([p.scale for p in parts]),
            np.concatenate([p.rotation for p in parts]),
            np.concatenate([p.translation for p in parts]),
        )


def climb(
    poses: Poses, source: Cells, target: Cells, count: int, reaches: F64, cap: float, with_scale: bool
) -> tuple[Poses, F64]:
    """The poses after a step at each of `reaches` with the first `count` points of either side, and their misfits (K,).

    The target's middle is its frame's origin. Misfit: mean over both ways of the squared distance over `cap` squared,
    at most 1, normals that do not agree counting as far; points of the source outside the target's box take no part.
    """
    moved = Poses(poses.scale.copy(), poses.rotation.copy(), poses.translation.copy())
    misfit = np.empty(len(poses.scale))
    low, high = target.xyz.min(0), target.xyz.max(0)
    margin = 0.05 * float((high - low).max())
    counts = min(count, len(source.xyz)), min(count, len(target.xyz))
    _climb(
        (moved.scale, moved.rotation, moved.translation, misfit), source.arrays(), target.arrays(), counts,
        np.asarray(reaches, np.float64), cap, (low - margin, high + margin), 7 if with_scale else 6,
    )  # fmt: skip
    return moved, misfit


@njit(nogil=True, cache=True, inline="always")
def _cell(x: float, low: float, size: float, side: int) -> int:
    return min(max(int((x - low) / size), 0), side - 1)


@njit(nogil=True, cache=True)
def _pair(way: int, i: int, s: float, r: Any, t: Any, a: Any, one: Any, other: Any) -> int:
    """Fills a: x (0-2) the source's point, d (3-5) to the target's, n (6-8) its normal, 9 agreement of normals."""
    (p, m, ps, pl, pc), (q, n, qs, ql, qc) = one, other
    side = len(qs)
    if way == 0:
        j = i
        for c in range(3):
            a[c] = s * (r[c, 0] * p[j, 0] + r[c, 1] * p[j, 1] + r[c, 2] * p[j, 2]) + t[c]
        k = qs[_cell(a[0], ql[0], qc, side), _cell(a[1], ql[1], qc, side), _cell(a[2], ql[2], qc, side)]
    else:
        k = i
        for c in range(3):
            a[c] = (r[0, c] * (q[k, 0] - t[0]) + r[1, c] * (q[k, 1] - t[1]) + r[2, c] * (q[k, 2] - t[2])) / s
        j = ps[_cell(a[0], pl[0], pc, side), _cell(a[1], pl[1], pc, side), _cell(a[2], pl[2], pc, side)]
        for c in range(3):
            a[c] = s * (r[c, 0] * p[j, 0] + r[c, 1] * p[j, 1] + r[c, 2] * p[j, 2]) + t[c]
    a[9] = 0.0
    for c in range(3):
        a[3 + c] = q[k, c] - a[c]
        a[6 + c] = n[k, c]
        a[9] += n[k, c] * (r[c, 0] * m[j, 0] + r[c, 1] * m[j, 1] + r[c, 2] * m[j, 2])
    return 0


@njit(nogil=True, cache=True)
def _climb(
    poses: Any, one: Any, other: Any, counts: Any, reaches: Any, cap: float, box: Any, free: int
) -> None:
    (scale, rotation, translation, misfit), (count_p, count_q), (low, high) = poses, counts, box
    a, row, normal, right = np.empty(10), np.empty(7), np.empty((7, 7)), np.empty(7)
    r, t = np.empty((3, 3)), np.empty(3)
    for pose in range(len(scale)):
        s = scale[pose]
        r[:] = rotation[pose]
        t[:] = translation[pose]
        for round_ in range(len(reaches)):
            reach = reaches[round_] ** 2
            normal[:] = 0
            right[:] = 0
            for way in range(2):
                for i in range(count_p if way == 0 else count_q):
                    _pair(way, i, s, r, t, a, one, other)
                    d2 = a[3] ** 2 + a[4] ** 2 + a[5] ** 2
                    w = a[9] ** 2 / (1 + d2 / reach) ** 2
                    if w < 1e-4:
                        continue
                    row[0] = a[1] * a[8] - a[2] * a[7]
                    row[1] = a[2] * a[6] - a[0] * a[8]
                    row[2] = a[0] * a[7] - a[1] * a[6]
                    row[3], row[4], row[5] = a[6], a[7], a[8]
                    row[6] = a[0] * a[6] + a[1] * a[7] + a[2] * a[8]
                    e = a[3] * a[6] + a[4] * a[7] + a[5] * a[8]
                    for u in range(7):
                        weighted = w * row[u]
                        right[u] += e * weighted
                        for v in range(7):  # a fixed count is unrolled: half the time of v <= u
                            normal[u, v] += weighted * row[v]
            s = _step(normal, right, free, s, r, t)
        total, inside = 0.0, 0
        for i in range(count_p):
            _pair(0, i, s, r, t, a, one, other)
            within = True
            for c in range(3):
                within &= (low[c] < a[c]) & (a[c] < high[c])
            if within:
                inside += 1
                total += _far(a, cap)
        back = 0.0
        for i in range(count_q):
            _pair(1, i, s, r, t, a, one, other)
            back += _far(a, cap)
        misfit[pose] = (total + max(0.1 * count_p - inside, 0.0)) / max(
            inside, 0.1 * count_p
        ) / 2 + back / count_q / 2
        scale[pose] = s
        rotation[pose] = r
        translation[pose] = t


@njit(nogil=True, cache=True)
def _far(a: Any, cap: float) -> float:
    """Squared distance over the cap's, at most 1; the same from a right angle between the normals on."""
    e = a[3] * a[6] + a[4] * a[7] + a[5] * a[8]
    d2 = a[3] ** 2 + a[4] ** 2 + a[5] ** 2
    near = min((e * e + 0.1 * d2) / (cap * cap), 1.0)  # along the skin the points are apart by their spacing
    return near + (1 - near) * (1 - a[9] ** 2)


@njit(nogil=True, cache=True)
def _step(a: Any, b: Any, free: int, s: float, r: Any, t: Any) -> float:
    """Solves for the small motion by Cholesky (in place), moves r and t, gives the new scale; the origin is the pivot."""
    trace = 0.0
    for u in range(free):
        trace += a[u, u]
    if trace <= 0:
        return s
    for u in range(free):
        a[u, u] += 1e-4 * trace / free  # a sphere says nothing about turns
        for v in range(u + 1):
            total = a[u, v]
            for k in range(v):
                total -= a[u, k] * a[v, k]
            a[u, v] = np.sqrt(max(total, 1e-300)) if u == v else total / a[v, v]
    for u in range(free):
        for k in range(u):
            b[u] -= a[u, k] * b[k]
        b[u] /= a[u, u]
    for u in range(free - 1, -1, -1):
        for k in range(u + 1, free):
            b[u] -= a[k, u] * b[k]
        b[u] /= a[u, u]
    angle = np.sqrt(b[0] ** 2 + b[1] ** 2 + b[2] ** 2)
    turn = np.eye(3)
    if angle > 1e-12:
        x, y, z = b[0] / angle, b[1] / angle, b[2] / angle
        angle = min(angle, 0.35)
        cos, sin = np.cos(angle), np.sin(angle)
        turn[0, 0], turn[0, 1], turn[0, 2] = (
            cos + x * x * (1 - cos),
            x * y * (1 - cos) - z * sin,
            x * z * (1 - cos) + y * sin,
        )
        turn[1, 0], turn[1, 1], turn[1, 2] = (
            y * x * (1 - cos) + z * sin,
            cos + y * y * (1 - cos),
            y * z * (1 - cos) - x * sin,
        )
        turn[2, 0], turn[2, 1], turn[2, 2] = (
            z * x * (1 - cos) - y * sin,
            z * y * (1 - cos) + x * sin,
            cos + z * z * (1 - cos),
        )
    grow = min(max(1 + b[6], 0.9), 1.1) if free == 7 else 1.0
    r[:] = turn @ r
    t[:] = grow * (turn @ t) + b[3:6]
    return s * grow
