"""The vertices of a PLY file: positions, normals, colours and texture coordinates under all their names, and the rest by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.errors import UnreadableFile
from sculpt3d.models.codes import rgba_of
from sculpt3d.models.mapped import Mapped
from sculpt3d.models.ply_header import Element, Header
from sculpt3d.models.ply_rows import rows_of
from sculpt3d.types import F32, U8

COLOURS = (
    ("red", "green", "blue", "alpha"),
    ("diffuse_red", "diffuse_green", "diffuse_blue", "diffuse_alpha"),
    ("r", "g", "b", "a"),
)
_UVS = (
    ("s", "t"),
    ("u", "v"),
    ("texture_u", "texture_v"),
    ("tu", "tv"),
    ("texcoord_u", "texcoord_v"),
    ("texture_s", "texture_t"),
)
_NORMALS = (("nx", "ny", "nz"), ("normal_x", "normal_y", "normal_z"))


@dataclass(frozen=True)
class Vertices:
    """xyz (V, 3) float32, or float64 where the file has more digits; normals as in the file, not of
    unit length; uv too: v counts from the bottom."""

    xyz: NDArray[Any]
    normals: F32 | None
    rgba: U8 | None
    uv: F32 | None
    attributes: Mapping[str, NDArray[Any]]
    lists: tuple[str, ...]  # properties of which this holds nothing


def read_vertices(mapped: Mapped, header: Header, start: int, file: str, surface: bool) -> Vertices:
    """surface: whether there are faces; without them u and v are no texture coordinates. Raises `UnreadableFile`."""
    element = header.element("vertex")
    if element is None:
        raise UnreadableFile(f"{file} holds no vertices; export it again")
    kinds = {p.name: p.kind for p in element.properties if not p.count}
    if not {"x", "y", "z"} <= kinds.keys():
        raise UnreadableFile(f"{file} has vertices without x, y and z; export it again")
    normal = next((n for n in _NORMALS if set(n) <= kinds.keys()), ())
    uv = next((n for n in _UVS if surface and set(n) <= kinds.keys()), ())
    colour = next((n for n in COLOURS if set(n[:3]) <= kinds.keys()), ())
    n = element.count
    precise = any(np.dtype(kinds[k]).itemsize > 4 or kinds[k] in {"i4", "u4"} for k in "xyz")
    xyz = np.empty((n, 3), np.float64 if precise else np.float32)
    normals = np.empty((n, 3), np.float32) if normal else None
    uvs = np.empty((n, 2), np.float32) if uv else None
    tables = [
        (names, table) for names, table in ((("x", "y", "z"), xyz), (normal, normals), (uv, uvs)) if names
    ]
    taken = {name for names, _ in tables for name in names}
    single = {name: np.empty(n, kind) for name, kind in kinds.items() if name not in taken}
    _fill(mapped, header, element, start, file, tables, single)
    alpha = single.pop(colour[3], None) if colour else None
    rgba = rgba_of([single.pop(c) for c in colour[:3]], alpha) if colour else None
    return Vertices(xyz, normals, rgba, uvs, single, tuple(p.name for p in element.properties if p.count))


def _fill(
    mapped: Mapped,
    header: Header,
    element: Element,
    start: int,
    file: str,
    tables: list[Any],
    single: dict[str, NDArray[Any]],
) -> None:
    done = 0
    with np.errstate(over="ignore", invalid="ignore"):
        for rows in rows_of(mapped, element, header.form, start, file):
            here = slice(done, done + rows.count)
            for names, table in tables:
                for k, name in enumerate(names):
                    table[here, k] = rows.columns[name]
            for name, column in single.items():
                column[here] = rows.columns[name]
            done += rows.count
