"""Our own PLY files, clouds and meshes: written whole or not at all, read fast. `ply_read` reads any as a document."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.errors import UnreadableFile
from sculpt3d.files import write_atomic, write_parts
from sculpt3d.geometry import F64
from sculpt3d.models.mapped import map_file
from sculpt3d.models.ply_elements import read_elements
from sculpt3d.models.ply_header import read_header
from sculpt3d.models.ply_vertices import Vertices
from sculpt3d.types import F32, I32, U8, Mesh, PointCloud

_PLY_OF = {"f4": "float", "f8": "double", "u1": "uchar", "i4": "int"}
_BLOCK = 1_000_000  # points written at a time
_POINT = np.dtype(
    [(name, "<f4") for name in ("x", "y", "z", "nx", "ny", "nz")]
    + [(name, "u1") for name in ("red", "green", "blue")]
    + [("views", "<i4"), ("error", "<f4")]
)
_FAR_POINT = np.dtype([(name, "<f8") for name in ("x", "y", "z")] + _POINT.descr[3:])


def write_cloud(
    path: Path, cloud: PointCloud, comments: tuple[str, ...] = (), offset: F64 | None = None
) -> None:
    """x y z, nx ny nz, red green blue, views, error; in blocks, so that a cloud on disk need not fit into memory.

    offset (3,): added to the positions, which are then doubles.
    """
    n, kind = len(cloud.xyz), _POINT if offset is None else _FAR_POINT
    head = _header({"vertex": np.broadcast_to(np.zeros((), kind), n)}, comments)
    blocks = (_point_rows(cloud, slice(k, k + _BLOCK), kind, offset).tobytes() for k in range(0, n, _BLOCK))
    write_parts(path, chain([head], blocks))


def _point_rows(cloud: PointCloud, block: slice, kind: np.dtype[Any], offset: F64 | None) -> NDArray[Any]:
    rows = np.zeros(len(cloud.xyz[block]), kind)
    _fill(rows, ("x", "y", "z"), cloud.xyz[block] if offset is None else cloud.xyz[block] + offset)
    _fill(rows, ("nx", "ny", "nz"), cloud.normal[block])
    _fill(rows, ("red", "green", "blue"), cloud.rgb[block])
    rows["views"], rows["error"] = cloud.views[block], cloud.error[block]
    return rows


def read_cloud(path: Path) -> PointCloud:
    """The vertices of any PLY; missing normals are zero, colours grey, counts zero."""
    found, _ = _read(path, faces=False)
    n = len(found.xyz)
    views, error = found.attributes.get("views"), found.attributes.get("error")
    return PointCloud(
        xyz=found.xyz.astype(np.float32, copy=False),
        normal=np.zeros((n, 3), np.float32) if found.normals is None else found.normals,
        rgb=np.full((n, 3), 128, np.uint8) if found.rgba is None else _rgb(found.rgba),
        views=np.zeros(n, np.int32) if views is None else views.astype(np.int32, copy=False),
        error=np.zeros(n, np.float32) if error is None else error.astype(np.float32, copy=False),
    )


def write_mesh(
    path: Path, mesh: Mesh, comments: tuple[str, ...] = (), more: Mapping[str, F32] | None = None
) -> None:
    """Vertices with optional colour and `filled` (1 = no photo evidence), triangles. more: further columns (V,) by name."""
    fields: list[tuple[str, str]] = [("x", "<f4"), ("y", "<f4"), ("z", "<f4")]
    if mesh.rgb is not None:
        fields += [("red", "u1"), ("green", "u1"), ("blue", "u1")]
    if mesh.filled is not None:
        fields += [("filled", "u1")]
    fields += [(name, "<f4") for name in more or {}]
    rows = np.zeros(len(mesh.vertices), fields)
    _fill(rows, ("x", "y", "z"), mesh.vertices)
    if mesh.rgb is not None:
        _fill(rows, ("red", "green", "blue"), mesh.rgb)
    if mesh.filled is not None:
        rows["filled"] = mesh.filled
    for name, values in (more or {}).items():
        rows[name] = values
    faces = np.zeros(len(mesh.faces), [("n", "u1"), ("v", "<i4", (3,))])
    faces["n"], faces["v"] = 3, mesh.faces
    head = _header({"vertex": rows}, comments, face_count=len(faces))
    write_atomic(path, head + rows.tobytes() + faces.tobytes())


def read_mesh(path: Path) -> Mesh:
    """The surface of any PLY as one mesh, with `filled` where the file has it."""
    found, triangles = _read(path, faces=True)
    filled = found.attributes.get("filled")
    return Mesh(
        vertices=found.xyz.astype(np.float32, copy=False),
        faces=triangles,
        rgb=None if found.rgba is None else _rgb(found.rgba),
        filled=None if filled is None else filled.astype(bool),
    )


def read_column(path: Path, begins: str) -> tuple[str, F32, F32]:
    """Name and values (V,) of the first column whose name begins so, and the vertices (V, 3). Raises `UnreadableFile`."""
    found, _ = _read(path, faces=False)
    name = next((n for n in found.attributes if n.startswith(begins)), None)
    if name is None:
        raise UnreadableFile(f"{path.name} has no column {begins}; make it again")
    return name, found.attributes[name].astype(np.float32, copy=False), found.xyz.astype(np.float32, copy=False)


def _read(path: Path, faces: bool) -> tuple[Vertices, I32]:
    mapped = map_file(path)
    header = read_header(mapped, path.name)
    found, surface = read_elements(mapped, header, path.name, faces)
    if faces and surface is None:
        raise UnreadableFile(f"{path.name} holds points but no triangles; give a mesh")
    return found, np.zeros((0, 3), np.int32) if surface is None else surface.triangles


def _rgb(rgba: U8) -> U8:
    return np.ascontiguousarray(rgba[:, :3])


def _header(
    elements: dict[str, NDArray[Any]], comments: tuple[str, ...], face_count: int | None = None
) -> bytes:
    lines = ["ply", "format binary_little_endian 1.0", *(f"comment {c}" for c in comments)]
    for name, rows in elements.items():
        lines.append(f"element {name} {len(rows)}")
        for field in rows.dtype.names or ():
            lines.append(f"property {_PLY_OF[rows.dtype[field].str[1:]]} {field}")
    if face_count is not None:
        lines += [f"element face {face_count}", "property list uchar int vertex_indices"]
    return ("\n".join([*lines, "end_header"]) + "\n").encode("ascii")


def _fill(rows: NDArray[Any], names: tuple[str, ...], values: NDArray[Any]) -> None:
    for i, name in enumerate(names):
        rows[name] = values[:, i]
