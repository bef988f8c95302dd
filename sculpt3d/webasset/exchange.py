"""The other programs' plain formats: OBJ with MTL, PLY, STL in millimetres for printing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.colour import to_codes
from sculpt3d.files import write_atomic
from sculpt3d.models.colouring import Painted
from sculpt3d.models.document import Document, Part
from sculpt3d.surface.topology import face_areas
from sculpt3d.types import U8, Mesh
from sculpt3d.webasset.attributes import together
from sculpt3d.webasset.colours import joined
from sculpt3d.webasset.glb import Label
from sculpt3d.webasset.pictures import encode_picture

_PLY = {"f4": "float", "f8": "double", "u1": "uchar", "i1": "char", "u2": "ushort", "i2": "short"}


def write_obj(path: Path, part: Part, label: Label) -> list[Path]:
    """NAME.obj, NAME.mtl and NAME.jpg (PNG where it has alpha) side by side; the user's own coordinates, v up."""
    stem, look = path.stem, part.material
    assert look.texture is not None and part.uv is not None and part.normals is not None
    clear = look.alpha != "opaque" and look.texture.pixels.shape[2] == 4
    picture, material = path.with_suffix(".png" if clear else ".jpg"), path.with_suffix(".mtl")
    pixels = look.texture.pixels if clear else look.texture.pixels[..., :3]
    write_atomic(picture, encode_picture(pixels, "png" if clear else "jpeg", 92))
    rows = [f"newmtl {stem}", "Kd 1 1 1", "Ks 0 0 0", "illum 1", f"map_Kd {picture.name}"]
    rows += [f"map_d {picture.name}"] if clear else []
    write_atomic(material, ("\n".join(rows) + "\n").encode())
    rows = [f"# {label.name}, {'metres' if label.metric else 'no scale'}, +Y up", f"mtllib {material.name}"]
    if any(label.offset):
        steps = _decimals(part.vertices)
        far = part.vertices.astype(np.float64) + label.offset
        rows += [f"v {x:.{steps}f} {y:.{steps}f} {z:.{steps}f}" for x, y, z in far.tolist()]
    else:
        rows += [f"v {x:.7g} {y:.7g} {z:.7g}" for x, y, z in part.vertices.tolist()]
    rows += [f"vt {u:.6f} {1 - v:.6f}" for u, v in part.uv.tolist()]
    rows += [f"vn {x:.4f} {y:.4f} {z:.4f}" for x, y, z in part.normals.tolist()]
    rows += [f"usemtl {stem}"]
    rows += [f"f {a}/{a}/{a} {b}/{b}/{b} {c}/{c}/{c}" for a, b, c in (part.faces + 1).tolist()]
    write_atomic(path, ("\n".join(rows) + "\n").encode())
    return [path, material, picture]


def write_ply(path: Path, document: Document, metric: bool) -> None:
    """All detail there is: vertices with normals where the file has them, colours, attributes; the user's own coordinates, as
    doubles where they are far from the origin."""
    parts, mesh = document.parts, joined(document.parts)
    far = bool(document.offset.any())
    columns: list[tuple[str, NDArray[Any]]] = []
    places = mesh.vertices.astype(np.float64) + document.offset if far else mesh.vertices
    columns += list(zip("xyz", places.T, strict=True))
    if all(p.normals is not None for p in parts):
        normals = np.concatenate([p.normals for p in parts if p.normals is not None])
        columns += list(zip(("nx", "ny", "nz"), normals.T, strict=True))
    if any(p.coloured for p in parts):
        rgba = np.concatenate([_at_vertices(p) for p in parts])
        channels = 3 if (rgba[:, 3] == 255).all() else 4
        columns += list(zip(("red", "green", "blue", "alpha"), rgba.T[:channels], strict=False))
    for name, values in together(parts)[0].items():
        wide = values.reshape(len(values), -1).T
        columns += [(name if len(wide) == 1 else f"{name}_{k}", v) for k, v in enumerate(wide)]
    rows = np.zeros(len(mesh.vertices), [(name, v.dtype.newbyteorder("<")) for name, v in columns])
    for name, v in columns:
        rows[name] = v
    faces = np.zeros(len(mesh.faces), [("n", "u1"), ("v", "<i4", (3,))])
    faces["n"], faces["v"] = 3, mesh.faces
    head = [
        "ply",
        "format binary_little_endian 1.0",
        "comment +Y up",
        f"comment {'metres' if metric else 'no scale'}",
    ]
    head += [
        f"element vertex {len(rows)}",
        *(f"property {_PLY[v.dtype.str[1:]]} {name}" for name, v in columns),
    ]
    head += [f"element face {len(faces)}", "property list uchar int vertex_indices", "end_header"]
    write_atomic(path, ("\n".join(head) + "\n").encode() + rows.tobytes() + faces.tobytes())


def write_stl(path: Path, mesh: Mesh, metric: bool) -> None:
    """Binary, millimetres, +Z up as printers' programs expect; without a scale the longest side becomes 100 mm."""
    v = mesh.vertices.astype(np.float64)
    scale = 1000.0 if metric else 100 / max(float(np.ptp(v, axis=0).max()), 1e-30)
    turned = (v @ np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], np.float64) * scale).astype("<f4")
    faces = mesh.faces[face_areas(mesh.vertices, mesh.faces) > 0]
    a, b, c = (turned[faces[:, k]] for k in range(3))
    normal = np.cross((b - a).astype(np.float64), c - a)
    rows = np.zeros(len(faces), [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("more", "<u2")])
    rows["normal"] = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-30)
    rows["corners"] = np.stack([a, b, c], 1)
    head = ("Sculpt3D, millimetres" if metric else "Sculpt3D, no scale: longest side 100").ljust(80).encode()
    write_atomic(path, head + np.uint32(len(rows)).tobytes() + rows.tobytes())


def _at_vertices(part: Part) -> U8:
    """sRGB and alpha (V, 4); a picture's colour at the vertices."""
    corners = np.repeat(np.arange(len(part.vertices))[:, None], 3, 1)
    found = Painted(part, clay=False).at(corners, np.tile([1.0, 0.0, 0.0], (len(corners), 1)))
    return np.concatenate([to_codes(found[:, :3]), np.round(found[:, 3:] * 255).astype(np.uint8)], 1)


def _decimals(vertices: NDArray[Any]) -> int:
    """After the point, for a ten millionth of the size."""
    span = max(float(np.ptp(vertices, axis=0).max()), 1e-30)
    return int(np.clip(np.ceil(7 - np.log10(span)), 0, 12))
