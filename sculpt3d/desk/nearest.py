"""The place on a surface nearest to a point, exact in doubles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import trimesh

from sculpt3d.desk.surface import I64, Surface
from sculpt3d.geometry import F64


@dataclass(frozen=True)
class Places:
    """N places on a surface: face (N,), weights of its corners (N, 3), xyz local (N, 3), distance (N,) to what was asked."""

    face: I64
    weights: F64
    xyz: F64
    distance: F64


class Finder:
    """A surface ready to be asked; rays and points are local, in its unit."""

    def __init__(self, surface: Surface) -> None:
        self.surface = surface
        self._tree = surface.tree

    def nearest(self, points: F64) -> Places:
        """Of points (N, 3)."""
        face = self._tree.nearest(points)
        corners = self.surface.xyz[self.surface.faces[face]]
        xyz = np.asarray(trimesh.triangles.closest_point(corners, points))
        weights = weights_of(corners, xyz)
        return Places(face, weights, xyz, np.linalg.norm(points - xyz, axis=1))


def weights_of(corners: F64, xyz: F64) -> F64:
    """(N, 3) of points (N, 3) in triangles (N, 3, 3): not below 0, sum 1."""
    u, v, w = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0], xyz - corners[:, 0]
    uu, uv, vv = (u * u).sum(1), (u * v).sum(1), (v * v).sum(1)
    wu, wv = (w * u).sum(1), (w * v).sum(1)
    det = np.maximum(uu * vv - uv * uv, 1e-300)
    b, c = (vv * wu - uv * wv) / det, (uu * wv - uv * wu) / det
    found = np.clip(np.stack([1 - b - c, b, c], 1), 0, 1)
    return np.asarray(found / found.sum(1, keepdims=True))


def finder_of(surface: Surface) -> Finder:
    """Made once and kept with the surface."""
    kept = surface.__dict__.get("finder")
    if kept is None:
        kept = surface.__dict__["finder"] = Finder(surface)
    assert isinstance(kept, Finder)
    return kept
