"""Clouds at the door: PLY without faces, tables of text, COLMAP's points; and what is refused, by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pycolmap
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sculpt3d.errors import UnreadableFile
from sculpt3d.models.document import Document, Part
from sculpt3d.models.read import read_document
from tests.mesh_files import SQUARE, XYZ, ply, points3d, stl, stl_text


def read(folder: Path, data: bytes | str, name: str) -> Document:
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_document(folder / name)


def one(folder: Path, data: bytes | str, name: str) -> Part:
    (part,) = read(folder, data, name).parts
    assert len(part.faces) == 0
    return part


def test_ply_without_faces(tmp_path: Path) -> None:
    """u and v of a cloud are no texture coordinates; nx ny nz become unit; the rest stays by name."""
    head = ["element vertex 2", *XYZ]
    head += [f"property float {n}" for n in ("nx", "ny", "nz", "u", "scalar_Intensity")] + [
        "property uchar red"
    ]
    part = one(tmp_path, ply(head, "0 0 0 0 0 2 5 6 7\n1 0 0 0 0 0 7 8 9\n"), "c.ply")
    assert part.normals is not None and part.normals.tolist() == [[0, 0, 1], [0, 0, 0]]
    assert {k: v.tolist() for k, v in part.attributes.items()} == {
        "u": [5, 7],
        "scalar_intensity": [6, 8],
        "red": [7, 9],
    }
    assert part.rgba is None and part.uv is None


def test_points_that_are_no_numbers_are_told(tmp_path: Path) -> None:
    document = read(tmp_path, ply(["element vertex 3", *XYZ], "0 0 0\nnan 0 0\n1 1 1\n"), "c.ply")
    assert document.parts[0].vertices.tolist() == [[0, 0, 0], [1, 1, 1]]
    assert any("1 points that are not numbers" in n for n in document.notes)


RED_GREEN = [[255, 0, 0, 255], [0, 255, 1, 255]]
TABLES = {
    "three.xyz": ("1 2 3\n4 5 6\n", None, {}),
    "colours.xyz": ("1 2 3 255 0 0\n4 5 6 0 255 1\n", RED_GREEN, {}),
    "tabs.asc": ("1\t2\t3\t255\t0\t0\r\n4\t5\t6\t0\t255\t1\r\n", RED_GREEN, {}),
    "scalar.xyz": ("1 2 3 0.5\n4 5 6 -7\n", None, {"intensity": [0.5, -7]}),
    "leica.pts": ("2\n1 2 3 -1000 255 0 0\n4 5 6 -900 0 255 1\n", RED_GREEN, {"intensity": [-1000, -900]}),
    "after.txt": ("1 2 3 255 0 0 0.5\n4 5 6 0 255 1 0.25\n", RED_GREEN, {"column_7": [0.5, 0.25]}),
    "compare.asc": (
        "//X Y Z R G B Scalar_field_#2 Nx Ny Nz\n1 2 3 255 0 0 7.5 0 0 1\n4 5 6 0 255 1 8 0 1 0\n",
        RED_GREEN,
        {"scalar_field_#2": [7.5, 8]},
    ),
    "quoted.csv": ('"X","Y","Z","Red","Green","Blue","E"\n1,2,3,255,0,0,.5\n4,5,6,0,255,1,.25\n', RED_GREEN, {"e": [0.5, 0.25]}),
    "other order.csv": ("id,z,y,x\n7,3,2,1\n8,6,5,4\n", None, {"id": [7, 8]}),
    "german.csv": ("x;y;z;fehler\n1,0;2;3;0,5\n4;5,0;6;0,25\n", None, {"fehler": [0.5, 0.25]}),
    "german.xyz": ("1,0 2,0 3,0\n4,0 5,0 6,0\n", None, {}),
    "comments.txt": ("# made by hand\n1 2 3\n\n# more\n4 5 6", None, {}),
    "marked.xyz": (b"\xef\xbb\xbf1 2 3\n4 5 6\n", None, {}),
    "shares.xyzrgb": ("1 2 3 1 0 0\n4 5 6 0 1 .004\n", RED_GREEN, {}),
    "survey.csv": ("Point,East (m),North (m),Height (m)\n7,1,2,3\n8,4,5,6\n", None, {"point": [7, 8]}),
    "strange words.txt": ("made by a scanner\n1 2 3\n4 5 6\n", None, {}),
    "short header.txt": ("x y z\n1 2 3 4\n4 5 6 7\n", None, {"column_4": [4, 7]}),
    "semicolons.txt": ("1;2;3;\n4;5;6;\n", None, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_tables(tmp_path: Path, name: str) -> None:
    data, rgba, attributes = TABLES[name]
    part = one(tmp_path, data, name)
    assert part.vertices.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert (None if part.rgba is None else part.rgba.tolist()) == rgba
    assert {k: v.tolist() for k, v in part.attributes.items()} == attributes


def test_normals_without_a_header(tmp_path: Path) -> None:
    document = read(tmp_path, "1 2 3 0 0 1\n4 5 6 0.6 0.8 0\n", "n.xyz")
    normals = document.parts[0].normals
    assert normals is not None
    np.testing.assert_allclose(normals, [[0, 0, 1], [0.6, 0.8, 0]])
    assert any("taken as x y z nx ny nz" in n for n in document.notes)


def test_far_points_keep_their_digits(tmp_path: Path) -> None:
    document = read(
        tmp_path, "465123.4561 5530987.6542 210.3213\n465123.4571 5530987.6552 210.3223\n", "utm.xyz"
    )
    (part,) = document.parts
    np.testing.assert_allclose(np.diff(part.vertices, axis=0), [[0.001] * 3], atol=1e-6)
    np.testing.assert_allclose(
        part.vertices[0] + document.offset, [465123.4561, 5530987.6542, 210.3213], atol=1e-6
    )


def test_splats_are_points_of_their_colour(tmp_path: Path) -> None:
    """Kerbl 2023: colour = 0.5 + 0.28209 times the constant term."""
    head = [
        "element vertex 2",
        *XYZ,
        *(f"property float f_dc_{k}" for k in range(3)),
        "property float opacity",
    ]
    document = read(tmp_path, ply(head, "0 0 0 0 1.7724539 -1.7724539 1\n1 1 1 9 -9 0 1\n"), "s.ply")
    rgba = document.parts[0].rgba
    assert rgba is not None and rgba.tolist() == [[128, 255, 0, 255], [255, 0, 128, 255]]
    assert any("splats" in n for n in document.notes)


@settings(deadline=None, max_examples=40)
@given(
    rows=st.lists(st.tuples(*[st.floats(-1e6, 1e6)] * 3, st.floats(-1, 1)), min_size=1, max_size=30),
    separator=st.sampled_from([" ", "\t", ",", ";", ", "]),
    header=st.booleans(),
)
def test_any_table_comes_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float, ...]], separator: str, header: bool
) -> None:
    text = separator.join("xyze") + "\n" if header else ""
    text += "".join(separator.join(repr(v) for v in row) + "\n" for row in rows)
    document = read(tmp_path_factory.mktemp("c"), text, "c.txt")
    (part,) = document.parts
    table = np.array(rows)
    np.testing.assert_allclose(part.vertices + document.offset, table[:, :3], rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(part.attributes["e" if header else "intensity"], table[:, 3])


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.xyz", "", "empty"),
        ("a.xyz", "1 2\n3 4\n", "no table"),
        ("a.xyz", "1 2 3\n4 5\n", "line 2"),
        ("a.xyz", "1 2 3\n\n4 five 6\n", "line 3"),
        ("a.txt", "a letter to somebody\nof two lines\n", "no table"),
        ("a.txt", "a letter to somebody\n", "no points"),
        ("a.csv", "x,y,z\n", "no points"),
        ("a.xyz", "nan nan nan\n", "not numbers"),
        ("a.pts", "12\n", "no points"),
    ],
)
def test_broken_tables_are_one_sentence(tmp_path: Path, name: str, data: str, says: str) -> None:
    with pytest.raises(UnreadableFile, match=rf"^{name}.*{says}.*export it"):
        read(tmp_path, data, name)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A COLMAP model of five points, written by pycolmap, in binary and text."""
    made = pycolmap.Reconstruction()
    for k in range(5):
        made.add_point3D(np.array([k, 2 * k, 0.5]), pycolmap.Track(), np.array([k, 10, 20], np.uint8))
    for kind in ("binary", "text"):
        (tmp_path / kind / "sparse" / "0").mkdir(parents=True)
    made.write_binary(str(tmp_path / "binary" / "sparse" / "0"))
    made.write_text(str(tmp_path / "text" / "sparse" / "0"))
    return tmp_path


