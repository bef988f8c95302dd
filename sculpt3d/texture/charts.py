"""Which triangles lie together in a chart: neighbours that one plane shows without folds.

Clusters of faces are merged bottom-up while they stay flat and compact (Garland 2001), their borders straightened, and
what folds over when laid into the chart's plane is cut off.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from sculpt3d._kernels import njit
from sculpt3d.geometry import F64
from sculpt3d.types import F32, I32

STEEPEST = 0.25  # cosine to the axis below which a face does not lie in a chart
ROUNDNESS = 0.1  # weight of perimeter^2 / area against flatness
CREASE = 0.6  # cosine between neighbours below which normals are not averaged
INFEASIBLE = 1e9


def chart_of_faces(vertices: F32, faces: I32, flatness: float) -> I32:
    """(F,) number of each face's chart, from 0; every chart hangs together by edges. flatness: least mean cosine to its axis."""
    normal, area = _normals(vertices, faces)
    pairs, length = neighbours(vertices, faces)
    smooth = _smoothed(normal, area, pairs)
    label = _merged(smooth, area, pairs, length, flatness)
    beside = _beside(pairs, length, len(faces))
    for _ in range(2):
        axis = _axes(label, smooth, area)
        _relax(label, axis, normal, smooth, beside, 6)
        label = _own_charts_for_steep(label, axis, normal, beside)
        label = connected(label, pairs)
    return label


def _normals(vertices: F32, faces: I32) -> tuple[F64, F64]:
    v = vertices.astype(np.float64)
    cross = np.cross(v[faces[:, 1]] - v[faces[:, 0]], v[faces[:, 2]] - v[faces[:, 0]])
    twice = np.linalg.norm(cross, axis=1)
    return cross / np.maximum(twice, 1e-300)[:, None], twice / 2


def neighbours(vertices: F32, faces: I32) -> tuple[I32, F64]:
    """Pairs of faces (E, 2) with a common edge, and its length (E,); edges of more than two faces join nobody."""
    ends = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1).astype(
        np.int64
    )
    key = ends[:, 0] << 32 | ends[:, 1]
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    same = np.flatnonzero(ordered[1:] == ordered[:-1])
    alone = np.ones(len(same), bool)
    alone[1:] &= same[1:] != same[:-1] + 1
    alone[:-1] &= same[:-1] + 1 != same[1:]
    first = same[alone]
    pairs = np.stack([order[first], order[first + 1]], 1) % len(faces)
    at = ends[order[first]]
    length = np.linalg.norm(vertices[at[:, 0]].astype(np.float64) - vertices[at[:, 1]], axis=1)
    return pairs.astype(np.int32), length


def _smoothed(normal: F64, area: F64, pairs: I32, rounds: int = 4) -> F64:
    """Unit normals averaged over neighbours, not across creases: fine relief does not cut a chart."""
    flat = (normal[pairs[:, 0]] * normal[pairs[:, 1]]).sum(1) > CREASE
    a, b = pairs[flat].T
    for _ in range(rounds):
        weighted = normal * area[:, None]
        total = np.stack(
            [
                weighted[:, k]
                + np.bincount(a, weighted[b, k], len(area))
                + np.bincount(b, weighted[a, k], len(area))
                for k in range(3)
            ],
            1,
        )
        normal = total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-300)
    return normal


def _merged(normal: F64, area: F64, pairs: I32, length: F64, least: float) -> NDArray[np.int32]:
    """Each cluster names its best neighbour; two that name each other become one; until nobody may."""
    count = len(area)
    label = np.arange(count)
    n, size = normal * area[:, None], area.copy()
    rim = np.bincount(pairs.ravel(), np.repeat(length, 2), count)
    scale = np.sqrt(max(area.sum(), 1e-300))
    a, b, shared = pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64), length
    while len(a):
        both = size[a] + size[b]
        flatness = np.linalg.norm(n[a] + n[b], axis=1) / np.maximum(both, 1e-300)
        perimeter = np.maximum(rim[a] + rim[b] - 2 * shared, 0)
        cost = (1 - flatness) + ROUNDNESS * perimeter**2 / np.maximum(4 * np.pi * both, 1e-300)
        cost += 0.02 * np.sqrt(both) / scale  # small ones first
        allowed = flatness > least
        a, b, shared, cost = a[allowed], b[allowed], shared[allowed], cost[allowed]
        if not len(a):
            break
        order = np.argsort(-cost, kind="stable")  # the cheapest has the highest rank
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        top = np.full(count, -1)
        np.maximum.at(top, a, rank)
        np.maximum.at(top, b, rank)
        chosen = np.flatnonzero((top[a] == rank) & (top[b] == rank))
        into = np.arange(count)
        into[b[chosen]] = a[chosen]
        x, y = a[chosen], b[chosen]
        rim[x] += rim[y] - 2 * shared[chosen]
        n[x] += n[y]
        size[x] += size[y]
        label = into[label]
        a, b, shared = _contracted(into[a], into[b], shared, count)
    return np.unique(label, return_inverse=True)[1].astype(np.int32)


