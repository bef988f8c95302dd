"""A model as it is measured: the triangles of all its parts as one surface, in doubles, with how sure each vertex is.

Lengths are in the file's unit. `xyz` is local: `offset` added, it is in the file's own coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from sculpt3d.desk.tree import Tree
from sculpt3d.desk.units import Scale, scale_of
from sculpt3d.errors import InputError
from sculpt3d.geometry import F64
from sculpt3d.models.distinct import places
from sculpt3d.models.document import Document
from sculpt3d.models.read import read_document
from sculpt3d.types import I32

I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Edges:
    """Edges that faces have, each once: ends (E, 2), lower vertex first; of_face (F, 3): corner k to the next one;
    faces (E, 2): the first two at each, -1 where there is none; count (E,): how many."""

    ends: I32
    of_face: I32
    faces: I32
    count: I32


@dataclass(frozen=True)
class Surface:
    """xyz (V, 3) local, faces (F, 3); vertices at one place are one. sigma (V,): the file's own 1-sigma error of a vertex in
    its unit, NaN where it says none; sigma_source: in words."""

    name: str
    xyz: F64
    faces: I32
    offset: F64
    scale: Scale
    sigma: F64
    sigma_source: str
    notes: tuple[str, ...] = ()

    @cached_property
    def size(self) -> float:
        """The longest side of the box around it."""
        return float(np.ptp(self.xyz, axis=0).max())

    @cached_property
    def reach(self) -> float:
        """The largest coordinate, which says how finely all are rounded."""
        return float(np.abs(self.xyz).max(initial=0))

    @cached_property
    def tree(self) -> Tree:
        """The triangles for rays and nearest places, in doubles."""
        return Tree(self.xyz, self.faces)

    @cached_property
    def for_rays(self) -> Any:
        """The triangles as Open3D's rays meet them, in floats; made when first asked for, as Open3D takes a second to load."""
        from sculpt3d._open3d import triangles_for_rays

        return triangles_for_rays(self.xyz, self.faces)

    @cached_property
    def crosses(self) -> F64:
        """(F, 3) normals as long as twice the area."""
        a, b, c = (self.xyz[self.faces[:, k]] for k in range(3))
        return np.cross(b - a, c - a)

    @cached_property
    def areas(self) -> F64:
        return np.asarray(np.linalg.norm(self.crosses, axis=1) / 2)

    @cached_property
    def face_normals(self) -> F64:
        return self.crosses / np.maximum(2 * self.areas, 1e-300)[:, None]

    @cached_property
    def vertex_normals(self) -> F64:
        """(V, 3) unit, weighted by area."""
        corners, count = self.faces.ravel(), len(self.xyz)
        total = np.stack([np.bincount(corners, np.repeat(self.crosses[:, k], 3), count) for k in range(3)], 1)
        return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1), 1e-300)[:, None])

    @cached_property
    def edges(self) -> Edges:
        return edges_of(self.faces)

    @cached_property
    def component(self) -> I32:
        """(F,) which connected piece each face is of; pieces hang together by vertices."""
        a, b = self.faces[:, [0, 1]].ravel(), self.faces[:, [1, 2]].ravel()
        graph = coo_matrix((np.ones(len(a), bool), (a, b)), shape=(len(self.xyz),) * 2)
        return np.asarray(connected_components(graph, directed=False)[1][self.faces[:, 0]], np.int32)

    def local(self, points: F64) -> F64:
        """From the file's own coordinates."""
        return np.asarray(points, np.float64) - self.offset

    @property
    def mm(self) -> float:
        """Millimetres a unit; raises `InputError` where there is no scale."""
        return self.scale.needed(self.name)


def read_measured(path: Path, unit: str | None = None) -> Surface:
    """Of a file, or of a project's full mesh. Raises `SculptError` with the remedy, for a cloud too."""
    file = path / "mesh.ply" if (path / "mesh.ply").is_file() else path
    document = read_document(file)
    return measured(document, file, scale_of(document, file, unit))


