"""Binary PLY for clouds and meshes: written whole or not at all, read with bounds."""

from __future__ import annotations

import io
import os
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from sculpt3d.errors import UnreadableFile
from sculpt3d.files import write_atomic, write_parts
from sculpt3d.types import Mesh, PointCloud

_PLY_OF = {
    "f4": "float",
    "f8": "double",
    "u1": "uchar",
    "i4": "int",
    "u4": "uint",
    "i2": "short",
    "u2": "ushort",
    "i1": "char",
}
_DTYPE_OF = {name: code for code, name in _PLY_OF.items()} | {
    "float32": "f4",
    "float64": "f8",
    "uint8": "u1",
    "int8": "i1",
    "int32": "i4",
    "uint32": "u4",
    "int16": "i2",
    "uint16": "u2",
}
_MAX_HEADER = 64 * 1024
_BLOCK = 1_000_000  # points written at a time
_POINT = np.dtype(
    [(name, "<f4") for name in ("x", "y", "z", "nx", "ny", "nz")]
    + [(name, "u1") for name in ("red", "green", "blue")]
    + [("views", "<i4"), ("error", "<f4")]
)


def write_cloud(path: Path, cloud: PointCloud, comments: tuple[str, ...] = ()) -> None:
    """x y z, nx ny nz, red green blue, views, error; in blocks, so that a cloud on disk need not fit into memory."""
    n = len(cloud.xyz)
    head = _header({"vertex": np.broadcast_to(np.zeros((), _POINT), n)}, comments)
    blocks = (_point_rows(cloud, slice(k, k + _BLOCK)).tobytes() for k in range(0, n, _BLOCK))
    write_parts(path, chain([head], blocks))


def _point_rows(cloud: PointCloud, block: slice) -> NDArray[Any]:
    rows = np.zeros(len(cloud.xyz[block]), _POINT)
    _fill(rows, ("x", "y", "z"), cloud.xyz[block])
    _fill(rows, ("nx", "ny", "nz"), cloud.normal[block])
    _fill(rows, ("red", "green", "blue"), cloud.rgb[block])
    rows["views"], rows["error"] = cloud.views[block], cloud.error[block]
    return rows


def read_cloud(path: Path) -> PointCloud:
    """Any binary little-endian PLY with x y z; missing normals are zero, colours grey, counts zero."""
    rows = read_elements(path)["vertex"]
    n = len(rows)
    names = rows.dtype.names or ()
    return PointCloud(
        xyz=_columns(rows, ("x", "y", "z"), np.float32),
        normal=_columns(rows, ("nx", "ny", "nz"), np.float32)
        if "nx" in names
        else np.zeros((n, 3), np.float32),
        rgb=_columns(rows, ("red", "green", "blue"), np.uint8)
        if "red" in names
        else np.full((n, 3), 128, np.uint8),
        views=rows["views"].astype(np.int32) if "views" in names else np.zeros(n, np.int32),
        error=rows["error"].astype(np.float32) if "error" in names else np.zeros(n, np.float32),
    )


def write_mesh(path: Path, mesh: Mesh, comments: tuple[str, ...] = ()) -> None:
    """Vertices with optional colour and `filled` (1 = no photo evidence), triangles."""
    fields: list[tuple[str, str]] = [("x", "<f4"), ("y", "<f4"), ("z", "<f4")]
    if mesh.rgb is not None:
        fields += [("red", "u1"), ("green", "u1"), ("blue", "u1")]
    if mesh.filled is not None:
        fields += [("filled", "u1")]
    rows = np.zeros(len(mesh.vertices), fields)
    _fill(rows, ("x", "y", "z"), mesh.vertices)
    if mesh.rgb is not None:
        _fill(rows, ("red", "green", "blue"), mesh.rgb)
    if mesh.filled is not None:
        rows["filled"] = mesh.filled
    faces = np.zeros(len(mesh.faces), [("n", "u1"), ("v", "<i4", (3,))])
    faces["n"], faces["v"] = 3, mesh.faces
    head = _header({"vertex": rows}, comments, face_count=len(faces))
    write_atomic(path, head + rows.tobytes() + faces.tobytes())


def read_mesh(path: Path) -> Mesh:
    """A mesh that `write_mesh` wrote (triangles only)."""
    elements = read_elements(path)
    rows = elements["vertex"]
    names = rows.dtype.names or ()
    if "face" not in elements:
        raise UnreadableFile(f"{path.name} holds points but no triangles; give a mesh")
    return Mesh(
        vertices=_columns(rows, ("x", "y", "z"), np.float32),
        faces=np.ascontiguousarray(elements["face"]["v"], np.int32),
        rgb=_columns(rows, ("red", "green", "blue"), np.uint8) if "red" in names else None,
        filled=rows["filled"].astype(bool) if "filled" in names else None,
    )


def read_elements(path: Path) -> dict[str, NDArray[Any]]:
    """The elements of a binary little-endian PLY as record arrays; lists must be triangles."""
    with open(path, "rb") as f:
        head = f.read(_MAX_HEADER)
        end = head.find(b"end_header\n")
        if not head.startswith(b"ply") or end < 0:
            raise UnreadableFile(f"{path.name} is not a PLY file; export it again")
        body = _mapped(f, end + len(b"end_header\n"))
    elements: dict[str, NDArray[Any]] = {}
    offset = 0
    for name, count, dtype in _parse_header(head[:end].decode("ascii", "replace"), path):
        size = count * dtype.itemsize
        if count < 0 or (count and not size) or offset + size > len(body):
            raise UnreadableFile(f"{path.name} is cut short; export it again")
        elements[name] = body[offset : offset + size].view(dtype)
        if "n" in (dtype.names or ()) and not (elements[name]["n"] == 3).all():
            raise UnreadableFile(f"{path.name} has faces that are not triangles; export it as triangles")
        offset += size
    if "vertex" not in elements:
        raise UnreadableFile(f"{path.name} holds no vertices; export it again")
    return elements


def _mapped(file: BinaryIO, start: int) -> NDArray[np.uint8]:
    """What follows `start`, read only where it is looked at."""
    left = os.fstat(file.fileno()).st_size - start
    return np.memmap(file, np.uint8, "r", start, (left,)) if left else np.empty(0, np.uint8)


def _parse_header(text: str, path: Path) -> list[tuple[str, int, np.dtype[Any]]]:
    found: list[tuple[str, int, list[Any]]] = []
    try:
        for line in io.StringIO(text):
            words = line.split()
            if words[:1] == ["format"] and words[1] != "binary_little_endian":
                raise UnreadableFile(f"{path.name} is not binary little-endian PLY; save it in that form")
            if words[:1] == ["element"]:
                found.append((words[1], int(words[2]), []))
            elif words[:2] == ["property", "list"]:
                found[-1][2].extend(
                    [("n", "<" + _DTYPE_OF[words[2]]), ("v", "<" + _DTYPE_OF[words[3]], (3,))]
                )
            elif words[:1] == ["property"]:
                found[-1][2].append((words[2], "<" + _DTYPE_OF[words[1]]))
        return [(name, count, np.dtype(fields)) for name, count, fields in found]
    except (KeyError, IndexError, ValueError) as error:
        raise UnreadableFile(f"{path.name} has a PLY header that makes no sense; export it again") from error


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


def _columns(rows: NDArray[Any], names: tuple[str, ...], dtype: type) -> NDArray[Any]:
    return np.stack([rows[name] for name in names], 1).astype(dtype)
