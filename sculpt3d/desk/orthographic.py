"""A surface seen from a side without perspective, by ray casting: what lies under each pixel, and a grey picture of the form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sculpt3d._open3d import o3d
from sculpt3d.desk.surface import I64, Surface
from sculpt3d.geometry import F64
from sculpt3d.types import U8

MAX_PIXELS = 16_000_000
_BATCH = 500_000
_LIGHT = np.array([-0.45, 0.55, 0.7]) / np.linalg.norm([-0.45, 0.55, 0.7])  # right, up, towards us


@dataclass(frozen=True)
class Side:
    """axes (3, 3): right, up and towards whoever looks, as rows in the model's frame."""

    name: str
    axes: F64


_SIDES: Mapping[str, tuple[tuple[int, int, int], ...]] = {
    "front": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "right": ((0, 0, -1), (0, 1, 0), (1, 0, 0)),
    "back": ((-1, 0, 0), (0, 1, 0), (0, 0, -1)),
    "left": ((0, 0, 1), (0, 1, 0), (-1, 0, 0)),
    "top": ((1, 0, 0), (0, 0, -1), (0, 1, 0)),
    "bottom": ((1, 0, 0), (0, 0, 1), (0, -1, 0)),
}
SIDES = tuple(_SIDES)


def side(name: str, up: str = "y") -> Side:
    """up: y as in glTF, or z; then the front looks along +Y."""
    y_up_from_model = np.eye(3) if up == "y" else np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
    return Side(name, np.array(_SIDES[name], float) @ y_up_from_model)


@dataclass(frozen=True)
class Seen:
    """face (H, W), -1 where nothing is; depth (H, W) towards us, -inf there; grey (H, W); low (2,): right and up of the lower
    left corner; step: a pixel's width. Lengths in the surface's unit, local."""

    side: Side
    face: I64
    depth: F64
    grey: U8
    low: F64
    step: float

    def xyz(self) -> F64:
        """(H, W, 3) local, of what is seen; only where `face` >= 0."""
        h, w = self.face.shape
        right = self.low[0] + (np.arange(w) + 0.5) * self.step
        up = self.low[1] + (h - np.arange(h) - 0.5) * self.step
        at = np.stack(
            np.broadcast_arrays(right[None, :], up[:, None], np.where(self.face < 0, 0, self.depth)), -1
        )
        return at @ self.side.axes

    def pixels(self, xyz: F64) -> F64:
        """(N, 2) right and down from the upper left corner, of local points (N, 3)."""
        at = xyz @ self.side.axes[:2].T
        return np.stack(
            [(at[:, 0] - self.low[0]) / self.step, self.face.shape[0] - (at[:, 1] - self.low[1]) / self.step],
            1,
        )

    def shows(self, xyz: F64, slack: float) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """(N,) whether nothing lies more than `slack` in front of local points."""
        h, w = self.face.shape
        x, y = np.floor(self.pixels(xyz)).astype(int).T
        x, y = np.clip(x, 0, w - 1), np.clip(y, 0, h - 1)
        return np.asarray(self.depth[y, x] <= xyz @ self.side.axes[2] + slack)


class Eye:
    """A surface ready to be looked at."""

    def __init__(self, surface: Surface) -> None:
        self.surface = surface
        self._scene = surface.for_rays

    def extent(self, side: Side) -> tuple[F64, F64]:
        """Low and high (3,) along right, up and towards."""
        used = np.unique(self.surface.faces)
        at = self.surface.xyz[used] @ side.axes.T
        return at.min(0), at.max(0)

    def look(self, side: Side, step: float) -> Seen:
        """With a rim of one pixel around it."""
        low, high = self.extent(side)
        w, h = (int(np.ceil(v / step)) + 2 for v in (high - low)[:2])
        if w * h > MAX_PIXELS:
            raise ValueError(f"{w} x {h} pixels are more than {MAX_PIXELS}")
        middle = (low + high)[:2] / 2
        corner = middle - np.array([w, h]) * step / 2
        face, depth, lit = np.full(w * h, -1), np.full(w * h, -np.inf), np.zeros(w * h)
        start = high[2] + 0.01 * self.surface.size
        for k in range(0, w * h, _BATCH):
            index = np.arange(k, min(k + _BATCH, w * h))
            right, up = corner[0] + (index % w + 0.5) * step, corner[1] + (h - index // w - 0.5) * step
            origin = np.stack([right, up, np.full(len(index), start)], 1) @ side.axes
            rays = np.concatenate([origin, np.broadcast_to(-side.axes[2], origin.shape)], 1)
            hit = self._scene.cast_rays(o3d.core.Tensor(np.ascontiguousarray(rays, np.float32)))
            far, number = hit["t_hit"].numpy().astype(float), hit["primitive_ids"].numpy().astype(np.int64)
            on = np.isfinite(far)
            face[index[on]], depth[index[on]] = number[on], start - far[on]
            lit[index[on]] = self._lit(side, number[on], hit["primitive_uvs"].numpy()[on].astype(float))
        grey = np.where(face < 0, 255, np.clip(255 * lit, 0, 250)).astype(np.uint8)
        return Seen(side, face.reshape(h, w), depth.reshape(h, w), grey.reshape(h, w), corner, step)

    def _lit(self, side: Side, face: I64, uv: F64) -> F64:
        """Light from the upper left; what is seen from inside is dark."""
        weights = np.stack([1 - uv.sum(1), uv[:, 0], uv[:, 1]], 1)
        corner = self.surface.faces[face]
        normal = (self.surface.vertex_normals[corner] * weights[..., None]).sum(1)
        flat = self.surface.face_normals[face]
        sharp = (normal * flat).sum(1) < 0.8 * np.linalg.norm(normal, axis=1)
        normal = np.where(
            sharp[:, None], flat, normal / np.maximum(np.linalg.norm(normal, axis=1), 1e-300)[:, None]
        )
        bright = 0.5 + 0.45 * np.clip(normal @ side.axes.T @ _LIGHT, 0, 1)
        return np.where(flat @ side.axes[2] < 0, 0.4, bright)