def measured(document: Document, path: Path, scale: Scale) -> Surface:
    """The document's surfaces as one. Raises `InputError` where there is none."""
    if not any(len(p.faces) for p in document.parts):
        raise InputError(
            f"{path.name} is a cloud of points without faces, and only surfaces are measured: make one of it first, "
            "with sculpt3d reconstruct, or in MeshLab or CloudCompare"
        )
    loose = sum(len(p.vertices) for p in document.parts if not len(p.faces))
    parts = tuple(p for p in document.parts if len(p.faces))
    local = np.concatenate([p.vertices for p in parts]).astype(np.float32)
    starts = np.cumsum([0, *(len(p.vertices) for p in parts)])
    faces = np.concatenate([p.faces + np.int32(n) for p, n in zip(parts, starts, strict=False)])
    number, first = places(local)
    faces = number[faces]
    whole = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    given, source = _sigma_of(document, scale)
    notes = [*document.notes, *([f"{loose:,} points that are no surface are left out"] if loose else [])]
    return Surface(
        path.name, local[first].astype(np.float64), np.ascontiguousarray(faces[whole]), document.offset, scale,
        given[first], source, tuple(notes),
    )  # fmt: skip


def _sigma_of(document: Document, scale: Scale) -> tuple[F64, str]:
    """(V,) of the surfaces' vertices in the file's unit, before they are made one; and from which attributes, in words.

    `uncertainty_mm`, else `uncertainty` or `error`, which are in the file's unit; below 0 is none.
    """
    found, names = [], set()
    for part in document.parts:
        if not len(part.faces):
            continue
        name = next(
            (
                n
                for n in ("uncertainty_mm", "uncertainty", "error")
                if np.ndim(part.attributes.get(n, 0)) == 1
            ),
            None,
        )
        if name == "uncertainty_mm" and scale.mm is None:
            name = None
        values = np.full(len(part.vertices), np.nan)
        if name is not None:
            names.add(name)
            values = np.asarray(part.attributes[name], np.float64)
            values = values / (scale.mm or 1.0) if name == "uncertainty_mm" else values
            values = np.where(np.isfinite(values) & (values > 0), values, np.nan)
        found.append(values)
    every = np.concatenate(found)
    if not np.isfinite(every).any():
        return np.full(len(every), np.nan), "the size of the triangles; the file gives no errors"
    part_of = "" if np.isfinite(every).all() else ", where it has them; the size of the triangles elsewhere"
    return every, f"the vertices' errors in the file ({' and '.join(sorted(names))}){part_of}"


def edges_of(faces: I32) -> Edges:
    """Each edge once, numbered by its ends."""
    count = len(faces)
    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    key = ends.min(1) << 32 | ends.max(1)
    unique, first, number, times = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(number, kind="stable")
    starts = np.concatenate([[0], np.cumsum(times)[:-1]])
    second = np.where(times > 1, order[np.minimum(starts + 1, len(order) - 1)] % count, -1)
    return Edges(
        np.stack([unique >> 32, unique & 0xFFFFFFFF], 1).astype(np.int32),
        number.reshape(3, count).T.astype(np.int32),
        np.stack([first % count, second], 1).astype(np.int32),
        times.astype(np.int32),
    )


@dataclass(frozen=True)
class Patch:
    """A piece of a surface that is one itself: what is asked of its core vertices is as on the whole. vertices, faces: which
    they are there, in order."""

    surface: Surface
    vertices: I64
    faces: I64

    def vertex(self, numbers: NDArray[Any]) -> I64:
        """Numbers here of the whole's."""
        return np.searchsorted(self.vertices, numbers).astype(np.int64)

    def face(self, numbers: NDArray[Any]) -> I64:
        return np.searchsorted(self.faces, numbers).astype(np.int64)


def around(surface: Surface, core: NDArray[Any]) -> Patch:
    """All faces at the vertices `core`: a few of millions are measured without looking at the others."""
    marks = np.zeros(len(surface.xyz), bool)
    marks[core] = True
    faces = np.flatnonzero(marks[surface.faces].any(1))
    vertices = np.unique(surface.faces[faces])
    number = np.searchsorted(vertices, surface.faces[faces]).astype(np.int32)
    piece = replace(surface, xyz=surface.xyz[vertices], faces=number, sigma=surface.sigma[vertices])
    piece.__dict__["size"], piece.__dict__["reach"] = (
        surface.size,
        surface.reach,
    )  # as `cached_property` keeps them
    return Patch(piece, vertices.astype(np.int64), faces.astype(np.int64))


def boxed(surface: Surface, low: F64, high: F64) -> Patch:
    """All faces that may reach into a box, and those around them."""
    near = np.ones(len(surface.faces), bool)
    for axis in range(3):
        at = surface.xyz[:, axis][surface.faces]
        near &= (at.min(1) <= high[axis]) & (at.max(1) >= low[axis])
    return around(surface, surface.faces[near])
