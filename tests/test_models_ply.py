"""PLY at the door: every kind of element, property and line end with exact values, and what other programs write."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from sculpt3d._open3d import o3d
from sculpt3d.errors import UnreadableFile
from sculpt3d.models import ply_rows
from sculpt3d.models.document import Document
from sculpt3d.models.ply import read_mesh, write_cloud, write_mesh
from sculpt3d.models.ply_read import read_ply
from sculpt3d.models.read import read_document
from sculpt3d.types import Mesh, PointCloud
from tests.cases_table import CASES, FAR, TABLE, spots
from tests.conftest import SHARED
from tests.mesh_files import FACES, ORANGE, SQUARE, XYZ, picture, ply, square_ply

SQUARE_FACES = [[0, 1, 2], [0, 2, 3]]
RGB = ("property uchar red", "property uchar green", "property uchar blue")


def read(folder: Path, data: bytes, name: str = "m.ply") -> Document:
    (folder / name).write_bytes(data)
    return read_document(folder / name)


def binary(order: str) -> bytes:
    """The square in bytes: big lists of small numbers, doubles, the face before its vertices."""
    face = struct.pack(f"{order}H4I", 4, 0, 1, 2, 3)
    rows = struct.pack(f"{order}12d", *(float(w) for w in SQUARE.split()))
    head = ["element face 1", "property list ushort uint verts", "element vertex 4"]
    double = [p.replace("float", "double") for p in XYZ]
    form = "binary_little_endian" if order == "<" else "binary_big_endian"
    return ply([*head, *double], face + rows, form)


TEXT = ["element vertex 4", *XYZ, "element face 1", "property list uchar int vertex_index"]
SOUND = {
    "LF": ply(TEXT, SQUARE + "4 0 1 2 3\n"),
    "CR LF": ply(TEXT, SQUARE + "4 0 1 2 3\n", end="\r\n"),
    "CR": ply(TEXT, SQUARE + "4 0 1 2 3\n", end="\r"),
    "no end": ply(TEXT, SQUARE + "4 0 1 2 3"),
    "rows over lines": ply(TEXT, SQUARE.replace(" ", "\n") + "4\n0 1\n2 3"),
    "little": binary("<"),
    "big": binary(">"),
    "float32 int32": ply([h.replace("float", "float32").replace("int v", "int32 v") for h in TEXT], SQUARE + "4 0 1 2 3\n"),
    "obj_info": ply(["obj_info made", "comment end_header", *TEXT], SQUARE + "4 0 1 2 3\n"),
    "other elements": ply(["element camera 1", "property float f", *TEXT], "5\n" + SQUARE + "4 0 1 2 3\n"),
}  # fmt: skip


@pytest.mark.parametrize("kind", SOUND)
def test_the_square(tmp_path: Path, kind: str) -> None:
    (part,) = read(tmp_path, SOUND[kind]).parts
    np.testing.assert_array_equal(part.vertices, np.array(SQUARE.split(), "f4").reshape(4, 3))
    assert part.faces.tolist() == SQUARE_FACES


COLOURS = {
    "bytes": (RGB, "10 20 30", (10, 20, 30, 255)),
    "another order": (("property uchar blue", "property uchar red", "property uchar green"), "30 10 20", (10, 20, 30, 255)),
    "16 bits": (tuple(p.replace("uchar", "ushort") for p in RGB), "65535 257 0", (255, 1, 0, 255)),
    "floats to 1": (tuple(p.replace("uchar", "float") for p in RGB), "1 0.2 0", (255, 51, 0, 255)),
    "floats to 255": (tuple(p.replace("uchar", "float") for p in RGB), "255 51 0", (255, 51, 0, 255)),
    "doubles": (tuple(p.replace("uchar", "double") for p in RGB), "1 0.2 0", (255, 51, 0, 255)),
    "whole numbers": (tuple(p.replace("uchar", "int") for p in RGB), "255 51 0", (255, 51, 0, 255)),
    "diffuse": (tuple(p.replace("uchar ", "uchar diffuse_") for p in RGB), "10 20 30", (10, 20, 30, 255)),
    "r g b": (("property uchar r", "property uchar g", "property uchar b"), "10 20 30", (10, 20, 30, 255)),
    "alpha": ((*RGB, "property uchar alpha"), "10 20 30 40", (10, 20, 30, 40)),
    "float alpha": ((*RGB, "property float alpha"), "10 20 30 0.2", (10, 20, 30, 51)),
    "alpha never filled in": ((*RGB, "property uchar alpha"), "10 20 30 0", (10, 20, 30, 255)),
}  # fmt: skip


@pytest.mark.parametrize("kind", COLOURS)
def test_colours(tmp_path: Path, kind: str) -> None:
    properties, values, wanted = COLOURS[kind]
    (part,) = read(tmp_path, square_ply(properties, [values] * 4)).parts
    assert part.rgba is not None and part.rgba.tolist() == [list(wanted)] * 4
    assert part.material.alpha == ("blend" if wanted[3] < 255 else "opaque") and not part.attributes


def test_colours_of_faces_go_to_split_vertices(tmp_path: Path) -> None:
    faces = "3 0 1 2 250 0 0\n3 0 2 3 0 0 250\n"
    (part,) = read(tmp_path, square_ply((), [""] * 4, (*FACES, *RGB), faces)).parts
    assert part.rgba is not None
    assert (part.rgba[part.faces[0]] == (250, 0, 0, 255)).all()
    assert (part.rgba[part.faces[1]] == (0, 0, 250, 255)).all()
    np.testing.assert_array_equal(
        part.vertices[part.faces], np.array(SQUARE.split(), "f4").reshape(4, 3)[SQUARE_FACES]
    )


def test_attributes_and_normals(tmp_path: Path) -> None:
    properties = (
        "property float nx",
        "property float ny",
        "property float nz",
        "property float scalar_Distance",
        "property int Label",
    )
    (part,) = read(tmp_path, square_ply(properties, [f"0 0 {k} {k}.5 {k}" for k in range(4)])).parts
    assert part.normals is not None and part.normals.tolist() == [[0, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1]]
    assert {k: v.tolist() for k, v in part.attributes.items()} == {
        "scalar_distance": [0.5, 1.5, 2.5, 3.5],
        "label": [0, 1, 2, 3],
    }
    assert part.attributes["label"].dtype == np.int32


@pytest.mark.parametrize("names", [("s", "t"), ("u", "v"), ("texture_u", "texture_v")])
def test_texture_coordinates_of_vertices(tmp_path: Path, names: tuple[str, str]) -> None:
    picture(tmp_path / "maps" / "Colour Map.PNG", ORANGE)
    data = square_ply([f"property float {n}" for n in names], ["0 0", "1 0", "1 1", "0 1"])
    document = read(
        tmp_path, data.replace(b"element", b"comment TextureFile MAPS\\colour map.png\nelement", 1)
    )
    (part,) = document.parts
    assert part.uv is not None and part.uv.tolist() == [[0, 1], [1, 1], [1, 0], [0, 0]]  # v from the top
    assert part.material.texture is not None and part.material.texture.pixels[0, 0].tolist() == list(ORANGE)
    assert not document.notes


def test_texture_coordinates_of_corners(tmp_path: Path) -> None:
    """Two pictures, one missing, and a face without: three parts; vertices part where their corners differ."""
    picture(tmp_path / "a.png", ORANGE)
    face = (*FACES, "property list uchar float texcoord", "property int texnumber")
    rows = "3 0 1 2 6 0 0 1 0 1 1 0\n3 0 2 3 6 .5 .5 1 1 0 1 0\n3 2 1 0 6 0 0 1 0 1 1 1\n3 3 2 0 0 -1\n"
    data = square_ply((), [""] * 4, face, rows)
    head = b"comment TextureFile a.png\ncomment TextureFile b.jpg\nelement"
    document = read(tmp_path, data.replace(b"element", head, 1))
    bare, first, second = document.parts
    assert [len(p.faces) for p in document.parts] == [1, 2, 1]
    assert [p.material.texture is not None for p in document.parts] == [False, True, False]
    assert (
        first.uv is not None and len(first.vertices) == 5
    )  # vertex 0 twice, as its corners differ; vertex 2 once
    assert first.uv[first.faces].reshape(-1, 2).tolist() == [
        [0, 1],
        [1, 1],
        [1, 0],
        [0.5, 0.5],
        [1, 0],
        [0, 0],
    ]
    assert (
        any("b.jpg" in n for n in document.notes)
        and second.material.name == "b.jpg"
        and bare.material.name == ""
    )


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd", "..\\secret.png", "link.png"])
def test_pictures_elsewhere_stay_there(tmp_path: Path, name: str) -> None:
    picture(tmp_path / "secret.png", ORANGE)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link.png").symlink_to(tmp_path / "secret.png")
    data = square_ply(("property float s", "property float t"), ["0 0", "1 0", "1 1", "0 1"])
    document = read(
        tmp_path / "in", data.replace(b"element", f"comment TextureFile {name}\nelement".encode(), 1)
    )
    assert document.parts[0].material.texture is None and any(
        "not beside the model" in n for n in document.notes
    )


def test_strips(tmp_path: Path) -> None:
    vertices = "0 0 0\n0 1 0\n1 0 0\n1 1 0\n2 0 0\n2 1 0\n"
    head = ["element vertex 6", *XYZ, "element tristrips 1", "property list int int vertex_indices"]
    document = read(tmp_path, ply(head, vertices + "9 0 2 1 3 -1 2 4 3 5\n"))
    (part,) = document.parts
    assert part.faces.tolist() == [[0, 2, 1], [1, 2, 3], [2, 4, 3], [3, 4, 5]]
    a, b, c = part.vertices[part.faces].transpose(1, 0, 2)
    assert (np.cross(b - a, c - a)[:, 2] == 1).all()  # all look the same way


def test_mixed_concave_and_straight_corners(tmp_path: Path) -> None:
    """An arrow head of four corners, an L of six, a triangle with three corners on one side: the areas are theirs."""
    shapes = [
        [(0, 0), (4, 4), (0, 2), (-4, 4)],
        [(0, 0), (3, 0), (3, 1), (1, 1), (1, 3), (0, 3)],
        [(0, 0), (1, 0), (2, 0), (3, 0), (0, 3)],
    ]
    areas = [8, 5, 4.5]
    points = [(x + 20 * k, y, 0) for k, shape in enumerate(shapes) for x, y in shape]
    rows, at = "", 0
    for shape in shapes:
        rows += f"{len(shape)} {' '.join(str(at + i) for i in range(len(shape)))}\n"
        at += len(shape)
    head = [f"element vertex {len(points)}", *XYZ, "element face 3", *FACES]
    body = "".join(f"{x} {y} {z}\n" for x, y, z in points)
    (part,) = read(tmp_path, ply(head, body + rows)).parts
    assert len(part.faces) == 2 + 4 + 3
    a, b, c = part.vertices[part.faces].transpose(1, 0, 2)
    signed = np.cross(b - a, c - a)[:, 2] / 2
    assert (signed > 0).all()  # none is flat, none is outside
    which = (part.vertices[part.faces[:, 0], 0] // 16).astype(int).clip(0)
    np.testing.assert_allclose(np.bincount(which, signed), areas)


@pytest.mark.parametrize("form", ["<", ">"])
def test_mixed_lists_in_bytes(tmp_path: Path, form: str) -> None:
    """Triangles, quads, a point, more properties around the list, another list behind it."""
    rows = b"".join(
        struct.pack(f"{form}3d", *(float(w) for w in line.split())) for line in SQUARE.splitlines()
    )
    for corners, more in (((0, 1, 2), ()), ((0, 1, 2, 3), (1.0,)), ((2,), (2.0, 3.0)), ((0, 2, 3), ())):
        rows += struct.pack(f"{form}fh{len(corners)}IB", 0.5, len(corners), *corners, 9)
        rows += struct.pack(f"{form}I{len(more)}f", len(more), *more)
    head = [
        "element vertex 4",
        *(p.replace("float", "double") for p in XYZ),
        "element face 4",
        "property float quality",
    ]
    head += [
        "property list short uint vertex_indices",
        "property uchar red",
        "property list uint float weights",
    ]
    kind = "binary_little_endian" if form == "<" else "binary_big_endian"
    document = read(tmp_path, ply(head, rows, kind))
    assert document.parts[0].faces.tolist() == [[0, 1, 2], [0, 1, 2], [0, 2, 3], [0, 2, 3]]
    assert "1 faces of fewer than three corners are left out" in document.notes


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_blocks_do_not_matter(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """The same document whether rows come in one block or in many, in text and in bytes."""
    n = data.draw(st.integers(3, 20))
    points = np.random.default_rng(n).normal(size=(n, 3)).round(3)
    codes = np.random.default_rng(n).integers(0, 256, (n, 3))
    polygons = data.draw(
        st.lists(
            st.integers(1, 6).flatmap(lambda k: st.tuples(*[st.integers(0, n - 1)] * k)),
            min_size=1,
            max_size=30,
        )
    )
    form = data.draw(st.sampled_from(["ascii", "binary_little_endian", "binary_big_endian"]))
    head = [
        f"element vertex {n}",
        *XYZ,
        *RGB,
        f"element face {len(polygons)}",
        *FACES,
        "property uchar flags",
    ]
    if form == "ascii":
        gap = data.draw(st.sampled_from([" ", "\n", "  "]))
        rows = [[*p, *c] for p, c in zip(points, codes, strict=True)] + [[len(p), *p, 7] for p in polygons]
        body = "".join(gap.join(str(v) for v in row) + "\n" for row in rows).encode()
    else:
        order = "<" if "little" in form else ">"
        body = b"".join(struct.pack(f"{order}3f3B", *p, *c) for p, c in zip(points, codes, strict=True))
        body += b"".join(struct.pack(f"{order}B{len(p)}iB", len(p), *p, 7) for p in polygons)
    path = tmp_path_factory.mktemp("m") / "m.ply"
    path.write_bytes(ply(head, body, form))
    whole = read_ply(path)
    usual = ply_rows.BLOCK, ply_rows.TEXT_BLOCK
    ply_rows.BLOCK, ply_rows.TEXT_BLOCK = data.draw(st.integers(1, 7)), data.draw(st.integers(1, 200))
    try:
        parts = read_ply(path)
    finally:
        ply_rows.BLOCK, ply_rows.TEXT_BLOCK = usual
    assert parts.notes == whole.notes
    for a, b in zip(parts.parts, whole.parts, strict=True):
        np.testing.assert_array_equal(a.vertices, b.vertices)
        np.testing.assert_array_equal(a.faces, b.faces)
        np.testing.assert_array_equal(a.rgba, b.rgba)


def test_units_and_offset(tmp_path: Path) -> None:
    comments = b"comment +Y up\ncomment metres\ncomment offset 465123.25 5530987.5 210\nelement"
    document = read(tmp_path, square_ply((), [""] * 4).replace(b"element", comments, 1))
    assert (
        document.unit_m == 1
        and document.unit_source
        and document.offset.tolist() == [465123.25, 5530987.5, 210]
    )
    assert document.parts[0].vertices.max() == 1
    assert read(tmp_path, square_ply((), [""] * 4)).unit_m is None
    for said in (b"in millimetres", b"frame world, no scale", b"5 metres high"):
        assert (
            read(
                tmp_path, square_ply((), [""] * 4).replace(b"element", b"comment " + said + b"\nelement", 1)
            ).unit_m
            is None
        )


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    face = (*FACES, "property float quality")
    data = square_ply((), [""] * 4, face, "3 0 1 2 1\n2 0 1 1\n")
    data = data.replace(b"end_header", b"element edge 1\nproperty int a\nend_header") + b"0\n"
    said = " ".join(read(tmp_path, data).notes)
    assert (
        "quality" in said
        and "edge" in said
        and "1 faces of fewer than three" in said
        and "1 vertices" in said
    )


BROKEN = {
    "empty": b"",
    "no header": b"ply\nformat ascii 1.0\nelement vertex 1\n",
    "no format": b"ply\nelement vertex 0\nend_header\n",
    "count": ply(["element vertex 999999999999", *XYZ], "0 0 0\n"),
    "minus": ply(["element vertex -1", *XYZ]),
    "list": ply([h.replace("uchar", "uint") for h in TEXT], SQUARE + "4000000000 0 1 2\n"),
    "row": ply(TEXT, SQUARE + "4 0 1 2"),
    "word": ply(TEXT, SQUARE.replace("1 1", "1 one") + "4 0 1 2 3"),
    "outside": ply(TEXT, SQUARE + "4 0 1 2 4"),
    "below": ply(TEXT, SQUARE + "4 0 1 2 -1"),
    "wrapped": ply([h.replace("int vertex_index", "int64 vertex_index") for h in TEXT], SQUARE + "3 0 1 4294967298"),
    "float faces": ply([h.replace("int vertex_index", "float vertex_index") for h in TEXT], SQUARE + "3 0 1 2"),
    "no z": ply(["element vertex 1", *XYZ[:2]], "0 0\n"),
    "no vertex": ply(["element face 0", *FACES]),
    "nan": ply(TEXT, SQUARE.replace("1 1", "1 nan") + "4 0 1 2 3"),
    "cut": binary("<")[:-3],
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_files_are_one_sentence(tmp_path: Path, kind: str) -> None:
    with pytest.raises(UnreadableFile, match=r"^m\.ply .*export it again$"):
        read(tmp_path, BROKEN[kind])


def test_the_bytes_we_write(tmp_path: Path) -> None:
    """Pipelines' files stay as they are: byte for byte."""
    grey, filled = np.full((3, 3), 7, "u1"), np.array([1, 0, 1], bool)
    mesh = Mesh(np.eye(3, dtype="f4"), np.array([[0, 1, 2]], "i4"), grey, filled)
    write_mesh(tmp_path / "m.ply", mesh, ("metres",))
    head = (
        "ply\nformat binary_little_endian 1.0\ncomment metres\nelement vertex 3\nproperty float x\nproperty float y\n"
        "property float z\nproperty uchar red\nproperty uchar green\nproperty uchar blue\nproperty uchar filled\n"
        "element face 1\nproperty list uchar int vertex_indices\nend_header\n"
    )
    rows = b"".join(struct.pack("<3f4B", *np.eye(3)[k], 7, 7, 7, f) for k, f in enumerate((1, 0, 1)))
    assert (tmp_path / "m.ply").read_bytes() == head.encode() + rows + struct.pack("<B3i", 3, 0, 1, 2)
    one = np.ones(3, "f4")
    cloud = PointCloud(np.eye(3, dtype="f4"), np.eye(3, dtype="f4"), grey, np.arange(3, dtype="i4"), one)
    write_cloud(tmp_path / "c.ply", cloud)
    head = (
        "ply\nformat binary_little_endian 1.0\nelement vertex 3\n"
        + "".join(f"property float {n}\n" for n in ("x", "y", "z", "nx", "ny", "nz"))
        + "".join(f"property uchar {n}\n" for n in ("red", "green", "blue"))
        + "property int views\nproperty float error\nend_header\n"
    )
    rows = b"".join(struct.pack("<6f3Bif", *np.eye(3)[k], *np.eye(3)[k], 7, 7, 7, k, 1) for k in range(3))
    assert (tmp_path / "c.ply").read_bytes() == head.encode() + rows


