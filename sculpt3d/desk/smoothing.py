"""Diffusion on a triangle mesh: what is smaller than a radius is evened out, along the surface.

The cotangent Laplacian with barycentric areas; one implicit step, (A + t L) x = A v, solved by conjugate gradients over a
multigrid cycle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import coo_matrix, diags

from sculpt3d.geometry import F64
from sculpt3d.types import Mesh

_TOLERANCE = 1e-4  # of what changes, not of where it lies
_ROUNDS = 200
_COTANGENT = (
    50.0  # of slivers; negative ones are left out, so that a value never leaves the range of its neighbours
)


@dataclass(frozen=True)
class Operators:
    """areas (V,), and the Laplacian (V, V), positive: of positions it is area x twice the mean curvature x outward normal."""

    areas: F64
    laplacian: Any


def operators(mesh: Mesh) -> Operators:
    v, f = mesh.vertices.astype(np.float64), mesh.faces
    count = len(v)
    sides = [v[f[:, (k + 2) % 3]] - v[f[:, (k + 1) % 3]] for k in range(3)]  # opposite corner k
    double = np.linalg.norm(np.cross(sides[0], sides[1]), axis=1)
    areas = np.bincount(f.ravel(), np.repeat(double / 6, 3), count)
    rows, columns, weights = [], [], []
    for k in range(3):
        dot = -(sides[(k + 1) % 3] * sides[(k + 2) % 3]).sum(1)
        cotangent = np.clip(dot / np.maximum(double, 1e-300), 0, _COTANGENT) / 2
        i, j = f[:, (k + 1) % 3], f[:, (k + 2) % 3]
        rows += [i, j]
        columns += [j, i]
        weights += [cotangent, cotangent]
    between = coo_matrix(
        (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))), shape=(count, count)
    ).tocsr()
    laplacian = diags(np.asarray(between.sum(1)).ravel()) - between
    floor = 1e-9 * float(areas.mean()) if count else 0.0
    return Operators(np.maximum(areas, floor), laplacian.tocsr())


@dataclass(frozen=True)
class Diffusion:
    """A step of `time` (length squared) over a surface, ready to be taken of several values."""

    time: float
    over: Operators
    system: Any
    coarser: Any  # one multigrid cycle, which stands for the inverse

    def of(self, values: F64) -> F64:
        """Values (V,) or (V, k) after that time. What changes is solved for, so positions far from the origin keep their
        digits."""
        columns = values.reshape(len(values), -1)
        change = self._solved(-self.time * (self.over.laplacian @ columns))
        return np.asarray(values + change.reshape(values.shape))

    def _solved(self, rhs: F64) -> F64:
        """system x = rhs (V, k), all columns at once; SciPy's `cg` takes them one by one, and its scalar products wake BLAS's
        threads."""
        x, r = np.zeros_like(rhs), rhs.copy()
        z = self._nearly(r)
        p, rz = z.copy(), (r * z).sum(0)
        wanted = _TOLERANCE**2 * (rhs * rhs).sum(0)
        for _ in range(_ROUNDS):
            if ((r * r).sum(0) <= wanted).all():
                break
            q = self.system @ p
            step = rz / np.maximum((p * q).sum(0), 1e-300)
            x += step * p
            r -= step * q
            z = self._nearly(r)
            before, rz = rz, (r * z).sum(0)
            p = z + rz / np.maximum(before, 1e-300) * p
        return x

    def _nearly(self, rhs: F64) -> F64:
        return np.stack([self.coarser @ rhs[:, k] for k in range(rhs.shape[1])], 1)


def diffusion(time: float, over: Operators) -> Diffusion:
    """Prepared by algebraic multigrid (smoothed aggregation): with the diagonal alone the steps grow with the radius over the
    edge, 17 core-s of a million triangles at 44 edges, here 4. Local weights need no random numbers: pictures stay the same."""
    from pyamg import smoothed_aggregation_solver

    system = (diags(over.areas) + time * over.laplacian).tocsr()
    how = ("jacobi", {"omega": 4 / 3, "weighting": "local"})
    levels = smoothed_aggregation_solver(system, symmetry="symmetric", max_coarse=500, smooth=how, improve_candidates=None)
    return Diffusion(time, over, system, levels.aspreconditioner())


def time_of(radius: float) -> float:
    """At which waves twice the radius long lose half of what two rounds (`smoothed`) take."""
    return radius * radius / 4


def smoothed(positions: F64, radius: float, over: Operators) -> F64:
    """Positions (V, 3) without what is smaller than the radius. What one step loses of the form is smoothed too and given back,
    so that a ball keeps its size: of a wave of length w, with q = (2 pi / w)^2 r^2 / 4, the part (q / (1 + q))^2 goes.
    """
    step = diffusion(time_of(radius), over)
    once = step.of(positions)
    return once + step.of(positions - once)


def mean_edge(mesh: Mesh) -> float:
    a, b = mesh.vertices[mesh.faces[:, 0]], mesh.vertices[mesh.faces[:, 1]]
    return float(np.linalg.norm(b.astype(np.float64) - a, axis=1).mean()) if len(mesh.faces) else 0.0
