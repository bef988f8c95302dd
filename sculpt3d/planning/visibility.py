"""Which photos see which patches of a surface: in the picture, not from the side, with nothing before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sculpt3d._open3d import o3d
from sculpt3d.geometry import F64, project
from sculpt3d.planning.coarse import Coarse
from sculpt3d.types import Bool, View

STEEPEST = 0.2  # cosine to the normal: from 78 degrees on nothing is matched
BORDER = 0.02  # of the picture, where little is matched


@dataclass(frozen=True)
class Seen:
    """For views V and patches P: sees, the cosine between normal and ray (0 where not seen), a pixel's size there in the
    surface's unit, all (V, P); ray (V, P, 3): unit, from the patch to the camera."""

    sees: Bool
    cosine: F64
    pixel: F64
    ray: F64

    def beside(self, other: Seen) -> Seen:
        """Both, the other's views behind mine."""
        return Seen(*(np.concatenate([getattr(self, f), getattr(other, f)]) for f in vars(self)))

    def of_views(self, views: Bool) -> Seen:
        return Seen(self.sees[views], self.cosine[views], self.pixel[views], self.ray[views])

    def of_patches(self, chosen: NDArray[np.int64]) -> Seen:
        return Seen(self.sees[:, chosen], self.cosine[:, chosen], self.pixel[:, chosen], self.ray[:, chosen])


class Sight:
    """A surface that hides what lies behind it."""

    def __init__(self, surface: Coarse) -> None:
        self.surface = surface
        self.scene = o3d.t.geometry.RaycastingScene(nthreads=1)
        self.scene.add_triangles(
            o3d.core.Tensor(np.ascontiguousarray(surface.mesh.vertices, np.float32)),
            o3d.core.Tensor(np.ascontiguousarray(surface.mesh.faces, np.uint32)),
        )

    def of(self, views: Sequence[View]) -> Seen:
        """What `views`, in the surface's frame, see of its patches."""
        parts = [self._one(v) for v in views]
        return Seen(*(np.array([p[k] for p in parts]) for k in range(4)))

    def _one(self, view: View) -> tuple[Bool, F64, F64, F64]:
        s, camera = self.surface, view.camera
        uv, depth = project(camera.matrix(), view.cam_from_world, s.centre)
        size = np.array([camera.width, camera.height])
        inside = (depth > 0) & (uv > BORDER * size).all(1) & (uv < (1 - BORDER) * size).all(1)
        ray = view.cam_from_world.source_origin - s.centre
        far = np.linalg.norm(ray, axis=1)
        ray /= np.maximum(far, 1e-300)[:, None]
        cosine = (ray * s.normal).sum(1)
        sees = inside & (cosine > STEEPEST)
        index = np.flatnonzero(sees)
        if len(index):
            # Off the surface by a fraction of a patch: a coarse surface is bumpy, and not its own obstacle.
            lifted = s.centre[index] + s.normal[index] * 0.012 * s.size
            rays = np.concatenate([lifted, ray[index]], 1).astype(np.float32)
            hidden = self.scene.test_occlusions(
                o3d.core.Tensor(np.ascontiguousarray(rays)), tnear=0.0, tfar=float(far.max())
            )
            sees[index[hidden.numpy()]] = False
        return sees, np.where(sees, cosine, 0.0), np.maximum(depth, 0) / camera.fx, ray
