"""Which clusters are drawn: the coarsest whose error on the screen is small enough, as many triangles as there is time for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d._kernels import njit
from sculpt3d.geometry import F64
from sculpt3d.types import F32
from viewer.detail.levels import Levels
from viewer.state.camera import HALF, OrbitCamera

FINEST = 0.25  # pixels: nothing finer is asked for
_STEPS = 16  # of the error, a doubling
_LOWEST = -12  # the smallest error that is told from others, as a power of two of a pixel


@dataclass(frozen=True)
class Cut:
    """clusters (N,) in the order of their parts; error: pixels that the surface is off at most; triangles: how many."""

    clusters: NDArray[np.int64]
    error: float
    triangles: int


def cut_of(
    levels: Levels, camera: OrbitCamera, size: tuple[int, int], budget: int, textured: bool = True
) -> Cut:
    """What is seen of the model in a picture of that size by at most `budget` triangles where coarser clusters allow it.

    textured: pictures on the surface count as the surface does.
    """
    groups, of = levels.groups, levels.columns
    view = _View.of(camera, size)
    error = np.maximum(groups["error"], groups["look"]) if textured else groups["error"]
    pixels = view.pixels(error.astype(np.float64), groups["sphere"])
    seen = view.sees(of.sphere)
    bound = _within_budget(pixels, of.own, of.next, of.triangles, seen, budget)
    chosen = _chosen(pixels, of.own, of.next, seen, bound)
    parts = levels.clusters["part"][chosen]
    if len(parts) and parts.min() != parts.max():
        chosen = chosen[np.argsort(parts, kind="stable")]
    used = of.own[chosen]
    worst = float(pixels[used[used >= 0]].max(initial=0))
    return Cut(chosen, worst, int(of.triangles[chosen].sum()))


@dataclass(frozen=True)
class _View:
    """eye (3,), axes (3, 3) right, up and backward as rows; pixels a unit at depth 1, or anywhere where `flat`."""

    eye: F64
    axes: F64
    focal: float
    half: tuple[float, float]
    flat: bool
    near: float

    @staticmethod
    def of(camera: OrbitCamera, size: tuple[int, int]) -> _View:
        half = camera.reach if camera.flat else HALF
        aspect = size[0] / size[1]
        return _View(
            camera.eye, np.stack(camera.axes()), size[1] / (2 * half), (half * aspect, half), camera.flat,
            0.002 * camera.distance,
        )  # fmt: skip

    def pixels(self, error: F64, sphere: NDArray[np.float32]) -> F64:
        """(G,) how far off the surface may be on the screen: at the nearest place of each ball, in the picture's corner."""
        if self.flat:
            return error * self.focal
        depth = -(sphere[:, :3].astype(np.float64) - self.eye) @ self.axes[2] - sphere[:, 3]
        slant = np.sqrt(1 + self.half[0] ** 2 + self.half[1] ** 2)
        return np.asarray(error * self.focal * slant / np.maximum(depth, self.near))


    def sees(self, sphere: F32) -> NDArray[np.bool_]:
        """(N,) which balls (N, 4) may be in the picture."""
        return np.asarray(_seen(sphere, self.eye, self.axes, self.half[0], self.half[1], self.flat))


def seen_balls(sphere: F32, camera: OrbitCamera, size: tuple[int, int]) -> NDArray[np.bool_]:
    """(N,) which balls (N, 4) may be in the camera's picture of that size."""
    return _View.of(camera, size).sees(sphere)


@njit(nogil=True, cache=True)
def _seen(sphere: Any, eye: Any, axes: Any, wide: float, high: float, flat: bool) -> Any:
    """(C,) which balls may be in the picture; wide, high: half of it, at depth 1 unless flat."""
    found = np.empty(len(sphere), np.bool_)
    across, up = np.sqrt(1 + wide * wide), np.sqrt(1 + high * high)
    for c in range(len(sphere)):
        dx, dy, dz = sphere[c, 0] - eye[0], sphere[c, 1] - eye[1], sphere[c, 2] - eye[2]
        x = abs(dx * axes[0, 0] + dy * axes[0, 1] + dz * axes[0, 2])
        y = abs(dx * axes[1, 0] + dy * axes[1, 1] + dz * axes[1, 2])
        depth = -(dx * axes[2, 0] + dy * axes[2, 1] + dz * axes[2, 2])
        radius = sphere[c, 3] * 1.001
        if flat:
            found[c] = x <= wide + radius and y <= high + radius
        else:
            found[c] = depth > -radius and x <= wide * depth + radius * across and y <= high * depth + radius * up
    return found


@njit(nogil=True, cache=True)
def _within_budget(pixels: Any, own: Any, after: Any, triangles: Any, seen: Any, budget: int) -> float:
    """The smallest error, not below FINEST, at which what is seen has no more triangles than that."""
    count = 64 * _STEPS
    step = np.empty(len(pixels), np.int64)
    for g in range(len(pixels)):
        at = (np.log2(max(pixels[g], 1e-30)) - _LOWEST) * _STEPS
        step[g] = min(max(int(np.ceil(at)), 0), count)
    change = np.zeros(count + 2, np.int64)
    for c in range(len(own)):
        if seen[c]:
            low = step[own[c]] if own[c] >= 0 else 0
            high = step[after[c]] if after[c] >= 0 else count + 1
            change[low] += triangles[c]
            change[high] -= triangles[c]
    total, least = 0, (np.log2(FINEST) - _LOWEST) * _STEPS
    for s in range(count + 1):
        total += change[s]
        if s >= least and total <= budget:
            return float(2.0 ** (s / _STEPS + _LOWEST))
    return np.inf


@njit(nogil=True, cache=True)
def _chosen(pixels: Any, own: Any, after: Any, seen: Any, bound: float) -> Any:
    found = np.empty(len(own), np.int64)
    n = 0
    for c in range(len(own)):
        fine = own[c] < 0 or pixels[own[c]] <= bound
        if seen[c] and fine and (after[c] < 0 or pixels[after[c]] > bound):
            found[n] = c
            n += 1
    return found[:n].copy()
