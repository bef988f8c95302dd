"""The volume of a closed part; an open one has none, and the hole is named."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from sculpt3d.desk.nearest import finder_of
from sculpt3d.desk.quantity import Measured, Measurement, volume
from sculpt3d.desk.spread import of_normal_moves
from sculpt3d.desk.surface import Surface
from sculpt3d.errors import InputError
from sculpt3d.types import I32, Bool


def solid_volume(surface: Surface, asked: Measurement) -> Measured:
    """Of the piece nearest to the point given, or of all pieces where none is. Raises `InputError` where it is open."""
    if len(asked.points) > 1:
        raise InputError("A volume needs one point on the part it is of, or none for all of the model")
    kept = np.ones(len(surface.faces), bool)
    if asked.points:
        face = finder_of(surface).nearest(surface.local(np.array(asked.points))).face[0]
        kept = surface.component == surface.component[face]
    _closed(surface, kept)
    x = surface.xyz[surface.faces[kept]]
    x = x - x.reshape(-1, 3).mean(0)
    total = float(np.einsum("ni,ni->", x[:, 0], np.cross(x[:, 1], x[:, 2])) / 6)
    notes = [] if total > 0 else ["its faces look inwards; the volume is taken as if they looked out"]
    pieces = len(np.unique(surface.component[kept]))
    if pieces > 1:
        notes.append(f"{pieces} closed pieces are added up; where one lies in another, it is counted twice")
    gradient = np.zeros((len(surface.xyz), 3))
    for axis in range(3):
        gradient[:, axis] = np.bincount(
            surface.faces[kept].ravel(), np.repeat(surface.crosses[kept][:, axis] / 6, 3), len(gradient)
        )
    sigma = of_normal_moves(surface, (gradient * surface.vertex_normals).sum(1))
    value = volume("volume", abs(total), sigma, surface.mm, surface.scale.sigma)
    return Measured(asked, value, notes=tuple(notes))


def _closed(surface: Surface, kept: Bool) -> None:
    """Raises `InputError` that names the largest hole."""
    edges = surface.edges
    own = np.zeros(len(edges.count), bool)
    own[edges.of_face[kept]] = True
    open_ = own & (edges.count == 1)
    if open_.any():
        ends = edges.ends[open_]
        loops = _loops(ends)
        length = np.linalg.norm(surface.xyz[ends[:, 1]] - surface.xyz[ends[:, 0]], axis=1)
        around = np.bincount(loops, length)
        largest = int(around.argmax())
        rim = surface.xyz[np.unique(ends[loops == largest])]
        x, y, z = rim.mean(0) + surface.offset
        raise InputError(
            f"{surface.name} is open and has no volume: it has "
            f"{f'{len(around)} holes, the largest' if len(around) > 1 else 'a hole,'} "
            f"{_said(surface, float(np.ptp(rim, axis=0).max()))} wide at ({x:.6g}, {y:.6g}, {z:.6g}); close it first "
            "(sculpt3d reconstruct without --no-fill does; so does MeshLab)"
        )
    crowded = int((own & (edges.count > 2)).sum())
    if crowded:
        raise InputError(
            f"{surface.name} has {crowded} edges with more than two faces, so inside and outside cannot be told; repair it in "
            "MeshLab first"
        )
    turned = int(_against(surface.faces[kept]))
    if turned:
        raise InputError(
            f"{surface.name} has neighbouring faces that look to different sides ({turned} edges), so inside and outside "
            "cannot be told; make them one way in MeshLab first"
        )


def _against(faces: I32) -> int:
    """How many edges both of their faces run along in the same direction."""
    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    key = ends[:, 0] << 32 | ends[:, 1]
    return len(key) - len(np.unique(key))


def _loops(ends: I32) -> I32:
    """(E,) which rim each open edge is of."""
    vertices, number = np.unique(ends, return_inverse=True)
    number = number.reshape(-1, 2)
    graph = coo_matrix((np.ones(len(ends), bool), tuple(number.T)), shape=(len(vertices),) * 2)
    return np.asarray(connected_components(graph, directed=False)[1][number[:, 0]], np.int32)


def _said(surface: Surface, value: float) -> str:
    return f"{value:.4g} units" if surface.scale.mm is None else f"{value * surface.scale.mm:.4g} mm"