numbers = st.floats(-1e6, 1e6, width=32)


@st.composite
def meshes(draw: st.DrawFn) -> Mesh:
    n = draw(st.integers(4, 30))
    vertices = np.array(
        draw(st.lists(st.tuples(numbers, numbers, numbers), min_size=n, max_size=n, unique=True)), "f4"
    )
    faces = draw(st.lists(st.permutations(range(n)).map(lambda p: p[:3]), min_size=1, max_size=30))
    codes = draw(st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=n, max_size=n))
    return Mesh(vertices, np.array(faces, "i4"), np.array(codes, "u1"), np.arange(n) % 3 == 0)


@settings(deadline=None, max_examples=40)
@given(mesh=meshes())
def test_round_trip_of_our_own(tmp_path_factory: pytest.TempPathFactory, mesh: Mesh) -> None:
    path = tmp_path_factory.mktemp("m") / "m.ply"
    write_mesh(path, mesh)
    back = read_mesh(path)
    for name in ("vertices", "faces", "rgb", "filled"):
        np.testing.assert_array_equal(getattr(back, name), getattr(mesh, name))


@settings(deadline=None, max_examples=40)
@given(mesh=meshes(), form=st.sampled_from(["ascii", "binary", "binary_little_endian"]))
def test_round_trip_through_trimesh(tmp_path_factory: pytest.TempPathFactory, mesh: Mesh, form: str) -> None:
    """Every triangle with an area comes back at its place, with its colours."""
    path = tmp_path_factory.mktemp("m") / "m.ply"
    given_ = trimesh.Trimesh(mesh.vertices, mesh.faces, vertex_colors=mesh.rgb, process=False)
    given_.export(path, encoding="ascii" if form == "ascii" else "binary")
    back = read_mesh(path)
    assert back.rgb is not None and mesh.rgb is not None
    np.testing.assert_array_equal(back.faces, mesh.faces)
    np.testing.assert_array_equal(back.rgb, mesh.rgb)
    np.testing.assert_allclose(back.vertices, mesh.vertices, rtol=1e-6, atol=1e-7)


