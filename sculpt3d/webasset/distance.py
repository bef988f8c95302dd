"""How far two surfaces lie apart, both ways, measured on dense samples of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d._open3d import o3d, triangles_for_rays
from sculpt3d.geometry import F64
from sculpt3d.surface.topology import face_areas
from sculpt3d.types import Mesh

SAMPLES = 300_000


@dataclass(frozen=True)
class Apart:
    """hausdorff: the largest distance found in either direction; mean: of both directions' means; unit of the meshes."""

    hausdorff: float
    mean: float


class Surface:
    """A mesh ready to be measured against many others."""

    def __init__(self, mesh: Mesh, samples: int = SAMPLES) -> None:
        self.mesh, self.samples = mesh, samples
        self.origin = mesh.vertices.astype(np.float64).mean(0)  # float32 keeps its digits near the middle
        self._scene = triangles_for_rays(mesh.vertices - self.origin, mesh.faces)

    @cached_property
    def points(self) -> F64:
        """(N, 3) all over it."""
        return sample(self.mesh, self.samples)

    def distance(self, points: NDArray[Any]) -> F64:
        """(N, 3) -> (N,) to the nearest triangle."""
        at = o3d.core.Tensor((points - self.origin).astype(np.float32))
        return np.asarray(self._scene.compute_distance(at).numpy(), np.float64)

    def closest(self, points: NDArray[Any]) -> tuple[NDArray[np.int64], F64]:
        """(N, 3) -> face (N,) and barycentric weights (N, 3) of the nearest point."""
        at = o3d.core.Tensor((points - self.origin).astype(np.float32))
        found = self._scene.compute_closest_points(at)
        uv = found["primitive_uvs"].numpy().astype(np.float64)
        return found["primitive_ids"].numpy().astype(np.int64), np.stack(
            [1 - uv.sum(1), uv[:, 0], uv[:, 1]], 1
        )

    def hits(
        self, origins: NDArray[Any], directions: NDArray[Any]
    ) -> tuple[NDArray[np.bool_], NDArray[np.int64], F64, F64]:
        """Rays (N, 3) from a point (3,) or from as many (N, 3) -> which meet the surface (N,); of those face, barycentric
        weights, and how many directions away."""
        start = np.broadcast_to(origins - self.origin, directions.shape)
        rays = np.concatenate([start, directions], 1).astype(np.float32)
        found = self._scene.cast_rays(o3d.core.Tensor(rays))
        far = found["t_hit"].numpy()
        seen = np.isfinite(far)
        uv = found["primitive_uvs"].numpy()[seen].astype(np.float64)
        face = found["primitive_ids"].numpy()[seen].astype(np.int64)
        weights = np.stack([1 - uv.sum(1), uv[:, 0], uv[:, 1]], 1)
        return seen, face, weights, far[seen].astype(np.float64)

    def sky(self, points: NDArray[Any], directions: NDArray[Any]) -> NDArray[np.bool_]:
        """(N, 3) rays -> (N,) whether nothing is in the way."""
        rays = np.concatenate([points - self.origin, directions], 1).astype(np.float32)
        return np.asarray(~self._scene.test_occlusions(o3d.core.Tensor(rays)).numpy())


def farther(a: Surface, b: Surface, bound: float, share: int = 10) -> bool:
    """Whether a part of the samples alone shows that the surfaces lie farther apart than `bound`."""
    return any(float(x.distance(y.points[::share]).max()) > bound for x, y in ((b, a), (a, b)))


def apart(a: Surface, b: Surface) -> Apart:
    there, back = b.distance(a.points), a.distance(b.points)
    return Apart(float(max(there.max(), back.max())), float(there.mean() + back.mean()) / 2)


def sample(mesh: Mesh, count: int, seed: int = 0) -> F64:
    """All vertices (thinned above three times `count`) and `count` points spread evenly over the area."""
    face, weights = spread(mesh, count, seed)
    used = np.zeros(len(mesh.vertices), bool)  # a vertex without a face is no surface
    used[mesh.faces] = True
    corners = mesh.vertices[used]
    step = max(1, len(corners) // (3 * count))
    return np.concatenate([corners[::step].astype(np.float64), points_on(mesh, face, weights)])


def spread(mesh: Mesh, count: int, seed: int = 0) -> tuple[NDArray[np.int64], F64]:
    """Points spread evenly over the area: face (N,) and barycentric weights (N, 3)."""
    area = face_areas(mesh.vertices, mesh.faces)
    random = np.random.default_rng(seed)
    total = np.cumsum(area)
    face = np.searchsorted(total, random.random(count) * total[-1]).clip(0, len(area) - 1)
    u, v = random.random((2, count))
    turned = u + v > 1
    u, v = np.where(turned, 1 - u, u), np.where(turned, 1 - v, v)
    return face.astype(np.int64), np.stack([1 - u - v, u, v], 1)


def points_on(mesh: Mesh, face: NDArray[np.int64], weights: F64) -> F64:
    """(N, 3)."""
    corners = mesh.faces[face]
    return np.asarray(
        sum(mesh.vertices[corners[:, k]].astype(np.float64) * weights[:, k, None] for k in range(3)),
        np.float64,
    )
