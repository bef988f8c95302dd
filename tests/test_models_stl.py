"""STL at the door: bytes and text, hung together again, with the colours that two programs hide in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from sculpt3d.errors import UnreadableFile
from sculpt3d.models.document import Document
from sculpt3d.models.read import read_document
from tests.mesh_files import stl, stl_text

BALL = trimesh.creation.icosphere(2)
TRIANGLES = BALL.triangles.astype(np.float32)


def read(folder: Path, data: bytes) -> Document:
    (folder / "m.stl").write_bytes(data)
    return read_document(folder / "m.stl")


@pytest.mark.parametrize(
    "data",
    [
        stl(TRIANGLES),
        stl(TRIANGLES, b"solid though binary"),
        stl(TRIANGLES) + b"more",
        stl_text(TRIANGLES),
        stl_text(TRIANGLES).replace(b"\n", b"\r\n"),
        stl_text(TRIANGLES).upper(),
        b"\n " + stl_text(TRIANGLES[:100]) + stl_text(TRIANGLES[100:]),
    ],
    ids=["binary", "solid", "longer", "text", "CR LF", "capitals", "two solids"],
)
def test_the_surface_hangs_together(tmp_path: Path, data: bytes) -> None:
    (part,) = read(tmp_path, data).parts
    np.testing.assert_allclose(part.vertices[part.faces], TRIANGLES, atol=1e-7)
    assert len(part.vertices) == len(BALL.vertices)
    assert trimesh.Trimesh(part.vertices, part.faces, process=False).is_watertight


def test_minus_zero_is_zero(tmp_path: Path) -> None:
    square = np.array(
        [[[0, 0, 0], [1, 0, 0], [1, 1, 0]], [[-0.0, 0, -0.0], [1, 1, 0], [0, 1, 0]]], np.float32
    )
    assert len(read(tmp_path, stl(square)).parts[0].vertices) == 4


def test_colours(tmp_path: Path) -> None:
    """VisCAM: bit 15 says that there is one, blue is lowest. Materialise: COLOR= in the header, bit 15 says there is none."""
    red, blue = 31 << 10, 31
    two = TRIANGLES[:2]
    (part,) = read(tmp_path, stl(two, colours=[1 << 15 | red, 1 << 15 | blue])).parts
    assert part.rgba is not None
    assert part.rgba[part.faces[0], :3].tolist() == [[255, 0, 0]] * 3
    assert part.rgba[part.faces[1], :3].tolist() == [[0, 0, 255]] * 3
    head = b"COLOR=" + bytes((9, 8, 7, 255)) + b",MATERIAL="
    (part,) = read(tmp_path, stl(two, head, [red, 1 << 15])).parts  # red lowest here: that is blue
    assert part.rgba is not None
    assert part.rgba[part.faces[0], :3].tolist() == [[0, 0, 255]] * 3
    assert part.rgba[part.faces[1], :3].tolist() == [[9, 8, 7]] * 3
    assert read(tmp_path, stl(two, colours=[5, 6])).parts[0].rgba is None  # other programs' attributes


def test_our_own_millimetres(tmp_path: Path) -> None:
    document = read(tmp_path, stl(TRIANGLES, b"Sculpt3D, millimetres"))
    assert document.unit_m == 0.001 and read(tmp_path, stl(TRIANGLES)).unit_m is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        stl(TRIANGLES)[:-1],
        stl(TRIANGLES)[:60],
        stl(TRIANGLES)[:80] + b"\xff\xff\xff\xff" + stl(TRIANGLES)[84:],
        stl(np.full((1, 3, 3), np.nan)),
        stl(TRIANGLES[:0]),
        stl_text(TRIANGLES)[:-90],
        stl_text(TRIANGLES).replace(b"vertex 0", b"vertex zero"),
        b"solid nothing\nendsolid nothing\n",
    ],
)
def test_broken_files_are_one_sentence(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(UnreadableFile, match=r"^m\.stl .*export it again$"):
        read(tmp_path, data)


@settings(deadline=None, max_examples=40)
@given(
    corners=st.lists(st.tuples(*[st.integers(-3, 3)] * 3), min_size=3, max_size=60),
    form=st.sampled_from(["stl", "stl_ascii"]),
)
def test_round_trip_through_trimesh(
    tmp_path_factory: pytest.TempPathFactory, corners: list[tuple[int, ...]], form: str
) -> None:
    """Every triangle with an area comes back where it was, and no two vertices lie at one place."""
    triangles = np.array(corners[: len(corners) // 3 * 3], np.float32).reshape(-1, 3, 3)
    whole = (
        np.linalg.norm(np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]), axis=1)
        > 0
    )
    path = tmp_path_factory.mktemp("m") / "m.stl"
    mesh = trimesh.Trimesh(
        triangles.reshape(-1, 3), np.arange(3 * len(triangles)).reshape(-1, 3), process=False
    )
    mesh.export(path, file_type=form)
    if not whole.any():
        with pytest.raises(UnreadableFile):
            read_document(path)
        return
    document = read_document(path)
    (part,) = document.parts
    found = part.vertices[part.faces] + document.offset
    kept = {tuple(t.ravel()) for t in found.round(4) + 0.0}
    assert {tuple(t.ravel()) for t in triangles[whole] + 0.0} <= kept
    assert len(np.unique(part.vertices, axis=0)) == len(part.vertices)
