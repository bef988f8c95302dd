"""What a mesh is made of: components, boundary edges, area."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from sculpt3d.types import F32, I32, Mesh


@dataclass(frozen=True)
class MeshFacts:
    vertices: int
    triangles: int
    components: int
    boundary_edges: int
    filled_share: float  # of the vertices: no photo evidence near


def describe(mesh: Mesh) -> MeshFacts:
    labels = face_components(mesh.faces, len(mesh.vertices))
    filled = 0.0 if mesh.filled is None or not len(mesh.filled) else float(mesh.filled.mean())
    return MeshFacts(
        len(mesh.vertices),
        len(mesh.faces),
        int(labels.max(initial=-1)) + 1,
        len(boundary_edges(mesh.faces)),
        filled,
    )


def face_components(faces: I32, vertices: int) -> I32:
    """(F,) label of the part of the surface each face belongs to (faces that share a vertex are joined)."""
    a, b = faces[:, [0, 1]].ravel(), faces[:, [1, 2]].ravel()
    graph = coo_matrix((np.ones(len(a), bool), (a, b)), shape=(vertices, vertices))
    label = connected_components(graph, directed=False)[1][faces[:, 0]]
    return np.unique(label, return_inverse=True)[1].astype(np.int32)


def boundary_edges(faces: I32) -> I32:
    """(E, 2) edges that only one face has."""
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1).astype(
        np.int64
    )
    key = edges[:, 0] << 32 | edges[:, 1]
    unique, count = np.unique(key, return_counts=True)
    alone = unique[count == 1]
    return np.stack([alone >> 32, alone & 0xFFFFFFFF], 1).astype(np.int32)


def face_areas(vertices: F32, faces: I32) -> NDArray[np.float64]:
    """(F,) in the unit of the vertices, squared."""
    v = vertices.astype(np.float64)
    cross = np.cross(v[faces[:, 1]] - v[faces[:, 0]], v[faces[:, 2]] - v[faces[:, 0]])
    return np.asarray(np.linalg.norm(cross, axis=1) / 2)


def vertex_normals(vertices: F32, faces: I32) -> F32:
    """(V, 3) unit, weighted by area; zero where a vertex has no face."""
    v = vertices.astype(np.float64)
    cross = np.cross(v[faces[:, 1]] - v[faces[:, 0]], v[faces[:, 2]] - v[faces[:, 0]])
    normal = np.stack([np.bincount(faces.ravel(), np.repeat(cross[:, k], 3), len(v)) for k in range(3)], 1)
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    return np.asarray(normal / np.where(length > 0, length, 1), np.float32)


def keep_faces(mesh: Mesh, keep: NDArray[np.bool_]) -> Mesh:
    """The mesh of those faces, without the vertices nobody needs any more."""
    faces = mesh.faces[keep]
    used = np.zeros(len(mesh.vertices), bool)
    used[faces.ravel()] = True
    number = np.cumsum(used, dtype=np.int32) - 1
    return Mesh(
        mesh.vertices[used],
        number[faces].astype(np.int32),
        None if mesh.rgb is None else mesh.rgb[used],
        None if mesh.filled is None else mesh.filled[used],
    )
