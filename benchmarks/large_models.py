"""A scan made as large as is wanted: every triangle split n x n, and relief as of tool marks added, down to a few wide."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sculpt3d.models.normals import welded_normals
from sculpt3d.models.read import read_document


def split(vertices: np.ndarray, faces: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Every triangle as n x n, still hanging together."""
    count, k = len(vertices), np.arange(1, n)
    corners = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    keys, edge = np.unique(np.sort(corners, 1) @ [count, 1], return_inverse=True)
    a, b = keys // count, keys % count
    on_edges = vertices[a, None] + (vertices[b] - vertices[a])[:, None] * (k / n)[None, :, None]
    i, j = (g.ravel() for g in np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij"))
    i, j = i[i + j <= n], j[i + j <= n]  # steps from corner 0 towards 1 and 2
    place = np.full((n + 1, n + 1), -1)
    place[i, j] = np.arange(len(i))
    inner = (i > 0) & (j > 0) & (i + j < n)
    number = np.empty((len(faces), len(i)), np.int64)
    for corner, (ci, cj) in enumerate(((0, 0), (n, 0), (0, n))):
        number[:, place[ci, cj]] = faces[:, corner]
    ways = (place[k, 0], place[n - k, k], place[0, n - k])
    for side, way in enumerate(ways):
        of, first, second = edge.reshape(3, -1)[side], faces[:, side], faces[:, (side + 1) % 3]
        step = np.where((first < second)[:, None], k - 1, n - 1 - k)
        number[:, way] = count + of[:, None] * (n - 1) + step
    start = count + len(keys) * (n - 1)
    number[:, inner] = start + np.arange(len(faces) * int(inner.sum())).reshape(len(faces), -1)
    u, v = vertices[faces[:, 1]] - vertices[faces[:, 0]], vertices[faces[:, 2]] - vertices[faces[:, 0]]
    inside = vertices[faces[:, 0], None] + (
        u[:, None] * (i[inner] / n)[:, None] + v[:, None] * (j[inner] / n)[:, None]
    )
    up = [(place[p, q], place[p + 1, q], place[p, q + 1]) for p, q in zip(i, j, strict=True) if p + q < n]
    down = [
        (place[p + 1, q], place[p + 1, q + 1], place[p, q + 1])
        for p, q in zip(i, j, strict=True)
        if p + q < n - 1
    ]
    cut = number[:, np.array(up + down)].reshape(-1, 3)
    return np.concatenate([vertices, on_edges.reshape(-1, 3), inside.reshape(-1, 3)]), cut


def relief(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Moved along the normals by waves from a 40th of the model down to a 1200th, the finer the flatter."""
    size, random = float(np.ptp(vertices, axis=0).max()), np.random.default_rng(0)
    normals = welded_normals(vertices.astype(np.float32), faces.astype(np.int32))
    height = np.zeros(len(vertices), np.float32)
    for octave in range(6):
        wave = random.normal(size=3) * 24 * 2**octave / size
        height += np.sin(vertices @ wave + random.random() * 6).astype(np.float32) * size * 8e-4 / 2**octave
    return vertices + normals * height[:, None]


def write_large(scan: Path, triangles: int, target: Path) -> int:
    """A binary PLY; returns how many triangles it has."""
    surface = read_document(scan).surface()
    n = max(1, round((triangles / len(surface.faces)) ** 0.5))
    vertices, faces = split(surface.vertices.astype(np.float64), surface.faces, n)
    vertices = relief(vertices, faces)
    rows = np.zeros(len(faces), [("n", "u1"), ("v", "<i4", 3)])
    rows["n"], rows["v"] = 3, faces
    head = (
        f"ply\nformat binary_little_endian 1.0\nelement vertex {len(vertices)}\nproperty float x\nproperty float y\n"
        f"property float z\nelement face {len(faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    )
    with open(target, "wb") as f:
        f.write(head.encode())
        f.write(vertices.astype("<f4").tobytes())
        f.write(rows.tobytes())
    return len(faces)
