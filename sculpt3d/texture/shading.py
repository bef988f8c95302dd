"""How light falls on the surface, as far as normals and open sky explain it: for filling what no photo shows, where crevices
and undersides are darker than their rims, and to take shading out of the colours where that is asked for.
"""

from __future__ import annotations

import numpy as np

from sculpt3d._open3d import o3d
from sculpt3d.geometry import F64
from sculpt3d.texture.observe import Nodes
from sculpt3d.types import F32, Bool

RAYS = 48
MOST = 1.1  # largest logarithm of a factor


def shading(nodes: Nodes, colour: F32, known: Bool) -> F32:
    """(N,) factor of the light at each node; the median where `known` is 1.

    Log luminance is fitted robustly, linear in the normal and in the logarithm of the open sky; what they do not explain is
    paint. Harmonics of degree 2 (Ramamoorthi & Hanrahan 2001) fit no better where photos look and stray where none does.
    """
    if known.sum() < 200:
        return np.ones(len(colour), np.float32)
    normal = nodes.normal.astype(np.float64)
    terms = np.concatenate([np.ones((len(normal), 1)), normal, np.log(open_sky(nodes))[:, None]], 1)
    log = np.log(np.maximum(colour @ np.array([0.2126, 0.7152, 0.0722]), 0.003))
    weight = known.astype(np.float64)
    light = np.zeros(len(log))
    for _ in range(8):
        w = np.sqrt(weight)[:, None]
        light = terms @ np.linalg.lstsq(terms * w, log * w[:, 0], rcond=1e-6)[0]
        rest = np.abs(log - light)
        weight = known * np.clip(1 - (rest / max(7 * float(np.median(rest[known])), 1e-6)) ** 2, 0, 1) ** 2
    light -= np.median(light[known])
    return np.exp(np.clip(light, -MOST, MOST)).astype(np.float32)


def open_sky(nodes: Nodes) -> F64:
    """(N,) share of the hemisphere above a node that the mesh leaves free, weighted by the cosine; at least 0.05."""
    scene = o3d.t.geometry.RaycastingScene(nthreads=1)
    scene.add_triangles(
        o3d.core.Tensor(np.ascontiguousarray(nodes.xyz)),
        o3d.core.Tensor(np.ascontiguousarray(nodes.faces, np.uint32)),
    )
    n = nodes.normal.astype(np.float64)
    side = np.cross(n, np.where(np.abs(n[:, :1]) < 0.7, [[1.0, 0, 0]], [[0, 1.0, 0]]))
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-12)
    other = np.cross(n, side)
    start = nodes.xyz + n * nodes.edge
    k = np.arange(RAYS) + 0.5
    turn, radius = k * np.pi * (3 - np.sqrt(5)), np.sqrt(k / RAYS)  # a sunflower, projected up
    free = np.zeros(len(n))
    for a, b, c in zip(radius * np.cos(turn), radius * np.sin(turn), np.sqrt(1 - radius**2), strict=True):
        rays = np.concatenate([start, a * side + b * other + c * n], 1).astype(np.float32)
        free += ~scene.test_occlusions(o3d.core.Tensor(rays), nthreads=1).numpy()
    return np.maximum(free / RAYS, 0.05)