TRIMESH, OPEN3D = "5.2.0", "0.20.0"


@pytest.mark.skipif(trimesh.__version__ != TRIMESH, reason=f"a fact about trimesh {TRIMESH}")
def test_trimesh_writes_doubles_as_floats(tmp_path: Path) -> None:
    """trimesh 5.2.0 reads PLY doubles and writes floats; what we read of a double file has all its digits."""
    far = np.array([465123.456, 5530987.654, 210.321]) + np.eye(3)
    double = [p.replace("float", "double") for p in XYZ]
    data = ply(
        ["element vertex 3", *double, "element face 1", *FACES],
        struct.pack("<9dB3i", *far.ravel(), 3, 0, 1, 2),
        "binary_little_endian",
    )
    (tmp_path / "m.ply").write_bytes(data)
    trimesh.load(tmp_path / "m.ply", process=False).export(tmp_path / "t.ply")
    assert b"property float x" in (tmp_path / "t.ply").read_bytes()
    document = read_document(tmp_path / "m.ply")
    np.testing.assert_allclose(document.parts[0].vertices + document.offset, far, atol=1e-7, rtol=0)
    lost = read_document(tmp_path / "t.ply")
    assert np.abs(lost.parts[0].vertices + lost.offset - far).max() > 1e-3


@pytest.mark.skipif(trimesh.__version__ != TRIMESH, reason=f"a fact about trimesh {TRIMESH}")
def test_trimesh_hides_extra_properties(tmp_path: Path) -> None:
    """trimesh 5.2.0 has other vertex properties in metadata["_ply_raw"] only and does not write them; ours are attributes."""
    (tmp_path / "m.ply").write_bytes(
        square_ply(("property float error",), ["0.5"] * 4, faces="3 0 1 2\n3 0 2 3\n")
    )
    theirs = trimesh.load(tmp_path / "m.ply", process=False)
    assert (
        "error" not in theirs.vertex_attributes
        and "error" in theirs.metadata["_ply_raw"]["vertex"]["properties"]
    )
    assert read_document(tmp_path / "m.ply").parts[0].attributes["error"].tolist() == [0.5] * 4


