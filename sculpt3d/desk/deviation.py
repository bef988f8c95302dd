"""Signed distances from points to a surface: positive outside of it. Baerentzen & Aanaes 2005 for the sign."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sculpt3d.desk.nearest import Places, finder_of
from sculpt3d.desk.surface import Surface
from sculpt3d.geometry import F64
from sculpt3d.types import Bool

UPRIGHT = 0.95  # over an open rim by less than this, as a cosine, a point is beside the surface
_CORNER = 1e-6  # weight below which a place is on an edge or at a vertex


@dataclass(frozen=True)
class Deviations:
    """signed (N,); normal (N, 3) of the surface at the nearest place; beyond (N,): the point lies past an open rim, where
    there is nothing to compare with; places: where on the surface."""

    signed: F64
    normal: F64
    beyond: Bool
    places: Places


def deviations(surface: Surface, points: F64) -> Deviations:
    """Of points (N, 3), local, to the nearest place on the surface, exact in doubles."""
    places = finder_of(surface).nearest(points)
    normal = _pseudo_normals(surface, places)
    away = points - places.xyz
    signed = places.distance * np.where((away * normal).sum(1) < 0, -1.0, 1.0)
    aside = np.abs((away * normal).sum(1)) < UPRIGHT * places.distance
    return Deviations(signed, normal, aside & _on_rim(surface, places), places)


def _pseudo_normals(surface: Surface, places: Places) -> F64:
    """(N, 3) unit: of the face; on an edge of both its faces; at a vertex of all, weighted by their angles."""
    near = places.weights > _CORNER
    normal = surface.face_normals[places.face].copy()
    edge = near.sum(1) == 2
    if edge.any():
        k = (near[edge].argmin(1) + 1) % 3  # the edge begins at the corner after the one without weight
        number = surface.edges.of_face[places.face[edge], k]
        both = surface.edges.faces[number]
        total = surface.face_normals[both[:, 0]] + np.where(
            both[:, 1:] >= 0, surface.face_normals[both[:, 1]], 0
        )
        normal[edge] = total
    corner = near.sum(1) == 1
    if corner.any():
        vertex = surface.faces[places.face[corner], near[corner].argmax(1)]
        normal[corner] = _angle_weighted(surface)[vertex]
    return np.asarray(normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-300))


def _angle_weighted(surface: Surface) -> F64:
    """(V, 3)."""
    x = surface.xyz[surface.faces]
    total = np.zeros((len(surface.xyz), 3))
    for k in range(3):
        u, v = x[:, (k + 1) % 3] - x[:, k], x[:, (k + 2) % 3] - x[:, k]
        angle = np.arctan2(np.linalg.norm(np.cross(u, v), axis=1), (u * v).sum(1))
        for axis in range(3):
            pull = angle * surface.face_normals[:, axis]
            total[:, axis] += np.bincount(surface.faces[:, k], pull, len(total))
    return total


def _on_rim(surface: Surface, places: Places) -> Bool:
    """(N,) whether the place lies on an edge that only one face has."""
    open_ = surface.edges.count == 1
    if not open_.any():
        return np.zeros(len(places.face), bool)
    rim = open_[
        surface.edges.of_face[places.face]
    ]  # (N, 3): the edge from corner k, across from corner k + 2
    across = places.weights[:, [2, 0, 1]] < _CORNER
    return np.asarray((rim & across).any(1))
