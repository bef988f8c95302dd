"""A model as its file tells it: parts with their colours and attributes, where they lie, and in what unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sculpt3d.geometry import F64
from sculpt3d.models.distinct import all_apart, places
from sculpt3d.types import F32, I32, U8, Mesh

Wrap = Literal["repeat", "clamp", "mirror"]


@dataclass(frozen=True)
class Texture:
    """pixels sRGB (H, W, 3), or (H, W, 4) with straight alpha; row 0 is v = 0. wrap: beyond 0..1, along u and along v."""

    pixels: U8
    wrap: tuple[Wrap, Wrap] = ("repeat", "repeat")


@dataclass(frozen=True)
class Material:
    """A point's colour is factor x texture x vertex colour, multiplied in linear light; its alpha likewise.

    factor: linear RGBA. alpha: what to do with it; "mask": below `cutoff` nothing is there. Maps lie on the colour's uv.
    """

    name: str = ""
    factor: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    texture: Texture | None = None
    alpha: Literal["opaque", "mask", "blend"] = "opaque"
    cutoff: float = 0.5
    normal_map: U8 | None = None  # (H, W, 3), tangent space
    occlusion: U8 | None = None  # (H, W, 3)


@dataclass(frozen=True)
class Part:
    """Triangles, or points where `faces` is (0, 3), under one material. Vertices on a seam are there once a side.

    attributes: what else the file says of each vertex, (V,) or (V, k), by name in lower case: error, views, filled, ...
    """

    vertices: NDArray[
        Any
    ]  # (V, 3) float32, local: Document.offset is to be added; from a format's reader also float64
    faces: I32  # (F, 3), counter-clockwise seen from outside
    material: Material = Material()
    uv: F32 | None = None  # (V, 2), origin top-left, as the colour texture is to be read
    rgba: U8 | None = None  # (V, 4), sRGB and alpha
    normals: F32 | None = None  # (V, 3), unit
    attributes: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    name: str = ""

    @property
    def coloured(self) -> bool:
        """Whether the file says anything of its colour."""
        return (
            self.rgba is not None
            or self.material.texture is not None
            or self.material.factor[:3] != (1, 1, 1)
        )


    def picked(self, vertices: NDArray[Any], faces: I32) -> Part:
        """With the vertices of a mask or an index, and `faces` among them."""
        return replace(
            self,
            vertices=self.vertices[vertices],
            faces=faces,
            uv=None if self.uv is None else self.uv[vertices],
            rgba=None if self.rgba is None else self.rgba[vertices],
            normals=None if self.normals is None else self.normals[vertices],
            attributes={k: v[vertices] for k, v in self.attributes.items()},
        )


@dataclass(frozen=True)
class Document:
    """offset (3,): added to the parts' vertices it gives the file's own coordinates. unit_m: metres a unit, None where
    nothing says so; unit_source: who says. notes: what could not be kept, a sentence each."""

    name: str
    parts: tuple[Part, ...]
    offset: F64 = field(default_factory=lambda: np.zeros(3))
    unit_m: float | None = None
    unit_source: str = ""
    notes: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def metric(self) -> bool:
        return self.unit_m is not None

    def points(self) -> F32:
        """(V, 3) local: all vertices of all parts."""
        if len(self.parts) == 1:
            return self.parts[0].vertices.astype(np.float32, copy=False)
        return np.concatenate([p.vertices for p in self.parts]).astype(np.float32, copy=False)

    def triangles(self) -> I32:
        """(F, 3) of all parts, over `points`."""
        if len(self.parts) == 1:
            return self.parts[0].faces
        starts = np.cumsum([0, *(len(p.vertices) for p in self.parts)], dtype=np.int32)
        return np.concatenate([p.faces + n for p, n in zip(self.parts, starts, strict=False)])

    def surface(self) -> Mesh:
        """One mesh without colours, local; vertices at the same place are one, so that charts hang together again. They keep
        the order in which they first come."""
        points, faces = self.points(), self.triangles()
        if all_apart(points):
            return Mesh(points, faces)
        same, first = places(points)
        f = same[faces]
        whole = (f[:, 0] != f[:, 1]) & (f[:, 1] != f[:, 2]) & (f[:, 2] != f[:, 0])
        return Mesh(points[first], f if whole.all() else f[whole])
