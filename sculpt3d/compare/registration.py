"""Bringing one surface onto another: a start (cameras or a search over rotations), then robust point-to-plane ICP."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from sculpt3d.geometry import F64, Sim3, umeyama

_Y_UP_TO_Z_UP = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])


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


def register(
    source: F64, target: F64, normals: F64, with_scale: bool, start: Sim3 | None = None, seed: int = 0
) -> Sim3:
    """target_from_source of two surfaces' points (N, 3), (M, 3) with the target's normals (M, 3).

    Without `start` the frames may differ by any rotation (and scale): as it is, turned from Y up to Z up, and a search.
    """
    rng = np.random.default_rng(seed)
    p = source[rng.permutation(len(source))[:40_000]]
    k = rng.permutation(len(target))[:120_000]
    q, n = target[k], normals[k]
    size = float(np.ptp(q, axis=0).max())
    if start is None:
        starts = [
            Sim3.identity(),
            Sim3(1.0, _Y_UP_TO_Z_UP, np.zeros(3)),
            Sim3(1.0, _Y_UP_TO_Z_UP.T, np.zeros(3)),
        ]
        start = min(starts, key=lambda s: _misfit(p, q, s))
        if _misfit(p, q, start) > 0.03 * size:
            start = min([start, _search(p, q, n, with_scale)], key=lambda s: _misfit(p, q, s))
    low, high = q.min(0) - 0.05 * size, q.max(0) + 0.05 * size
    at = start.apply(p)
    near = p[((at > low) & (at < high)).all(1)]  # surroundings take no part
    return icp(near if len(near) > 300 else p, q, n, start, with_scale)


def icp(p: F64, q: F64, normals: F64, start: Sim3, with_scale: bool, rounds: int = 60) -> Sim3:
    """Point-to-plane with Cauchy weights and a shrinking reach; Chen & Medioni 1991."""
    tree, size, found = cKDTree(q), float(np.ptp(q, axis=0).max()), start
    for round_ in range(rounds):
        x = found.apply(p)
        distance, j = tree.query(x, workers=1)
        near = distance < max(0.1 * size * 0.8**round_, 3 * float(np.median(distance)) + 1e-9)
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


def _search(p: F64, q: F64, normals: F64, with_scale: bool) -> Sim3:
    """24 axis turns x 6 yaws with centroids (and sizes) matched; the best dozen are refined."""
    mean_p, mean_q = p.mean(0), q.mean(0)
    scale = (
        float(np.sqrt(((q - mean_q) ** 2).sum(1).mean() / ((p - mean_p) ** 2).sum(1).mean()))
        if with_scale
        else 1.0
    )
    candidates = []
    for base in Rotation.create_group("O").as_matrix():
        for yaw in range(0, 90, 15):
            turn = Rotation.from_euler("z", yaw, degrees=True).as_matrix() @ base
            candidates.append(Sim3(scale, turn, mean_q - scale * turn @ mean_p))
    few_p, few_q, few_n = p[:1500], q[:6000], normals[:6000]
    best = sorted(candidates, key=lambda s: _misfit(few_p, few_q, s))[:12]
    return min(
        (icp(few_p, few_q, few_n, s, with_scale, 30) for s in best), key=lambda s: _misfit(few_p, few_q, s)
    )


def _misfit(p: F64, q: NDArray[np.float64], target_from_source: Sim3) -> float:
    """How far the nearest 40 % of the target's points lie: blind to surroundings that only the source has."""
    distance = cKDTree(target_from_source.apply(p)).query(q[:4000], workers=1)[0]
    return float(np.quantile(distance, 0.4))
