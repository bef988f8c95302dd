"""What the levels of detail of a model are, as tables: nothing here knows how they are made, kept or drawn.

A group is what was simplified together: its clusters go and come together, at one error, so no cut has a crack. A cluster is
drawn where its own group's error is small enough on the screen, and that of the group it went into is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sculpt3d.geometry import F64

MOST = 128  # triangles of a cluster
LEAF = -1  # the "own group" of clusters of the model's own triangles; also the "next group" of clusters that went into none

# error: how far at most this surface is from the model's own, in its unit; look: by how much its picture has slid. Neither is
# less than in the groups below. rim: how far rims have moved, all levels added; between: what the surface may be farther off
# between the vertices it is measured at. sphere: holds the group and all groups below: middle and radius.
GROUP = np.dtype([("error", "<f4"), ("look", "<f4"), ("rim", "<f4"), ("between", "<f4"), ("sphere", "<f4", 4)])
# vertices and indices: where they begin, and how many; triangles' indices count from the cluster's first vertex.
CLUSTER = np.dtype(
    [("own", "<i4"), ("next", "<i4"), ("part", "<i4"), ("sphere", "<f4", 4), ("vertex", "<i8"), ("index", "<i8"),
     ("vertices", "<i4"), ("triangles", "<i4")]
)  # fmt: skip


def vertex_kind(textured: bool, coloured: bool) -> np.dtype:
    """A vertex as the card takes it. source: its number in the document. normal: 127 is 1."""
    fields = [("position", "<f4", 3), ("normal", "i1", 4), ("source", "<u4")]
    if textured:
        fields.append(("uv", "<f4", 2))
    if coloured:
        fields.append(("rgba", "u1", 4))
    return np.dtype(fields)


@dataclass(frozen=True)
class Columns:
    """own, next, triangles (C,), sphere (C, 4) of clusters."""

    own: NDArray[np.int32]
    next: NDArray[np.int32]
    triangles: NDArray[np.int32]
    sphere: NDArray[np.float32]


@dataclass(frozen=True)
class Levels:
    """groups (G,) GROUP, clusters (C,) CLUSTER, vertices (N,) of `vertex_kind`, indices (M,) uint16."""

    groups: NDArray[np.void]
    clusters: NDArray[np.void]
    vertices: NDArray[np.void]
    indices: NDArray[np.uint16]

    @cached_property
    def columns(self) -> Columns:
        """Of the clusters, one after another in memory."""
        c = self.clusters
        return Columns(*(np.ascontiguousarray(c[name]) for name in ("own", "next", "triangles", "sphere")))

    @property
    def triangles(self) -> int:
        """Of the model itself."""
        return int(self.clusters["triangles"][self.clusters["own"] == LEAF].sum())

    def triangles_of(self, number: int) -> NDArray[np.uint32]:
        """(T, 3) of one cluster, as vertices of the document."""
        c = self.clusters[number]
        source = self.vertices["source"][c["vertex"] : c["vertex"] + c["vertices"]]
        return source[self.indices[c["index"] : c["index"] + 3 * c["triangles"]]].reshape(-1, 3)

    def allowed(self, error: float) -> NDArray[np.int64]:
        """Numbers of the clusters whose surface is the coarsest within that error everywhere, in the model's unit."""
        own, after = (group_values(self.groups["error"], self.clusters[k], d) for k, d in (("own", 0), ("next", np.inf)))
        return np.flatnonzero((own <= error) & (after > error))


def group_values(values: NDArray[np.floating], group: NDArray[np.int32], default: float) -> F64:
    """(C,) of the groups that clusters belong to; `default` for those that belong to none."""
    return np.append(values.astype(np.float64), default)[group]