@pytest.mark.skipif(not o3d.__version__.startswith(OPEN3D), reason=f"a fact about Open3D {OPEN3D}")
def test_open3d_drops_extra_properties(tmp_path: Path) -> None:
    """Open3D 0.20's tensor mesh reader makes positions float32 and drops `quality`; we keep both."""
    data = square_ply(("property double quality",), ["1.5"] * 4).replace(b"float", b"double")
    (tmp_path / "m.ply").write_bytes(data)
    theirs = o3d.t.io.read_triangle_mesh(str(tmp_path / "m.ply"))
    assert theirs.vertex.positions.dtype == o3d.core.float32 and "quality" not in theirs.vertex
    assert read_document(tmp_path / "m.ply").parts[0].attributes["quality"].tolist() == [1.5] * 4


shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")


@shared
@pytest.mark.parametrize("case", [c for c in TABLE if not c.file.endswith(".glb")], ids=lambda c: c.file)
def test_the_cases(case) -> None:  # type: ignore[no-untyped-def]
    """Triangles, size, place and the colour at the middle of every quarter, of the document itself."""
    document = read_document(CASES / case.file)
    points = document.points()
    assert sum(len(p.faces) for p in document.parts) == case.triangles
    np.testing.assert_allclose(np.ptp(points, axis=0), case.size_m, atol=1e-5 if "ply" in case.file else 2e-4)
    if case.far:
        middle = (points.min(0) + points.max(0)) / 2 + document.offset
        local = read_document(CASES / "local.ply").points()
        np.testing.assert_allclose(middle - (local.min(0) + local.max(0)) / 2, FAR, atol=2e-4)
    for side, quarters in case.looks.items():
        for spot, wanted in zip(spots(side), quarters, strict=True):
            assert np.abs(np.array(colour_at(document, spot)) - wanted).max() <= 1, (side, spot)