@pytest.mark.parametrize("kind", ["binary", "text"])
@pytest.mark.parametrize("below", ["", "sparse", "sparse/0"])
def test_colmap_models(model: Path, kind: str, below: str) -> None:
    document = read_document(model / kind / below)
    (part,) = document.parts
    order = np.argsort(part.vertices[:, 0])
    np.testing.assert_array_equal(part.vertices[order], [[k, 2 * k, 0.5] for k in range(5)])
    assert part.rgba is not None and part.rgba[order].tolist() == [[k, 10, 20, 255] for k in range(5)]
    assert part.attributes["views"].tolist() == [0] * 5 and "error" in part.attributes


def test_colmap_tracks(tmp_path: Path) -> None:
    xyz, rgb = np.arange(9.0).reshape(3, 3), np.full((3, 3), 9)
    data = points3d(xyz, rgb, np.array([0.5, 0.25, 2]), [2, 0, 3])
    (part,) = read(tmp_path, data, "points3D.bin").parts
    assert part.attributes["views"].tolist() == [2, 0, 3] and part.attributes["error"].tolist() == [
        0.5,
        0.25,
        2,
    ]
    line = "# made by hand\n1 0 1 2 9 9 9 0.5 1 0 2 0\n\n2 3 4 5 9 9 9 0.25\n3 6 7 8 9 9 9 2 1 1 2 2 3 3\n"
    (text,) = read(tmp_path, line, "points3D.txt").parts
    for name in ("vertices", "rgba"):
        np.testing.assert_array_equal(getattr(text, name), getattr(part, name))
    assert text.attributes["views"].tolist() == [2, 0, 3]