def _contracted(a: Any, b: Any, shared: Any, count: int) -> tuple[Any, Any, Any]:
    """Edges between clusters, each once."""
    apart = a != b
    low, high = np.minimum(a, b)[apart], np.maximum(a, b)[apart]
    unique, which = np.unique(low * count + high, return_inverse=True)
    return unique // count, unique % count, np.bincount(which, shared[apart], len(unique))


def _beside(pairs: I32, length: F64, count: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """(F, 3) neighbours, -1 where none, and the edges' lengths."""
    who, far = np.full((count, 3), -1, np.int32), np.zeros((count, 3))
    a = np.concatenate([pairs[:, 0], pairs[:, 1]])
    b = np.concatenate([pairs[:, 1], pairs[:, 0]])
    order = np.argsort(a, kind="stable")
    a, b = a[order], b[order]
    slot = np.arange(len(a)) - np.searchsorted(a, a)
    who[a, slot], far[a, slot] = b, np.concatenate([length, length])[order]
    return who, far


def _axes(label: I32, normal: F64, area: F64) -> F64:
    total = np.stack([np.bincount(label, normal[:, k] * area) for k in range(3)], 1)
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-300))


def _relax(label: I32, axis: F64, normal: F64, smooth: F64, beside: Any, rounds: int) -> None:
    _relaxed(label, axis, normal, smooth, beside[0], beside[1], rounds)


@njit(nogil=True, cache=True)
def _relaxed(label: Any, axis: Any, normal: Any, smooth: Any, who: Any, far: Any, rounds: int) -> None:
    """Borders become short, and faces leave charts they are too steep for."""
    for _ in range(rounds):
        for f in range(len(label)):
            border = False
            for k in range(3):
                if who[f, k] >= 0 and label[who[f, k]] != label[f]:
                    border = True
            if not border:
                continue
            total = far[f, 0] + far[f, 1] + far[f, 2] + 1e-300
            best, chosen = 2e9, label[f]
            for k in range(-1, 3):
                if k >= 0 and who[f, k] < 0:
                    continue
                wanted = label[f] if k < 0 else label[who[f, k]]
                cost, steep = 0.0, 0.0
                for c in range(3):
                    cost -= 0.3 * smooth[f, c] * axis[wanted, c]
                    steep += normal[f, c] * axis[wanted, c]
                if steep < STEEPEST:
                    cost += INFEASIBLE
                for j in range(3):
                    if who[f, j] >= 0 and label[who[f, j]] != wanted:
                        cost += far[f, j] / total
                if cost < best - 1e-9:
                    best, chosen = cost, wanted
            label[f] = chosen


@njit(nogil=True, cache=True)
def _grown(steep: Any, normal: Any, who: Any, label: Any, first: int) -> int:
    """Charts for faces that lie in none: grown from each over neighbours that look its way."""
    queue = np.empty(len(label), np.int64)
    for seed in range(len(label)):
        if not steep[seed]:
            continue
        steep[seed] = False
        label[seed], queue[0], head, tail = first, seed, 0, 1
        while head < tail:
            f = queue[head]
            head += 1
            for k in range(3):
                g = who[f, k]
                if g < 0 or not steep[g]:
                    continue
                along = (
                    normal[g, 0] * normal[seed, 0]
                    + normal[g, 1] * normal[seed, 1]
                    + normal[g, 2] * normal[seed, 2]
                )
                if along > 0.5:
                    steep[g], label[g], queue[tail] = False, first, g
                    tail += 1
        first += 1
    return first


def _own_charts_for_steep(label: I32, axis: F64, normal: F64, beside: Any) -> I32:
    steep = (normal * axis[label]).sum(1) < STEEPEST
    steep &= (normal**2).sum(1) > 0.5  # a face without area is nowhere in the way
    _grown(steep, normal, beside[0], label, int(label.max(initial=-1)) + 1)
    return label


def connected(label: I32, pairs: I32) -> I32:
    """Charts that fell apart become several."""
    same = pairs[label[pairs[:, 0]] == label[pairs[:, 1]]]
    count = len(label)
    graph = coo_matrix((np.ones(len(same), bool), (same[:, 0], same[:, 1])), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], np.int32)
