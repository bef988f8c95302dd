"""Rigid and similarity transforms, projection. Every axis and pixel convention lives here.

- cam frame: OpenCV (x right, y down, z forward).
- pixels: COLMAP's; the first pixel's centre is (0.5, 0.5).
- transforms are named `target_from_source` and read right to left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Rigid3:
    """x_target = rotation @ x_source + translation; rotation (3, 3), translation (3,)."""

    rotation: F64
    translation: F64

    @staticmethod
    def identity() -> Rigid3:
        return Rigid3(np.eye(3), np.zeros(3))

    @staticmethod
    def from_matrix(matrix: NDArray[Any]) -> Rigid3:
        """From (3, 4) or (4, 4)."""
        m = np.asarray(matrix, np.float64)
        return Rigid3(m[:3, :3].copy(), m[:3, 3].copy())

    def matrix(self) -> F64:
        """(4, 4)."""
        return _matrix4(self.rotation, self.translation)

    def apply(self, xyz: NDArray[Any]) -> F64:
        """(..., 3) -> (..., 3)."""
        return np.asarray(xyz, np.float64) @ self.rotation.T + self.translation

    def inverse(self) -> Rigid3:
        return Rigid3(self.rotation.T, -self.rotation.T @ self.translation)

    def __matmul__(self, other: Rigid3) -> Rigid3:
        return Rigid3(self.rotation @ other.rotation, self.rotation @ other.translation + self.translation)

    @property
    def source_origin(self) -> F64:
        """Where the target's origin lies in the source frame: for cam_from_world, the camera centre."""
        return -self.rotation.T @ self.translation


@dataclass(frozen=True)
class Sim3:
    """x_target = scale * rotation @ x_source + translation."""

    scale: float
    rotation: F64
    translation: F64

    @staticmethod
    def identity() -> Sim3:
        return Sim3(1.0, np.eye(3), np.zeros(3))

    def matrix(self) -> F64:
        """(4, 4)."""
        return _matrix4(self.scale * self.rotation, self.translation)

    def apply(self, xyz: NDArray[Any]) -> F64:
        """(..., 3) -> (..., 3)."""
        return self.scale * (np.asarray(xyz, np.float64) @ self.rotation.T) + self.translation

    def inverse(self) -> Sim3:
        r = self.rotation.T
        return Sim3(1.0 / self.scale, r, -(r @ self.translation) / self.scale)

    def __matmul__(self, other: Sim3) -> Sim3:
        return Sim3(
            self.scale * other.scale,
            self.rotation @ other.rotation,
            self.scale * self.rotation @ other.translation + self.translation,
        )

    def move_camera(self, cam_from_source: Rigid3) -> Rigid3:
        """cam_from_source -> cam_from_target (same pixels; depths scale with `scale`)."""
        rotation = cam_from_source.rotation @ self.rotation.T
        centre = self.apply(cam_from_source.source_origin)
        return Rigid3(rotation, -rotation @ centre)


def _matrix4(linear: F64, translation: F64) -> F64:
    m = np.eye(4)
    m[:3, :3] = linear
    m[:3, 3] = translation
    return m


FAR = 16  # sizes from the origin; beyond, float32 steps are coarser than a millionth of the size


def far_centre(low: F64, high: F64) -> F64:
    """(3,) a round number near the middle of a box that lies far from the origin for its size; else zero."""
    size = float((high - low).max())
    if np.abs([low, high]).max() <= FAR * size or size == 0:
        return np.zeros(3)
    step = 10.0 ** np.floor(np.log10(size))
    return np.asarray(np.round((low + high) / 2 / step) * step + 0.0, np.float64)


def umeyama(source: F64, target: F64, with_scale: bool = True) -> Sim3:
    """Least-squares target_from_source over matched (N, 3) points; Umeyama 1991."""
    mean_s, mean_t = source.mean(0), target.mean(0)
    s, t = source - mean_s, target - mean_t
    u, d, vt = np.linalg.svd(t.T @ s / len(s))
    sign = np.ones(3)
    sign[2] = np.sign(np.linalg.det(u) * np.linalg.det(vt))
    rotation = (u * sign) @ vt
    scale = float((d * sign).sum() / (s**2).sum(1).mean()) if with_scale else 1.0
    return Sim3(scale, rotation, mean_t - scale * rotation @ mean_s)


def project(k: F64, cam_from_world: Rigid3, xyz: NDArray[Any]) -> tuple[F64, F64]:
    """World points (N, 3) -> pixels (N, 2) and depths (N,), for calibration matrix `k` (3, 3)."""
    in_cam = cam_from_world.apply(xyz)
    depth = in_cam[..., 2]
    safe = np.where(np.abs(depth) < 1e-12, 1e-12, depth)
    uv = in_cam[..., :2] / safe[..., None] * [k[0, 0], k[1, 1]] + [k[0, 2], k[1, 2]]
    return uv, depth


def unproject(k: F64, cam_from_world: Rigid3, uv: NDArray[Any], depth: NDArray[Any]) -> F64:
    """Pixels (N, 2) with depths (N,) -> world points (N, 3)."""
    xy = (np.asarray(uv, np.float64) - [k[0, 2], k[1, 2]]) / [k[0, 0], k[1, 1]]
    in_cam = np.concatenate([xy, np.ones_like(xy[..., :1])], -1) * np.asarray(depth)[..., None]
    return cam_from_world.inverse().apply(in_cam)
