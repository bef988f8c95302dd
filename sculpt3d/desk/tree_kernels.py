"""The kernels of `tree.py`. Nodes are numbered as in a heap, leaves from `leaves` on; an empty box has its low above its high."""

from __future__ import annotations

from typing import Any

import numpy as np

from sculpt3d._kernels import njit

LEAF = 8  # triangles, at most
DEEP = 64  # of the stack


@njit(nogil=True, cache=True)
def halve(middles: Any, order: Any, leaves: int) -> None:
    """Each node's triangles in two halves along the side they reach farthest along; leaf k has those from k n / leaves on."""
    count = len(order)
    for node in range(1, leaves):
        first, wide = node, 1
        while first < leaves:
            first, wide = 2 * first, 2 * wide
        first -= leaves
        low, high = first * count // leaves, (first + wide) * count // leaves
        if high - low < 2:
            continue
        axis, most = 0, -1.0
        for k in range(3):
            least, largest = np.inf, -np.inf
            for t in range(low, high):
                x = middles[order[t], k]
                least, largest = min(least, x), max(largest, x)
            if largest - least > most:
                axis, most = k, largest - least
        _select(middles, axis, order, low, high - 1, (first + wide // 2) * count // leaves)


@njit(nogil=True, cache=True)
def _select(middles: Any, axis: int, order: Any, low: int, high: int, mid: int) -> None:
    """Hoare 1961: what is before `mid` is not above what is from there on."""
    while low < high:
        pivot = middles[order[(low + high) // 2], axis]
        a, b = low, high
        while a <= b:
            while middles[order[a], axis] < pivot:
                a += 1
            while middles[order[b], axis] > pivot:
                b -= 1
            if a <= b:
                order[a], order[b] = order[b], order[a]
                a, b = a + 1, b - 1
        if mid <= b:
            high = b
        elif mid >= a:
            low = a
        else:
            return


@njit(nogil=True, cache=True)
def fill_boxes(points: Any, faces: Any, order: Any, leaves: int, boxes: Any) -> None:
    for k in range(leaves):
        node = leaves + k
        for axis in range(3):
            boxes[node, axis], boxes[node, 3 + axis] = np.inf, -np.inf
        for t in range(k * len(order) // leaves, (k + 1) * len(order) // leaves):
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
    i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]  # no slices: each would count references
    ax, ay, az = float(points[i, 0]), float(points[i, 1]), float(points[i, 2])
    ux, uy, uz = points[j, 0] - ax, points[j, 1] - ay, points[j, 2] - az
    vx, vy, vz = points[k, 0] - ax, points[k, 1] - ay, points[k, 2] - az
    dx, dy, dz = ray[3], ray[4], ray[5]
    px, py, pz = dy * vz - dz * vy, dz * vx - dx * vz, dx * vy - dy * vx
    scale = ux * px + uy * py + uz * pz
    if scale == 0.0:
        return np.inf
    sx, sy, sz = ray[0] - ax, ray[1] - ay, ray[2] - az
    s = (sx * px + sy * py + sz * pz) / scale
    qx, qy, qz = sy * uz - sz * uy, sz * ux - sx * uz, sx * uy - sy * ux
    t = (dx * qx + dy * qy + dz * qz) / scale
    if s < -1e-10 or t < -1e-10 or s + t > 1 + 1e-10:
        return np.inf
    return (vx * qx + vy * qy + vz * qz) / scale


@njit(nogil=True, cache=True)
def first_met(
    points: Any, faces: Any, order: Any, boxes: Any, rays: Any, near: Any, far: Any, depth: Any, face: Any
) -> None:
    leaves = len(boxes) // 2
    stack, entry = np.empty(DEEP, np.int64), np.empty(DEEP, np.float64)
    for r in range(len(rays)):
        ray, best = rays[r], far[r]
        stack[0], entry[0], height = 1, _enters(boxes, 1, ray, near[r], best), 1
        while height:
            height -= 1
            node = stack[height]
            if entry[height] > best or entry[height] == np.inf:
                continue
            if node >= leaves:
                leaf = node - leaves
                for k in range(leaf * len(order) // leaves, (leaf + 1) * len(order) // leaves):
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
def faces_near(points: Any, faces: Any, order: Any, boxes: Any, around: Any, found: Any) -> int:
    leaves, count, height = len(boxes) // 2, 0, 1
    stack = np.empty(DEEP, np.int64)
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
        leaf = node - leaves
        for k in range(leaf * len(order) // leaves, (leaf + 1) * len(order) // leaves):
            f, outside = order[k], False
            for axis in range(3):
                a, b, c = points[faces[f, 0], axis], points[faces[f, 1], axis], points[faces[f, 2], axis]
                outside |= min(a, b, c) > around[3 + axis] or max(a, b, c) < around[axis]
            if not outside:
                if count < len(found):
                    found[count] = f
                count += 1
    return count


@njit(nogil=True, cache=True)
def _away(boxes: Any, node: int, place: Any) -> float:
    """Squared distance to a box; infinite to an empty one."""
    total = 0.0
    for axis in range(3):
        low, high = boxes[node, axis], boxes[node, 3 + axis]
        if low > high:
            return np.inf
        off = max(low - place[axis], place[axis] - high, 0.0)
        total += off * off
    return total


@njit(nogil=True, cache=True)
def _apart(points: Any, faces: Any, f: int, place: Any) -> float:
    """Squared distance to a triangle. Ericson, Real-Time Collision Detection 2005, 5.1.5."""
    i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]  # no slices: each would count references
    ax, ay, az = float(points[i, 0]), float(points[i, 1]), float(points[i, 2])
    ux, uy, uz = points[j, 0] - ax, points[j, 1] - ay, points[j, 2] - az
    vx, vy, vz = points[k, 0] - ax, points[k, 1] - ay, points[k, 2] - az
    px, py, pz = place[0] - ax, place[1] - ay, place[2] - az
    d1, d2 = ux * px + uy * py + uz * pz, vx * px + vy * py + vz * pz
    qx, qy, qz = px - ux, py - uy, pz - uz
    d3, d4 = ux * qx + uy * qy + uz * qz, vx * qx + vy * qy + vz * qz
    rx, ry, rz = px - vx, py - vy, pz - vz
    d5, d6 = ux * rx + uy * ry + uz * rz, vx * rx + vy * ry + vz * rz
    va, vb, vc = d3 * d6 - d5 * d4, d5 * d2 - d1 * d6, d1 * d4 - d3 * d2
    if d1 <= 0 and d2 <= 0:
        s, t = 0.0, 0.0
    elif d3 >= 0 and d4 <= d3:
        s, t = 1.0, 0.0
    elif d6 >= 0 and d5 <= d6:
        s, t = 0.0, 1.0
    elif vc <= 0 and d1 >= 0 and d3 <= 0:
        s, t = (d1 / (d1 - d3) if d1 != d3 else 0.0), 0.0
    elif vb <= 0 and d2 >= 0 and d6 <= 0:
        s, t = 0.0, (d2 / (d2 - d6) if d2 != d6 else 0.0)
    elif va <= 0 and d4 - d3 >= 0 and d5 - d6 >= 0:
        whole = (d4 - d3) + (d5 - d6)
        t = (d4 - d3) / whole if whole != 0 else 0.0
        s = 1 - t
    else:
        whole = va + vb + vc
        s, t = vb / whole, vc / whole
    x, y, z = px - s * ux - t * vx, py - s * uy - t * vy, pz - s * uz - t * vz
    return x * x + y * y + z * z


@njit(nogil=True, cache=True)
def nearest_face(points: Any, faces: Any, order: Any, boxes: Any, places: Any, face: Any) -> None:
    leaves = len(boxes) // 2
    stack, entry = np.empty(DEEP, np.int64), np.empty(DEEP, np.float64)
    for r in range(len(places)):
        place, best, height = places[r], np.inf, 1
        stack[0], entry[0] = 1, _away(boxes, 1, place)
        while height:
            height -= 1
            node = stack[height]
            if entry[height] >= best:
                continue
            if node >= leaves:
                leaf = node - leaves
                for k in range(leaf * len(order) // leaves, (leaf + 1) * len(order) // leaves):
                    found = _apart(points, faces, order[k], place)
                    if found < best:
                        best, face[r] = found, order[k]
                continue
            a, b = _away(boxes, 2 * node, place), _away(boxes, 2 * node + 1, place)
            first, second = (2 * node, 2 * node + 1) if a <= b else (2 * node + 1, 2 * node)
            stack[height], entry[height] = second, max(a, b)
            stack[height + 1], entry[height + 1] = first, min(a, b)
            height += 2
