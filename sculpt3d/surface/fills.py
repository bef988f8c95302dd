"""What was closed without evidence: each patch, where it lies and how wide it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sculpt3d.geometry import F64
from sculpt3d.surface.topology import boundary_edges, face_areas, face_components
from sculpt3d.types import Mesh


@dataclass(frozen=True)
class Patch:
    """A closed hole: middle (3,), outward unit normal (3,), largest extent and area, in the mesh's unit."""

    centre: F64
    normal: F64
    width: float
    area: float


def filled_patches(mesh: Mesh) -> tuple[Patch, ...]:
    """Connected faces that have a filled corner, the widest patch first."""
    if mesh.filled is None or not mesh.filled.any():
        return ()
    faces = mesh.faces[mesh.filled[mesh.faces].any(1)]
    label = face_components(faces, len(mesh.vertices))
    corner = mesh.vertices[faces].astype(np.float64)
    cross = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]) / 2
    area = face_areas(mesh.vertices, faces)
    found = []
    for k in range(int(label.max()) + 1):
        mine = label == k
        points, facing = corner[mine].reshape(-1, 3), cross[mine].sum(0)
        found.append(
            Patch(
                np.average(corner[mine].mean(1), axis=0, weights=area[mine] + 1e-30),
                facing / max(float(np.linalg.norm(facing)), 1e-30),
                float(np.linalg.norm(np.ptp(points, axis=0))),
                float(area[mine].sum()),
            )
        )
    return tuple(sorted(found, key=lambda p: -p.width))


def open_loops(mesh: Mesh) -> int:
    """How many borders the mesh has: the rims of holes left open and of where it ends."""
    edges = boundary_edges(mesh.faces)
    if not len(edges):
        return 0
    corners = np.c_[edges, edges[:, :1]]  # as thin triangles, so that edges that meet are one
    return int(face_components(corners, len(mesh.vertices)).max()) + 1
