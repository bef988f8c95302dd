"""Borders without teeth: where the evidence ends is a matter of a spacing, its ragged edge of marching cubes is not shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix

from sculpt3d.surface.topology import boundary_edges, keep_faces
from sculpt3d.types import F32, Mesh

ROUNDS = 3  # of either; more rounds off corners of the rim itself


def with_even_rims(mesh: Mesh) -> Mesh:
    """Triangles that hang on by one edge go, then the border's corners move towards the middle of their two neighbours."""
    for _ in range(ROUNDS):
        hanging = _border_sides(mesh) > 1
        if not hanging.any():
            break
        mesh = keep_faces(mesh, ~hanging)
    return Mesh(_evened(mesh), mesh.faces, mesh.rgb, mesh.filled)


def _border_sides(mesh: Mesh) -> NDArray[np.int64]:
    """(F,) how many of a triangle's edges no other has."""
    edges = np.sort(np.stack([mesh.faces, np.roll(mesh.faces, -1, 1)], -1), -1).astype(np.int64)
    key = edges[..., 0] << 32 | edges[..., 1]
    _, which, count = np.unique(key, return_inverse=True, return_counts=True)
    return np.asarray((count[which.reshape(key.shape)] == 1).sum(1))


def _evened(mesh: Mesh) -> F32:
    edges, number = boundary_edges(mesh.faces), len(mesh.vertices)
    both = np.concatenate([edges, edges[:, ::-1]])
    link = coo_matrix(
        (np.ones(len(both), np.float32), (both[:, 0], both[:, 1])), shape=(number, number)
    ).tocsr()
    simple = np.flatnonzero(
        np.asarray(link.sum(1)).ravel() == 2
    )  # two borders may touch in a corner: it stays
    link, moved = link[simple], mesh.vertices.copy()
    for _ in range(ROUNDS):
        moved[simple] = moved[simple] / 2 + (link @ moved) / 4
    return moved
