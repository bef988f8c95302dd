"""Fewer triangles, same shape: quadric error decimation (Garland & Heckbert 1997) by Open3D."""

from __future__ import annotations

import numpy as np

from sculpt3d._open3d import o3d
from sculpt3d.surface.topology import keep_faces
from sculpt3d.types import Mesh


def simplify(mesh: Mesh, triangles: int) -> Mesh:
    """At most `triangles` triangles, without colours; the mesh itself where it is small enough."""
    if len(mesh.faces) <= triangles:
        return Mesh(mesh.vertices, mesh.faces)
    source = o3d.geometry.TriangleMesh(
        o3d.utility.Vector3dVector(mesh.vertices.astype(np.float64)), o3d.utility.Vector3iVector(mesh.faces)
    )
    found = source.simplify_quadric_decimation(triangles)
    found.remove_degenerate_triangles()
    found.remove_duplicated_triangles()
    found.remove_non_manifold_edges()
    small = Mesh(np.asarray(found.vertices, np.float32), np.asarray(found.triangles, np.int32))
    return keep_faces(small, np.ones(len(small.faces), bool))
