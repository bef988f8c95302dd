"""UV charts by xatlas (in a child process), and the atlas as texels: which face covers each, and where on it."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sculpt3d.errors import ResourceError
from sculpt3d.surface.topology import vertex_normals
from sculpt3d.types import F32, I32, Mesh


@dataclass(frozen=True)
class Unwrapped:
    """The mesh split along its charts. uv (V, 2) in 0..1, origin top-left; `source`: vertex of the given mesh (V,)."""

    vertices: F32
    normals: F32
    faces: I32
    uv: F32
    source: I32
    charts: int


def unwrap(mesh: Mesh, size: int) -> Unwrapped:
    """Charts packed into one square, four texels apart at `size` texels a side. Raises `ResourceError`."""
    source, faces, uv, (width, height, charts) = _charts(mesh, size)
    # xatlas may exceed the size a little: uv is relative to its own width.
    square = np.asarray(uv, np.float32) / (max(width, height, 1) / np.array([max(width, 1), max(height, 1)]))
    normals = vertex_normals(mesh.vertices, mesh.faces)
    source = np.asarray(source, np.int32)
    return Unwrapped(
        mesh.vertices[source],
        normals[source],
        np.asarray(faces, np.int32),
        np.ascontiguousarray(square, np.float32),
        source,
        int(charts),
    )


def _charts(mesh: Mesh, size: int) -> tuple[Any, Any, Any, Any]:
    given = io.BytesIO()
    np.savez(given, vertices=mesh.vertices, faces=mesh.faces)
    command = [sys.executable, "-m", "sculpt3d.texture._charts", str(size)]
    done = subprocess.run(command, input=given.getvalue(), capture_output=True)
    if done.returncode:
        why = done.stderr[-80:].decode(errors="replace").strip()
        raise ResourceError(
            f"Unwrapping {len(mesh.faces)} triangles ran out of memory or crashed ({why}); "
            "use a smaller preset or close other programs"
        )
    with np.load(io.BytesIO(done.stdout), allow_pickle=False) as found:
        return found["source"], found["faces"], found["uv"], found["counts"]


def rasterise(uv: F32, faces: I32, size: int) -> tuple[I32, NDArray[np.float32]]:
    """Face (S, S), -1 where none, and barycentric weights (S, S, 2) of the face's first two corners, at texel centres."""
    face = np.full((size, size), -1, np.int32)
    weights = np.zeros((size, size, 2), np.float32)
    _raster(uv.astype(np.float64) * size, faces, face, weights)
    return face, weights


@njit(nogil=True, cache=True)
def _raster(p: Any, faces: Any, face: Any, weights: Any) -> None:
    size = face.shape[0]
    for f in range(len(faces)):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        det = (p[b, 1] - p[c, 1]) * (p[a, 0] - p[c, 0]) + (p[c, 0] - p[b, 0]) * (p[a, 1] - p[c, 1])
        if abs(det) < 1e-12:
            continue
        x0 = max(0, int(np.floor(min(p[a, 0], p[b, 0], p[c, 0]) - 0.5)))
        x1 = min(size - 1, int(np.ceil(max(p[a, 0], p[b, 0], p[c, 0]) - 0.5)))
        y0 = max(0, int(np.floor(min(p[a, 1], p[b, 1], p[c, 1]) - 0.5)))
        y1 = min(size - 1, int(np.ceil(max(p[a, 1], p[b, 1], p[c, 1]) - 0.5)))
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                dx, dy = x + 0.5 - p[c, 0], y + 0.5 - p[c, 1]
                w0 = ((p[b, 1] - p[c, 1]) * dx + (p[c, 0] - p[b, 0]) * dy) / det
                w1 = ((p[c, 1] - p[a, 1]) * dx + (p[a, 0] - p[c, 0]) * dy) / det
                if w0 >= -1e-6 and w1 >= -1e-6 and w0 + w1 <= 1 + 1e-6:
                    face[y, x] = f
                    weights[y, x, 0], weights[y, x, 1] = w0, w1
