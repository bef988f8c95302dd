"""A cut as the card takes it: vertices and indices of its clusters, one after another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d._kernels import njit
from viewer.detail.cut import Cut
from viewer.detail.levels import Levels


@dataclass(frozen=True)
class Gathered:
    """vertices (N,) of the levels' kind; indices (M,) uint32 among them; spans: part, first index and how many, of each part."""

    vertices: NDArray[np.void]
    indices: NDArray[np.uint32]
    spans: tuple[tuple[int, int, int], ...]


def gathered(levels: Levels, cut: Cut) -> Gathered:
    of = levels.clusters[cut.clusters]
    starts = np.cumsum([0, *of["vertices"]])
    ends = np.cumsum([0, *(3 * of["triangles"])])
    vertices = np.empty(int(starts[-1]), levels.vertices.dtype)
    indices = np.empty(int(ends[-1]), np.uint32)
    wide = vertices.dtype.itemsize // 4  # records are whole words
    _copied(
        levels.vertices.view(np.uint32).reshape(-1, wide), levels.indices, of["vertex"], of["index"], starts, ends,
        vertices.view(np.uint32).reshape(-1, wide), indices,
    )  # fmt: skip
    parts, first = np.unique(of["part"], return_index=True)
    edges = [*(int(ends[k]) for k in first), len(indices)]
    spans = tuple((int(p), a, b - a) for p, a, b in zip(parts, edges, edges[1:], strict=False))
    return Gathered(vertices, indices, spans)


@njit(nogil=True, cache=True)
def _copied(
    vertices: Any, indices: Any, vertex: Any, index: Any, starts: Any, ends: Any, to: Any, to_indices: Any
) -> None:
    wide = vertices.shape[1]
    for c in range(len(vertex)):
        begin = starts[c]
        for i in range(starts[c + 1] - begin):
            for k in range(wide):
                to[begin + i, k] = vertices[vertex[c] + i, k]
        for i in range(ends[c + 1] - ends[c]):
            to_indices[ends[c] + i] = indices[index[c] + i] + begin
