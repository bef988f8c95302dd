"""The parts of a surface that will be open or unsure, each as one thing with a place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from sculpt3d.geometry import F64
from sculpt3d.planning.coarse import CELLS, Coarse
from sculpt3d.planning.predict import Predicted

UNSURE = 2.5  # times the sigma that the better half of the surface has
SMALLEST = 0.004  # of the surface
MOST = 12


@dataclass(frozen=True)
class Weak:
    """hole: no two photos that match see most of it. centre, normal (3,) in the surface's frame; share of the surface; sigma:
    median, inf for a hole; views: mean number of photos that see it; angle_deg: the best between two of them, median."""

    hole: bool
    centre: F64
    normal: F64
    share: float
    sigma: float
    views: float
    angle_deg: float


def good_sigma(found: Predicted) -> float:
    """The median of what is seen."""
    finite = found.sigma[np.isfinite(found.sigma)]
    return float(np.median(finite)) if len(finite) else float("inf")


def weak_parts(surface: Coarse, found: Predicted) -> list[Weak]:
    """Largest first, at most MOST."""
    lost = ~np.isfinite(found.sigma)
    unsure = ~lost & (found.sigma > UNSURE * good_sigma(found))
    parts = [w for mask, hole in ((lost, True), (unsure, False)) for w in _parts(surface, found, mask, hole)]
    return sorted(parts, key=lambda w: -w.share)[:MOST]


def _parts(surface: Coarse, found: Predicted, mask: np.ndarray, hole: bool) -> list[Weak]:
    index = np.flatnonzero(mask)
    if not len(index):
        return []
    cell = float(np.ptp(surface.centre, axis=0).max()) / CELLS
    pairs = cKDTree(surface.centre[index]).query_pairs(1.8 * cell, output_type="ndarray")
    graph = coo_matrix((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(len(index),) * 2)
    label = connected_components(graph, directed=False)[1]
    whole, parts = float(surface.area.sum()), []
    for k in range(label.max() + 1):
        here = index[label == k]
        area = surface.area[here]
        share = float(area.sum()) / whole
        if share < SMALLEST:
            continue
        normal = area @ surface.normal[here]
        parts.append(
            Weak(
                hole,
                area @ surface.centre[here] / area.sum(),
                normal / max(float(np.linalg.norm(normal)), 1e-300),
                share,
                float("inf") if hole else float(np.median(found.sigma[here])),
                float(area @ found.views[here] / area.sum()),
                float(np.median(found.angle_deg[here])),
            )
        )
    return parts
