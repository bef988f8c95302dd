"""Charts of large meshes, piece by piece: xatlas' time grows faster than the number of triangles."""

from __future__ import annotations

import numpy as np
import xatlas
from numpy.typing import NDArray

from sculpt3d.surface.topology import vertex_normals
from sculpt3d.texture.unwrap import Unwrapped, unwrap
from sculpt3d.types import Mesh

# Triangles. A figure of 100 k, core-s, charts and atlas use: whole 71, 1424, .42; pieces of 16 k 20, 1499, .41;
# 8 k 12, 764, .49; 4 k 10, 976, .46; 2 k 6.4, 710, .49.
PIECE = 2_000


def charts_of(mesh: Mesh, size: int) -> Unwrapped:
    """As `unwrap`; a mesh of more than `PIECE` triangles is first cut into boxes, packed together into one square."""
    if len(mesh.faces) <= PIECE:
        return unwrap(mesh, size)
    atlas, pieces = xatlas.Atlas(), _boxes(mesh)
    vertices_of = []
    for piece in pieces:
        used, faces = np.unique(mesh.faces[piece], return_inverse=True)
        vertices_of.append(used.astype(np.int32))
        atlas.add_mesh(mesh.vertices[used], faces.reshape(-1, 3).astype(np.uint32))
    charting, packing = xatlas.ChartOptions(), xatlas.PackOptions()
    charting.max_iterations = 1
    packing.resolution, packing.padding = size // 4, 1
    packing.bilinear, packing.blockAlign, packing.create_image = True, True, False
    atlas.generate(charting, packing)
    side = max(atlas.width, atlas.height, 1)
    square = np.array([max(atlas.width, 1), max(atlas.height, 1)]) / side
    found = [atlas[k] for k in range(len(pieces))]
    starts = np.cumsum([0, *(len(uv) for _, _, uv in found)])
    source = np.concatenate([v[s] for v, (s, _, _) in zip(vertices_of, found, strict=True)]).astype(np.int32)
    faces = np.concatenate([f.astype(np.int64) + n for (_, f, _), n in zip(found, starts, strict=False)])
    uv = np.concatenate([u for _, _, u in found]) * square
    normals = vertex_normals(mesh.vertices, mesh.faces)
    return Unwrapped(
        mesh.vertices[source], normals[source], faces.astype(np.int32), np.ascontiguousarray(uv, np.float32), source,
        int(atlas.chart_count),
    )  # fmt: skip


def _boxes(mesh: Mesh) -> list[NDArray[np.int64]]:
    """Faces by halving the longest side again and again; neighbours stay together."""
    middle = mesh.vertices[mesh.faces].mean(1)
    done: list[NDArray[np.int64]] = []
    waiting = [np.arange(len(mesh.faces))]
    while waiting:
        some = waiting.pop()
        if len(some) <= PIECE:
            done.append(some)
            continue
        axis = int(np.ptp(middle[some], axis=0).argmax())
        order = some[np.argsort(middle[some, axis], kind="stable")]
        waiting += [order[: len(order) // 2], order[len(order) // 2 :]]
    return done