@pytest.mark.parametrize(
    "damage", [lambda d: d[:-1], lambda d: d + b"x", lambda d: b"\xff" * 8 + d[8:], lambda d: d[:4]]
)
def test_broken_colmap_points(tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    data = damage(points3d(np.eye(3), np.eye(3, dtype=int), np.ones(3), [2, 0, 3]))
    with pytest.raises(UnreadableFile, match=r"^points3D\.bin .*export the model again$"):
        read(tmp_path, data, "points3D.bin")
    with pytest.raises(UnreadableFile, match=r"^points3D\.txt: line 2 .*export the model again$"):
        read(tmp_path, "# x\n1 2 3\n", "points3D.txt")


@pytest.mark.parametrize(
    "name",
    ["a.las", "a.laz", "a.e57", "a.fbx", "a.3ds", "a.usdz", "a.dae", "a.blend", "a.3mf", "a.pcd", "a.step"],
)
def test_formats_that_are_not_read_are_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnreadableFile, match=rf"^{name} is an? .*: .*(PLY|GLB|OBJ|STL)"):
        read(tmp_path, b"some bytes", name)


LIES = {
    "m.obj": (ply(["element vertex 4", *XYZ], SQUARE), "PLY", 4),
    "m.ply": (b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", "OBJ", 3),
    "m.xyz": (stl(np.random.default_rng(0).random((4, 3, 3))), "STL", 12),
    "m.glb": (stl_text(np.random.default_rng(0).random((4, 3, 3))), "STL", 12),
    "model": (ply(["element vertex 4", *XYZ], SQUARE), "PLY", 4),
}


@pytest.mark.parametrize("name", LIES)
def test_where_the_name_lies_the_bytes_tell(tmp_path: Path, name: str) -> None:
    data, kind, vertices = LIES[name]
    document = read(tmp_path, data, name)
    assert len(document.points()) == vertices and any(
        f"{name} is {kind} in truth" in n for n in document.notes
    )


def test_a_hidden_las_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="LAS cloud"):
        read(tmp_path, b"LASF" + bytes(300), "cloud.xyz")
