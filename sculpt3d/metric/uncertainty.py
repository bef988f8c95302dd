"""How far each vertex of a surface may lie from the true one, along its normal: one standard deviation of its own, local part.

Three things tell it, each measured on the cloud around the vertex: what the depth maps expected of the points there, how far
the points lie off the surface, and how large a pixel is on it, below which nothing is known. Their weights come from scans
rendered and reconstructed, others than those it is judged on (`benchmarks/bench_uncertainty.py`). What is common to all
vertices, the scale, is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from sculpt3d.geometry import F64
from sculpt3d.types import F32, Bool, PointCloud

NEIGHBOURS = 48  # far enough to see what lies off a plane; with 16 or 100 the fit is 4 to 6 % worse
SAME_SIDE = 0.5  # cosine: points of another skin say nothing
REACH = 3.0  # spacings; beyond, a vertex has no evidence unless the cloud is as thin all around it
THIN = 0.5  # nearest over farthest neighbour: in a hole all are about as far
NONE = -1.0  # of a vertex without evidence: filled, or far from any point; a NaN is not allowed in glTF
BLOCK = 100_000
SAMPLE = 20_000  # points whose distance to the next tells the spacing


@dataclass(frozen=True)
class Weights:
    """sigma^2 = (expected x error)^2 + (scatter x distance off)^2 + (pixel x spacing)^2."""

    expected: float = 0.2
    scatter: float = 1.2
    pixel: float = 0.02


def vertex_uncertainty(
    vertices: F32, normals: F32, filled: Bool | None, cloud: PointCloud, weights: Weights | None = None
) -> F32:
    """(V,) one standard deviation in the vertices' unit; NONE where no point is near or `filled` says so."""
    weights = weights or Weights()
    tree = cKDTree(cloud.xyz)
    space = spacing(cloud, tree)
    sigma = np.empty(len(vertices), np.float32)
    for start in range(0, len(vertices), BLOCK):
        part = slice(start, start + BLOCK)
        sigma[part] = _sigma(vertices[part], normals[part], tree, cloud, space, weights)
    if filled is not None:
        sigma[filled] = NONE
    return sigma


def spacing(cloud: PointCloud, tree: cKDTree | None = None) -> float:
    """Median distance from a point to the next; tree: of the points, where there is one."""
    some = np.random.default_rng(0).choice(len(cloud.xyz), min(SAMPLE, len(cloud.xyz)), replace=False)
    return float(np.median((tree or cKDTree(cloud.xyz)).query(cloud.xyz[some], k=2, workers=1)[0][:, 1]))


def evidence(
    vertices: F32, normals: F32, tree: cKDTree, cloud: PointCloud, space: float
) -> tuple[F64, F64, Bool]:
    """(V,) expected error of the points near a vertex, how far they lie off its plane, whether it is in a hole of the cloud."""
    distance, near = tree.query(vertices, k=min(NEIGHBOURS, len(cloud.xyz)), workers=1)
    alike = np.einsum("nkj,nj->nk", cloud.normal[near], normals) > SAME_SIDE
    weight = np.where(alike, np.float32(1), np.float32(1e-9))
    weight /= weight.sum(1, keepdims=True)
    away = cloud.xyz[near]
    away -= vertices[:, None]
    off = np.einsum("nkj,nj->nk", away, normals)
    expected = np.sqrt(np.einsum("nk,nk->n", weight, cloud.error[near] ** 2))
    scatter = np.sqrt(np.einsum("nk,nk->n", weight, off**2))
    hole = (distance[:, 0] > REACH * space) & (distance[:, 0] > THIN * distance[:, -1])
    return expected.astype(np.float64), scatter.astype(np.float64), hole


def _sigma(vertices: F32, normals: F32, tree: cKDTree, cloud: PointCloud, space: float, w: Weights) -> F32:
    expected, off, hole = evidence(vertices, normals, tree, cloud, space)
    sigma = np.sqrt((w.expected * expected) ** 2 + (w.scatter * off) ** 2 + (w.pixel * space) ** 2)
    return np.where(hole, NONE, sigma).astype(np.float32)


def carried(vertices: F32, normals: F32, source: F32, source_sigma: F32) -> F32:
    """The uncertainty of a coarser mesh's vertices (V, 3): the nearest source vertex's, and how far off its surface they lie."""
    _, near = cKDTree(source).query(vertices, workers=1)
    off = np.abs(((source[near].astype(np.float64) - vertices) * normals).sum(1))
    sigma = source_sigma[near]
    return np.where(sigma < 0, NONE, np.hypot(sigma, off)).astype(np.float32)
