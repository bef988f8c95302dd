"""Mean and Gaussian curvature at every vertex, evened out within a radius.

Both are integrals first, as Meyer et al. 2003 have them (cotangents; angles that a whole turn lacks), then spread by diffusion:
what noise adds at one vertex it takes at its neighbours, and a ball's curvature stays what it is.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from sculpt3d.desk.field import DIVERGING, Field, even_limit, whole
from sculpt3d.desk.smoothing import Operators, diffusion, mean_edge, operators, time_of
from sculpt3d.geometry import F64
from sculpt3d.models.document import Document
from sculpt3d.models.normals import welded_normals
from sculpt3d.types import Bool, Mesh

_RADIUS = 0.008  # of the model's size, where nobody gives one
_EDGES = 1.5  # mean edges, the least radius


def curvature_field(kind: Literal["mean", "gauss"], document: Document, radius: float | None) -> Field:
    """In 1/mm (mean) or 1/mm² where the model has a scale; positive on ridges, mean negative in grooves."""
    surface = whole(document)
    radius = default_radius(surface.mesh, _RADIUS) if radius is None else radius
    over = operators(surface.mesh)
    values = (
        mean_curvature(surface.mesh, over, radius)
        if kind == "mean"
        else gauss_curvature(surface.mesh, over, radius)
    )
    mm = None if document.unit_m is None else 1000 * document.unit_m
    power = 1 if kind == "mean" else 2
    values = values if mm is None else values / mm**power
    unit = ("1/" + ("mm" if mm else "unit")) + ("" if kind == "mean" else "²")
    limit = even_limit(values, 0.95)
    name = "mean curvature" if kind == "mean" else "Gaussian curvature"
    return Field(name, surface.spread(values), unit, -limit, limit, DIVERGING, radius_said(radius, mm))


def mean_curvature(mesh: Mesh, over: Operators, radius: float) -> F64:
    """(V,) in 1/unit, positive where the surface bulges outwards."""
    v = mesh.vertices.astype(np.float64)
    normals = welded_normals(mesh.vertices, mesh.faces).astype(np.float64)
    whole_of = ((over.laplacian @ (v - v.mean(0))) * normals).sum(1) / 2
    return diffusion(time_of(radius), over).of(whole_of / over.areas)


def gauss_curvature(mesh: Mesh, over: Operators, radius: float) -> F64:
    """(V,) in 1/unit², nothing at a rim."""
    v, f = mesh.vertices.astype(np.float64), mesh.faces
    lacking = np.full(len(v), 2 * np.pi)
    for k in range(3):
        a, b = (v[f[:, (k + n) % 3]] - v[f[:, k]] for n in (1, 2))
        angle = np.arctan2(np.linalg.norm(np.cross(a, b), axis=1), (a * b).sum(1))
        lacking -= np.bincount(f[:, k], angle, len(v))
    lacking[rim(mesh)] = 0
    return diffusion(time_of(radius), over).of(lacking / over.areas)


def rim(mesh: Mesh) -> Bool:
    """(V,) whether an edge that has one face alone ends there."""
    pairs = np.sort(np.concatenate([mesh.faces[:, [0, 1]], mesh.faces[:, [1, 2]], mesh.faces[:, [2, 0]]]), 1)
    key = pairs[:, 0].astype(np.int64) << 32 | pairs[:, 1]
    edges, count = np.unique(key, return_counts=True)
    alone = edges[count == 1]
    found = np.zeros(len(mesh.vertices), bool)
    found[np.concatenate([alone >> 32, alone & 0xFFFFFFFF])] = True
    return found


def default_radius(mesh: Mesh, share: float) -> float:
    """That share of the model's size, and no less than its triangles can show."""
    size = float(np.linalg.norm(np.ptp(mesh.vertices.astype(np.float64), axis=0)))
    return max(share * size, _EDGES * mean_edge(mesh), 1e-12)


def radius_said(radius: float, mm: float | None) -> str:
    return f"radius {radius:.3g} units" if mm is None else f"radius {radius * mm:.3g} mm"
