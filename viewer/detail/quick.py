"""A rough model in a second, for the time until its levels of detail are made: vertices drawn together on a grid."""

from __future__ import annotations

from typing import Any

import numpy as np

from sculpt3d._kernels import njit
from sculpt3d.models.document import Document
from viewer.detail.bounds import balls, numbered
from viewer.detail.build import vertices_of
from viewer.detail.corners import corners_of_parts
from viewer.detail.levels import CLUSTER, GROUP, LEAF, Levels, vertex_kind

_CELLS = 160  # along the model's longest side
_MOST = 20_000  # triangles of a cluster: its vertices have numbers of 16 bits


def rough(document: Document) -> Levels:
    """One level that stands for all; how far it is off is not told."""
    corners = corners_of_parts(document)
    xyz = corners.xyz
    low, high = xyz.min(0), xyz.max(0)
    side = float((high - low).max()) / _CELLS or 1.0
    faces, begins, part = [], [np.zeros(1, np.int64)], []
    for k in range(len(document.parts)):
        found = _drawn_together(xyz, corners.faces[corners.starts[k] : corners.starts[k + 1]], low, side)
        cuts = np.append(np.arange(0, len(found), _MOST), len(found))
        if len(found):
            begins.append(cuts[1:] + int(begins[-1][-1]))
            faces.append(found)
            part.append(np.full(len(cuts) - 1, k, np.int32))
    whole = np.concatenate(faces) if faces else np.zeros((0, 3), np.int32)
    begin = np.concatenate(begins)
    vertex, start, indices = numbered(
        whole, begin, np.full(len(xyz), -1, np.int32), np.empty(len(xyz), np.int32)
    )
    clusters = np.zeros(len(begin) - 1, CLUSTER)
    clusters["own"], clusters["next"] = LEAF, LEAF
    clusters["part"] = np.concatenate(part) if part else 0
    clusters["sphere"] = balls(xyz, vertex, start)
    clusters["vertex"], clusters["vertices"] = start[:-1], np.diff(start)
    clusters["index"], clusters["triangles"] = 3 * begin[:-1], np.diff(begin)
    kind = vertex_kind(bool(len(corners.uv)), bool(len(corners.rgba)))
    vertices = vertices_of(vertex, kind, xyz, corners.normals, corners.uv, corners.rgba)
    return Levels(np.zeros(0, GROUP), clusters, vertices, indices)


@njit(nogil=True, cache=True)
def _drawn_together(xyz: Any, faces: Any, low: Any, side: float) -> Any:
    """Triangles between the first vertices of the cells of a grid that their corners lie in."""
    size = 1 << 20
    table, first = np.full(size, -1, np.int64), np.zeros(size, np.int32)
    found, n = np.empty((1 << 16, 3), np.int32), 0
    corner, cell = np.empty(3, np.int32), np.empty(3, np.int64)
    for f in range(len(faces)):
        for k in range(3):
            v = faces[f, k]
            key = np.int64(0)
            for axis in range(3):
                key = key << 20 | np.int64((xyz[v, axis] - low[axis]) / side)
            h = (key * 0x9E3779B97F4A7C1 >> 20) & (size - 1)
            tries = 0
            while table[h] >= 0 and table[h] != key and tries < 64:
                h = (h + 1) & (size - 1)
                tries += 1
            if table[h] < 0:
                table[h] = key
                first[h] = v
            corner[k], cell[k] = first[h], h
        if cell[0] != cell[1] and cell[1] != cell[2] and cell[2] != cell[0]:
            if n == len(found):
                more = np.empty((2 * n, 3), np.int32)
                more[:n] = found
                found = more
            found[n] = corner
            n += 1
    return found[:n].copy()
