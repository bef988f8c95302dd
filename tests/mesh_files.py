"""Small model files made by hand: every kind that the readers of PLY, OBJ, STL and clouds meet."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

XYZ = ("property float x", "property float y", "property float z")
FACES = ("property list uchar int vertex_indices",)
SQUARE = "0 0 0\n1 0 0\n1 1 0\n0 1 0\n"
ORANGE = (250, 120, 0)


def ply(head: Sequence[str], body: str | bytes = b"", form: str = "ascii", end: str = "\n") -> bytes:
    lines = ["ply", f"format {form} 1.0", *head, "end_header"]
    text = body if isinstance(body, bytes) else body.replace("\n", end).encode()
    return (end.join(lines) + end).encode() + text


def square_ply(
    vertex: Sequence[str], rows: Sequence[str], face: Sequence[str] = FACES, faces: str = "4 0 1 2 3\n"
) -> bytes:
    """A unit square; `rows`: what each of its vertices has beyond x y z."""
    body = "".join(f"{xyz} {row}\n" for xyz, row in zip(SQUARE.splitlines(), rows, strict=True))
    count = len(faces.splitlines())
    return ply(["element vertex 4", *XYZ, *vertex, f"element face {count}", *face], body + faces)


def stl(triangles: np.ndarray, head: bytes = b"made by hand", colours: Sequence[int] | None = None) -> bytes:
    rows = np.zeros(len(triangles), [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("colour", "<u2")])
    rows["corners"] = triangles
    if colours is not None:
        rows["colour"] = colours
    return head.ljust(80, b"\0") + struct.pack("<I", len(rows)) + rows.tobytes()


def stl_text(triangles: np.ndarray) -> bytes:
    facets = (
        "facet normal 0 0 0\n outer loop\n"
        + "".join(f"  vertex {x:.9g} {y:.9g} {z:.9g}\n" for x, y, z in t)
        + " endloop\nendfacet\n"
        for t in triangles
    )
    return f"solid a\n{''.join(facets)}endsolid a\n".encode()


def points3d(xyz: np.ndarray, rgb: np.ndarray, error: np.ndarray, tracks: Sequence[int]) -> bytes:
    """COLMAP's points3D.bin."""
    out = struct.pack("<Q", len(xyz))
    for k, (p, c, e, t) in enumerate(zip(xyz, rgb, error, tracks, strict=True)):
        out += struct.pack("<Q3d3BdQ", k + 1, *p, *c, e, t) + b"\1\0\0\0\2\0\0\0" * t
    return out


def picture(path: Path, colour: tuple[int, ...], size: tuple[int, int] = (4, 4)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGBA" if len(colour) == 4 else "RGB", size, colour).save(path)


MTL = """newmtl red one
Kd 1 0 0
d 0.5
newmtl picture
map_Kd -s 2 3 1 -o 0.5 0 0 -clamp on "Tex A.png"
newmtl black
Kd 0 0 0
map_Kd C:\\somewhere\\tex a.PNG
map_Ks shine.png
newmtl missing
map_Kd gone.tga
"""
OBJ = """mtllib m.mtl
v 0 0 0
v 1 0 0
v 1 1 0
v 0 1 0
vt 0 0
vt 1 0
vt 1 1
vt 0 1
vn 0 0 2
usemtl red one
f 1 2 3
usemtl picture
f 1/1/1 2/2/1 \\
  3/3/1 4/4/1
g a group
usemtl black
f -4/-4 -3/-3 -2/-2
usemtl missing
f 1/1 2/2 3/3
usemtl unheard
f 1//1 2//1 3//1
"""


def seeds(folder: Path) -> list[tuple[str, bytes]]:
    """Names and contents; what they name lies in `folder`."""
    picture(folder / "Tex A.png", ORANGE)
    (folder / "m.mtl").write_text(MTL)
    triangles = np.random.default_rng(0).random((6, 3, 3))
    colours = ("property uchar red", "property uchar green", "property uchar blue")
    wedge = ("property list uchar float texcoord", "property int texnumber")
    corner = "3 0 1 2 6 0 0 1 0 1 1 0\n3 0 2 3 6 0 0 1 1 0 1 0\n"
    textured = square_ply((), [""] * 4, (*FACES, *wedge), corner)
    mixed = struct.pack("<12f", *(float(w) for w in SQUARE.split())) + struct.pack(
        "<B4iB3i", 4, 0, 1, 2, 3, 3, 0, 1, 2
    )
    head = ["element vertex 4", *XYZ, "element face 2", *FACES]
    even = struct.pack(">12d", *range(12)) + struct.pack(">B3iB3i", 3, 0, 1, 2, 3, 2, 1, 3)
    strips = ["element vertex 4", *XYZ, "element tristrips 1", "property list int int vertex_indices"]
    return [
        ("a.ply", square_ply(colours, ["1 2 3"] * 4)),
        ("b.ply", ply(head, mixed, "binary_little_endian")),
        ("c.ply", ply([h.replace("float", "double") for h in head], even, "binary_big_endian")),
        ("d.ply", textured.replace(b"element", b"comment TextureFile tex a.png\nelement", 1)),
        ("e.ply", ply(strips, SQUARE + "6 0 1 2 -1 1 3\n")),
        ("f.obj", OBJ.encode()),
        ("g.obj", "".join(f"v {k} {k * k} 1 0.5 0.5 1\n" for k in range(9)).encode() + b"f 1 2 3 4 5 6 7 8 9\n"),
        ("h.stl", stl(triangles)),
        ("i.stl", stl_text(triangles)),
        ("j.xyz", b"1 2 3 255 0 0\n4 5 6 0 255 1\n"),
        ("k.csv", b"x;y;z;red;green;blue\n1,5;2;3;9;9;9\n4;5;6;8;8;8\n"),
        ("l.pts", b"2\n1 2 3 -1000 255 0 1\n1 2 4 -900 255 0 1\n"),
    ]  # fmt: skip