def colour_at(document: Document, spot: np.ndarray) -> tuple[int, ...]:
    """sRGB of the surface at a point on it, looked up without any renderer."""
    best, colour = np.inf, (0, 0, 0)
    for part in document.parts:
        a, b, c = (part.vertices[part.faces[:, k]].astype(float) for k in range(3))
        normal = np.cross(b - a, c - a)
        area = np.linalg.norm(normal, axis=1)
        w = [
            np.einsum("ij,ij->i", np.cross(q - p, spot - p), normal) / area**2
            for p, q in ((b, c), (c, a), (a, b))
        ]
        weights = np.stack(w, 1)
        off = np.abs(np.einsum("ij,ij->i", spot - a, normal) / area) - np.minimum(weights.min(1), 0)
        k = int(off.argmin())
        if off[k] >= best:
            continue
        best = off[k]
        if part.material.texture is not None and part.uv is not None:
            pixels = part.material.texture.pixels
            u, v = weights[k] @ part.uv[part.faces[k]] % 1
            colour = tuple(pixels[int(v * pixels.shape[0]), int(u * pixels.shape[1]), :3])
        elif part.rgba is not None:
            colour = tuple(part.rgba[part.faces[k, int(weights[k].argmax())], :3])
    return tuple(int(v) for v in colour)


def test_a_file_that_says_it_has_no_scale_has_said_so(tmp_path: Path) -> None:
    said = (("metres", 1.0, True), ("frame world, +Y up, no scale", None, True), ("made by hand", None, False))
    for comment, unit, told in said:
        write_mesh(tmp_path / "m.ply", Mesh(np.eye(3, dtype=np.float32), np.array([[0, 1, 2]], np.int32)), (comment,))
        document = read_document(tmp_path / "m.ply")
        assert document.unit_m == unit and bool(document.unit_source) == told
