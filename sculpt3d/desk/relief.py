"""Local relief: how far the surface stands above or below its smoothed self, so that tool marks and worn letters can be read."""

from __future__ import annotations

import numpy as np

from sculpt3d._open3d import o3d, triangles_for_rays
from sculpt3d.desk.curvature import default_radius, radius_said
from sculpt3d.desk.field import DIVERGING, Field, even_limit, whole
from sculpt3d.desk.smoothing import operators, smoothed
from sculpt3d.geometry import F64
from sculpt3d.models.document import Document
from sculpt3d.types import Mesh

_RADIUS = 0.02  # of the model's size, where nobody gives one


def relief_field(document: Document, radius: float | None) -> Field:
    """In mm where the model has a scale, else in its unit; positive above the smoothed surface."""
    surface = whole(document)
    radius = default_radius(surface.mesh, _RADIUS) if radius is None else radius
    values = local_relief(surface.mesh, radius)
    mm = None if document.unit_m is None else 1000 * document.unit_m
    values = values if mm is None else values * mm
    limit = even_limit(values, 0.98)
    unit = "units" if mm is None else "mm"
    return Field(
        "local relief", surface.spread(values), unit, -limit, limit, DIVERGING, radius_said(radius, mm)
    )


def local_relief(mesh: Mesh, radius: float) -> F64:
    """(V,) signed distance to the surface without what is smaller than `radius`."""
    v = mesh.vertices.astype(np.float64)
    middle = v.mean(0)
    even = smoothed(v - middle, radius, operators(mesh)).astype(np.float32)
    scene = triangles_for_rays(even, mesh.faces)
    here = (v - middle).astype(np.float32)
    found = scene.compute_closest_points(o3d.core.Tensor(here))
    away = here - found["points"].numpy()
    side = (away * found["primitive_normals"].numpy()).sum(1)
    return np.copysign(np.linalg.norm(away, axis=1), side).astype(np.float64)
