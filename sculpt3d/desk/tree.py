"""Triangles in a tree of boxes: what a ray meets first, what is nearest, what lies around; without holding Python's lock.

Open3D's own scene holds that lock while it is built (4.3 s of 3 million triangles), and a window would stand still. Boxes are a
full binary tree; each halves its triangles along its longest side. Halves of Morton order were tried: built in half the time, and
asked nine times as slowly.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from sculpt3d.desk.tree_kernels import LEAF, faces_near, fill_boxes, first_met, halve, nearest_face
from sculpt3d.geometry import F64
from sculpt3d.types import I32

_BLOCK = 20_000  # places that a thread is given
I64 = NDArray[np.int64]


class Tree:
    """points (V, 3), of 32 or 64 bits, which decides how exact it is; faces (F, 3)."""

    def __init__(self, points: NDArray[np.floating], faces: I32) -> None:
        self.points = np.ascontiguousarray(points)
        self.faces = np.ascontiguousarray(faces, np.int32)
        leaves = 1
        while leaves * LEAF < len(self.faces):
            leaves *= 2
        self._order = np.arange(len(self.faces), dtype=np.int32)
        middles = self.points[self.faces].mean(1, dtype=np.float32)
        halve(middles, self._order, leaves)
        self._boxes = np.empty((2 * leaves, 6), self.points.dtype)
        fill_boxes(self.points, self.faces, self._order, leaves, self._boxes)

    def first(self, origins: F64, directions: F64, near: F64, far: F64) -> tuple[F64, I64]:
        """(N,) each: how far along the direction between near and far, and which face; infinite and -1 where nothing is."""
        depth, face = np.full(len(origins), np.inf), np.full(len(origins), -1, np.int64)
        rays = np.ascontiguousarray(np.concatenate([origins, directions], 1), np.float64)
        first_met(self.points, self.faces, self._order, self._boxes, rays, near, far, depth, face)
        return depth, face

    def nearest(self, places: F64) -> I64:
        """(N,) the face nearest to each of places (N, 3); -1 where there are no faces. Many are asked by several threads."""
        face = np.full(len(places), -1, np.int64)
        asked = np.ascontiguousarray(places, np.float64)

        def work(part: slice) -> None:
            nearest_face(self.points, self.faces, self._order, self._boxes, asked[part], face[part])

        parts = [slice(k, k + _BLOCK) for k in range(0, len(asked), _BLOCK)]
        if len(parts) < 2:
            work(slice(None))
        else:
            with ThreadPoolExecutor(os.cpu_count()) as threads:
                list(threads.map(work, parts))
        return face

    def near(self, place: F64, radius: float) -> I64:
        """Faces whose boxes meet the box around a place."""
        around = np.concatenate([np.asarray(place) - radius, np.asarray(place) + radius])
        count = faces_near(self.points, self.faces, self._order, self._boxes, around, np.empty(0, np.int64))
        found = np.empty(count, np.int64)
        faces_near(self.points, self.faces, self._order, self._boxes, around, found)
        return found
