"""The ground an object was photographed on is no part of it: without it, sizes and volumes are the object's."""

from __future__ import annotations

import numpy as np

from sculpt3d.geometry import F64
from sculpt3d.surface.topology import keep_faces, vertex_normals
from sculpt3d.types import Bool, Mesh

SEARCH = (
    0.02  # of the object's size: how far the ground's plane may be off before it is fitted to the surface
)
FACING = 0.9  # cosine to the plane's normal from which on a vertex looks like ground
ENOUGH = 200  # vertices to fit a plane to


def without_ground(mesh: Mesh, ground: F64, spacing: float) -> Mesh:
    """Cut faces that lie flat on the plane `ground` (4,), fitted anew, or below; what rises from it stays, down to its foot."""
    up, size = ground[:3], float(np.linalg.norm(np.ptp(mesh.vertices, axis=0)))
    normal = vertex_normals(mesh.vertices, mesh.faces)
    height = mesh.vertices @ up + ground[3]
    like_ground = (np.abs(height) < SEARCH * size) & (normal @ up > FACING)
    if like_ground.sum() < ENOUGH:
        return mesh
    up, height, thick = _fitted(
        mesh.vertices[like_ground].astype(np.float64), mesh.vertices.astype(np.float64), up
    )
    flat = (height < thick + spacing) & (normal @ up > FACING) | (height < -thick - spacing)
    # A rim: where the ground meets the wall its vertices lean; one ring more goes, if it is as low.
    beside: Bool = np.zeros(len(flat), bool)
    beside[mesh.faces[flat[mesh.faces].any(1)]] = True
    low = beside & (np.abs(height) < thick + spacing) & (normal @ up > 0.5)
    gone = np.all((flat | low)[mesh.faces], axis=1)
    return keep_faces(mesh, np.asarray(~gone))


def _fitted(points: F64, vertices: F64, up: F64) -> tuple[F64, F64, float]:
    """Normal, all vertices' heights and the plane's thickness (3 sigma), from the points' median plane."""
    for _ in range(4):
        middle = np.median(points, 0)
        flattest = np.linalg.svd(points - middle, full_matrices=False)[2][2]
        up = flattest * np.sign(flattest @ up)
        off = (points - middle) @ up
        middle = middle + np.median(off) * up
        off = (points - middle) @ up
        sigma = 1.4826 * float(np.median(np.abs(off)))
        points = points[np.abs(off) < max(4 * sigma, 1e-12)]
    return up, (vertices - middle) @ up, 3 * sigma
