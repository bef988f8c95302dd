"""Ambient occlusion: how much of the sky each place of a surface sees, by rays."""

from __future__ import annotations

import numpy as np

from sculpt3d._open3d import o3d, triangles_for_rays
from sculpt3d.desk.field import GREY, Field, whole
from sculpt3d.geometry import F64
from sculpt3d.models.document import Document
from sculpt3d.models.normals import welded_normals
from sculpt3d.types import Mesh

_MOST, _LEAST, _RAYS = 192, 24, 60_000_000  # directions of the whole sphere, and rays in all
_LIFT = 5e-4  # of the model's size, off the surface


def occlusion_field(document: Document) -> Field:
    """1: the whole sky, 0: none."""
    surface = whole(document)
    return Field("open sky", surface.spread(open_sky(surface.mesh)), "", 0.0, 1.0, GREY)


def open_sky(mesh: Mesh) -> F64:
    """(V,) share of the half sphere over a vertex that nothing hides, by cosine. The same directions for all vertices, evenly
    spread; fewer where there are many vertices."""
    v = mesh.vertices.astype(np.float64)
    middle, size = v.mean(0), float(np.linalg.norm(np.ptp(v, axis=0)))
    normals = welded_normals(mesh.vertices, mesh.faces).astype(np.float64)
    scene = triangles_for_rays(v - middle, mesh.faces)
    start = ((v - middle) + _LIFT * size * normals).astype(np.float32)
    seen, all_of = np.zeros(len(v)), np.zeros(len(v))
    for direction in _directions(int(np.clip(2 * _RAYS / max(len(v), 1), _LEAST, _MOST))):
        cosine = normals @ direction
        up = np.flatnonzero(cosine > 0.02)
        rays = np.concatenate([start[up], np.broadcast_to(direction.astype(np.float32), (len(up), 3))], 1)
        free = ~scene.test_occlusions(o3d.core.Tensor(rays)).numpy()
        seen[up] += cosine[up] * free
        all_of[up] += cosine[up]
    return np.asarray(np.where(all_of > 0, seen / np.maximum(all_of, 1e-12), 1.0))


def _directions(count: int) -> F64:
    """Evenly over the sphere, on a spiral by the golden angle (count, 3)."""
    k = np.arange(count) + 0.5
    up, turn = 1 - 2 * k / count, np.pi * (1 + 5**0.5) * k
    flat = np.sqrt(1 - up * up)
    return np.stack([flat * np.cos(turn), up, flat * np.sin(turn)], 1)
