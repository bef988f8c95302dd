"""Triangles in a tree of boxes: what a ray meets first, and what lies near a place; without holding Python's lock.

Open3D's own scene holds that lock while it is built (4.3 s of 3 million triangles), and a window would stand still. Leaves are
runs of triangles in Morton order (Lauterbach et al. 2009), boxes a full binary tree over them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d._kernels import njit
from sculpt3d.geometry import F64
from sculpt3d.types import F32, I32

_LEAF = 8  # triangles
_DEEP = 64  # of the stack
I64 = NDArray[np.int64]


class Tree:
    """points (V, 3), faces (F, 3)."""

    def __init__(self, points: F32, faces: I32) -> None:
        self.points = np.ascontiguousarray(points, np.float32)
        self.faces = np.ascontiguousarray(faces, np.int32)
        low = self.points.min(0, initial=np.inf).astype(np.float64)
        wide = np.maximum(self.points.max(0, initial=-np.inf).astype(np.float64) - low, 1e-30).max()
        codes = np.empty(len(self.faces), np.uint64)
        _codes(self.points, self.faces, low, (2**21 - 1) / wide, codes)
        self._order = np.argsort(codes).astype(np.int32)
        leaves = 1
        while leaves * _LEAF < len(self.faces):
            leaves *= 2
        self._boxes = np.empty((2 * leaves, 6), np.float32)
        _box(self.points, self.faces, self._order, leaves, self._boxes)

    def first(self, origins: F64, directions: F64, near: F64, far: F64) -> tuple[F64, I64]:
        """(N,) each: how far along the direction between near and far, and which face; infinite and -1 where nothing is."""
        depth, face = np.full(len(origins), np.inf), np.full(len(origins), -1, np.int64)
        rays = np.ascontiguousarray(np.concatenate([origins, directions], 1), np.float64)
        _first(self.points, self.faces, self._order, self._boxes, rays, near, far, depth, face)
        return depth, face

    def near(self, place: F64, radius: float) -> I64:
        """Faces whose boxes meet the box around a place."""
        around = np.concatenate([np.asarray(place) - radius, np.asarray(place) + radius])
        count = _near(self.points, self.faces, self._order, self._boxes, around, np.empty(0, np.int64))
        found = np.empty(count, np.int64)
        _near(self.points, self.faces, self._order, self._boxes, around, found)
        return found


@njit(nogil=True, cache=True)
def _codes(points: Any, faces: Any, low: Any, scale: float, codes: Any) -> None:
    for f in range(len(faces)):
        code = np.uint64(0)
        for axis in range(3):
            total = 0.0
            for k in range(3):
                total += points[faces[f, k], axis] - low[axis]
            x = np.uint64(total / 3 * scale)
            x = (x | (x << np.uint64(32))) & np.uint64(0x1F00000000FFFF)
            x = (x | (x << np.uint64(16))) & np.uint64(0x1F0000FF0000FF)
            x = (x | (x << np.uint64(8))) & np.uint64(0x100F00F00F00F00F)
            x = (x | (x << np.uint64(4))) & np.uint64(0x10C30C30C30C30C3)
            x = (x | (x << np.uint64(2))) & np.uint64(0x1249249249249249)
            code |= x << np.uint64(axis)
        codes[f] = code


@njit(nogil=True, cache=True)
def _box(points: Any, faces: Any, order: Any, leaves: int, boxes: Any) -> None:
    for k in range(leaves):
        node = leaves + k
        for axis in range(3):
            boxes[node, axis], boxes[node, 3 + axis] = np.inf, -np.inf
        for t in range(k * _LEAF, min((k + 1) * _LEAF, len(order))):
            for c in range(3):
                for axis in range(3):
                    x = points[faces[order[t], c], axis]
                    boxes[node, axis] = min(boxes[node, axis], x)
                    boxes[node, 3 + axis] = max(boxes[node, 3 + axis], x)
    for node in range(leaves - 1, 0, -1):
        for axis in range(3):
            boxes[node, axis] = min(boxes[2 * node, axis], boxes[2 * node + 1, axis])
            boxes[node, 3 + axis] = max(boxes[2 * node, 3 + axis], boxes[2 * node + 1, 3 + axis])


@njit(nogil=True, cache=True)
def _enters(boxes: Any, node: int, ray: Any, near: float, far: float) -> float:
    """How far along the ray it is in the box; infinite where it never is between near and far, and of an empty box."""
    if boxes[node, 0] > boxes[node, 3]:
        return np.inf
    for axis in range(3):
        low, high, o, d = boxes[node, axis], boxes[node, 3 + axis], ray[axis], ray[3 + axis]
        if d == 0.0:
            if o < low or o > high:
                return np.inf
            continue
        a, b = (low - o) / d, (high - o) / d
        near, far = max(near, min(a, b)), min(far, max(a, b))
    return near if near <= far * (1 + 1e-12) else np.inf


@njit(nogil=True, cache=True)
def _meets(points: Any, faces: Any, f: int, ray: Any) -> float:
    """Moeller & Trumbore 1997; infinite where the ray passes. The border counts as inside, so that there are no cracks."""
    a, b, c = points[faces[f, 0]], points[faces[f, 1]], points[faces[f, 2]]
    ux, uy, uz = float(b[0]) - a[0], float(b[1]) - a[1], float(b[2]) - a[2]
    vx, vy, vz = float(c[0]) - a[0], float(c[1]) - a[1], float(c[2]) - a[2]
    dx, dy, dz = ray[3], ray[4], ray[5]
    px, py, pz = dy * vz - dz * vy, dz * vx - dx * vz, dx * vy - dy * vx
    scale = ux * px + uy * py + uz * pz
    if scale == 0.0:
        return np.inf
    sx, sy, sz = ray[0] - a[0], ray[1] - a[1], ray[2] - a[2]
    s = (sx * px + sy * py + sz * pz) / scale
    qx, qy, qz = sy * uz - sz * uy, sz * ux - sx * uz, sx * uy - sy * ux
    t = (dx * qx + dy * qy + dz * qz) / scale
    if s < -1e-10 or t < -1e-10 or s + t > 1 + 1e-10:
        return np.inf
    return (vx * qx + vy * qy + vz * qz) / scale


@njit(nogil=True, cache=True)
def _first(
    points: Any, faces: Any, order: Any, boxes: Any, rays: Any, near: Any, far: Any, depth: Any, face: Any
) -> None:
    leaves = len(boxes) // 2
    stack, entry = np.empty(_DEEP, np.int64), np.empty(_DEEP, np.float64)
    for r in range(len(rays)):
        ray, best = rays[r], far[r]
        stack[0], entry[0], height = 1, _enters(boxes, 1, ray, near[r], best), 1
        while height:
            height -= 1
            node = stack[height]
            if entry[height] > best or entry[height] == np.inf:
                continue
            if node >= leaves:
                start = (node - leaves) * _LEAF
                for k in range(start, min(start + _LEAF, len(order))):
                    found = _meets(points, faces, order[k], ray)
                    if near[r] <= found <= best and found < np.inf:
                        best, depth[r], face[r] = found, found, order[k]
                continue
            a, b = (
                _enters(boxes, 2 * node, ray, near[r], best),
                _enters(boxes, 2 * node + 1, ray, near[r], best),
            )
            first, second = (2 * node, 2 * node + 1) if a <= b else (2 * node + 1, 2 * node)
            stack[height], entry[height] = second, max(a, b)
            stack[height + 1], entry[height + 1] = first, min(a, b)
            height += 2


@njit(nogil=True, cache=True)
def _near(points: Any, faces: Any, order: Any, boxes: Any, around: Any, found: Any) -> int:
    leaves, count, height = len(boxes) // 2, 0, 1
    stack = np.empty(_DEEP, np.int64)
    stack[0] = 1
    while height:
        height -= 1
        node = stack[height]
        apart = False
        for axis in range(3):
            apart |= boxes[node, axis] > around[3 + axis] or boxes[node, 3 + axis] < around[axis]
        if apart:
            continue
        if node < leaves:
            stack[height], stack[height + 1] = 2 * node, 2 * node + 1
            height += 2
            continue
        start = (node - leaves) * _LEAF
        for k in range(start, min(start + _LEAF, len(order))):
            f, outside = order[k], False
            for axis in range(3):
                a, b, c = points[faces[f, 0], axis], points[faces[f, 1], axis], points[faces[f, 2], axis]
                outside |= min(a, b, c) > around[3 + axis] or max(a, b, c) < around[axis]
            if not outside:
                if count < len(found):
                    found[count] = f
                count += 1
    return count
