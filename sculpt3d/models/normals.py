"""Normals for surfaces whose file gives none, over the welded surface: the seams of a texture cast no edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sculpt3d.models.distinct import all_apart, places
from sculpt3d.models.document import Document
from sculpt3d.types import F32, I32

_BLOCK = 1 << 17  # faces at a time: what they need stays in the cache


def with_normals(document: Document) -> Document:
    """The document with normals on every surface; the file's own stay as they are, and bare points bare."""
    bare = [p for p in document.parts if len(p.faces) and p.normals is None]
    if not bare:
        return document
    surfaces = [p for p in document.parts if len(p.faces)]
    vertices = np.concatenate([p.vertices for p in surfaces])
    starts = np.cumsum([0, *(len(p.vertices) for p in surfaces)])
    faces = np.concatenate([p.faces + np.int32(n) for p, n in zip(surfaces, starts, strict=False)])
    normals = welded_normals(vertices, faces)
    own = {id(p): normals[a:b] for p, a, b in zip(surfaces, starts, starts[1:], strict=False)}
    return replace(
        document,
        parts=tuple(
            replace(p, normals=own[id(p)]) if id(p) in own and p.normals is None else p
            for p in document.parts
        ),
    )


def welded_normals(vertices: F32, faces: I32) -> F32:
    """(V, 3) unit, weighted by area; vertices at one place share theirs. Zero where no face is."""
    place = None if all_apart(vertices) else places(vertices)[0]
    normal = np.zeros((3, len(vertices)))
    for start in range(0, len(faces), _BLOCK):
        at = np.ascontiguousarray(faces[start : start + _BLOCK].T, np.intp)
        a, b, c = (np.ascontiguousarray(vertices[at[k]].T, np.float64) for k in range(3))  # (3, B)
        u, v = b - a, c - a
        to = at if place is None else place[at]
        first, beyond = int(to.min()), int(to.max()) + 1  # neighbours in the file are neighbours in space
        for axis in range(3):
            i, j = (axis + 1) % 3, (axis + 2) % 3
            across = u[i] * v[j] - u[j] * v[i]
            for k in range(3):
                normal[axis, first:beyond] += np.bincount(to[k] - first, across, beyond - first)
    length = np.sqrt((normal**2).sum(0))
    unit = np.ascontiguousarray((normal / np.where(length > 0, length, 1)).T, np.float32)
    return unit if place is None else unit[place]
