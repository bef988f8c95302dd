"""Bringing one surface onto another from a start near enough: robust point-to-plane ICP."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from sculpt3d.compare.points import box
from sculpt3d.geometry import F64, Sim3, umeyama


def robust_umeyama(source: F64, target: F64, with_scale: bool = True) -> Sim3:
    """target_from_source over matched points of which some may be far off; reweighted by the median residual."""
    found = umeyama(source, target, with_scale)
    for _ in range(20):
        residual = np.linalg.norm(found.apply(source) - target, axis=1)
        keep = residual <= 3 * np.median(residual) + 1e-12
        if keep.sum() < 3:
            break
        found = umeyama(source[keep], target[keep], with_scale)
    return found


def register(source: F64, target: F64, normals: F64, with_scale: bool, start: Sim3) -> Sim3:
    """target_from_source of two surfaces' points (N, 3), (M, 3) with the target's normals (M, 3), refined from `start`."""
    rng = np.random.default_rng(0)
    p = source[rng.permutation(len(source))[:40_000]]
    k = rng.permutation(len(target))[:120_000]
    q, n = target[k], normals[k]
    low, high = box(q)
    margin = 0.05 * float((high - low).max())
    at = start.apply(p)
    inside = p[((at > low - margin) & (at < high + margin)).all(1)]  # surroundings take no part
    return icp(inside if len(inside) > 300 else p, q, n, start, with_scale)


def icp(
    p: F64, q: F64, normals: F64, start: Sim3, with_scale: bool, rounds: int = 60, reach: float = 0.1
) -> Sim3:
    """Point-to-plane with Cauchy weights; Chen & Medioni 1991. The reach shrinks from `reach` of the target's side."""
    tree, size, found = cKDTree(q), float((box(q)[1] - box(q)[0]).max()), start
    for round_ in range(rounds):
        x = found.apply(p)
        distance, j = tree.query(x, workers=1)
        near = distance < max(reach * size * 0.8**round_, 3 * float(np.median(distance)) + 1e-9)
        n, middle = normals[j[near]], x[near].mean(0)
        local = x[near] - middle
        residual = ((q[j[near]] - x[near]) * n).sum(1)
        scatter = 1.4826 * float(np.median(np.abs(residual))) + 1e-12
        w = 1 / (1 + (residual / (2 * scatter)) ** 2)
        a = np.c_[np.cross(local, n), n, (n * local).sum(1)][:, : 7 if with_scale else 6]
        step = np.linalg.lstsq(a * w[:, None], residual * w, rcond=None)[0]
        scale = 1 + float(step[6]) if with_scale else 1.0
        turn = Rotation.from_rotvec(step[:3]).as_matrix()
        found = Sim3(scale, turn, middle + step[3:6] - scale * turn @ middle) @ found
        if round_ > 25 and np.abs(step[:6]).max() < 1e-7:
            break
    return found
