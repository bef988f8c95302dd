"""What the door makes of every file: flat faces, strays, doubles, far coordinates, polygons; and 300 spoilt files."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from sculpt3d.errors import UnreadableFile
from sculpt3d.models.distinct import distinct, split
from sculpt3d.models.document import Document, Part
from sculpt3d.models.polygons import triangulate
from sculpt3d.models.read import read_document
from sculpt3d.models.tidy import tidy
from tests.conftest import ROOT
from tests.mesh_files import XYZ, ply


def document(vertices: np.ndarray, faces: np.ndarray) -> Document:
    return Document("m", (Part(np.asarray(vertices), np.asarray(faces, np.int32).reshape(-1, 3)),))


def tidied(vertices: np.ndarray, faces: np.ndarray) -> Part:
    (part,) = tidy(document(vertices, faces), "m").parts
    return part


BOX = trimesh.creation.box()


def capped() -> tuple[np.ndarray, np.ndarray]:
    """The box with a corner put into the middle of an edge on one side of it, and a flat cap that closes the crack there."""
    faces = BOX.faces.tolist()
    a, b, c = faces[0]
    middle = len(BOX.vertices)
    vertices = np.vstack([BOX.vertices, (BOX.vertices[a] + BOX.vertices[b]) / 2])
    return vertices, np.array([*faces[1:], [a, middle, c], [middle, b, c], [a, b, middle]])


def areas(part: Part) -> np.ndarray:
    a, b, c = part.vertices[part.faces].astype(float).transpose(1, 0, 2)
    return np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_cap_is_turned_and_the_surface_stays_closed(kind: type) -> None:
    """As many faces as before, each with an area, the same body."""
    vertices, faces = capped()
    part = tidied(vertices.astype(kind), faces)
    assert len(part.faces) == len(faces) and areas(part).min() > 0.1
    mesh = trimesh.Trimesh(part.vertices, part.faces, process=False)
    assert mesh.is_watertight and mesh.is_winding_consistent
    assert mesh.volume == pytest.approx(1) and mesh.area == pytest.approx(6)


def test_caps_beside_caps() -> None:
    """Five corners on one edge of the box, capped by a fan of flat faces."""
    faces = BOX.faces.tolist()
    a, b, c = faces[0]
    count = len(BOX.vertices)
    between = [
        BOX.vertices[a] + (BOX.vertices[b] - BOX.vertices[a]) * t for t in (0.125, 0.25, 0.5, 0.75, 0.875)
    ]
    chain = [a, *range(count, count + 5), b]
    fan = [[p, q, c] for p, q in pairwise(chain)]
    flat = [[b, q, p] for p, q in pairwise(chain[:-1])]  # b, then two neighbours: all on the edge
    part = tidied(np.vstack([BOX.vertices, between]), np.array([*faces[1:], *fan, *flat]))
    mesh = trimesh.Trimesh(part.vertices, part.faces, process=False)
    assert areas(part).min() > 0 and mesh.is_watertight and mesh.is_winding_consistent
    assert mesh.volume == pytest.approx(1) and mesh.area == pytest.approx(6)


def test_a_cap_at_a_seam_stays() -> None:
    """Its neighbours have vertices of their own: nothing is turned, and the welded surface is closed still."""
    vertices, faces = capped()
    found = tidy(document(vertices[faces.ravel()].astype(np.float32), np.arange(faces.size)), "m")
    mesh = found.surface()
    assert (
        len(mesh.faces) == len(faces)
        and trimesh.Trimesh(mesh.vertices, mesh.faces, process=False).is_watertight
    )


FLAT = {
    "one vertex twice": [0, 0, 1],
    "all the same": [3, 3, 3],
    "two vertices at one place": [0, 8, 1],
    "three on a line": [0, 9, 1],
    "nearly on a line": [0, 10, 1],
}


@pytest.mark.parametrize("kind", FLAT)
@pytest.mark.parametrize("at", [0, 1e5])
def test_faces_without_area_go(kind: str, at: float) -> None:
    """The box's own twelve stay; far from the origin, in doubles, as well."""
    a, b = BOX.vertices[0], BOX.vertices[1]
    more = [a, a + (b - a) * 0.3, a + (b - a) * 0.3 + 1e-9]
    vertices = np.vstack([BOX.vertices, more]) + at
    found = tidy(document(vertices if at else vertices.astype(np.float32), [*BOX.faces, FLAT[kind]]), "m")
    (part,) = found.parts
    assert len(part.faces) == 12 and len(part.vertices) == 8
    assert any("1 faces without area" in n for n in found.notes)
    np.testing.assert_allclose(part.vertices + found.offset, BOX.vertices + at, atol=1e-6)


@settings(deadline=None, max_examples=50)
@given(st.floats(1e-6, 1e6), st.floats(0, 2 * np.pi), st.floats(1e-3, 1))
def test_thin_triangles_stay(size: float, turn: float, height: float) -> None:
    """A thousandth as high as long is an area, whatever the size and the direction."""
    rotation = trimesh.transformations.rotation_matrix(turn, [1, 2, 3])[:3, :3]
    corners = np.array([[0, 0, 0], [1, 0, 0], [0.3, height, 0]]) @ rotation.T * size
    assert len(tidied(corners.astype(np.float32), [0, 1, 2]).faces) == 1


def test_strays_do_not_count() -> None:
    vertices = np.vstack([BOX.vertices, [[1e6, 0, 0], [np.nan, 0, 0]]])
    found = tidy(document(vertices, BOX.faces), "m")
    assert len(found.parts[0].vertices) == 8 and not found.offset.any()
    assert "2 vertices that no face uses are left out" in found.notes


def test_a_face_at_what_is_no_number_is_refused() -> None:
    vertices = BOX.vertices.copy()
    vertices[3] = np.inf
    with pytest.raises(UnreadableFile, match="1 vertices that are not numbers"):
        tidy(document(vertices, BOX.faces), "m")


@settings(deadline=None, max_examples=50)
@given(middle=st.tuples(*[st.floats(-6e6, 6e6)] * 3), size=st.floats(1e-2, 1e3))
def test_far_coordinates_keep_their_digits(middle: tuple[float, ...], size: float) -> None:
    """Local coordinates plus offset are the file's, to float32's part of the size; a set of points as well as a surface."""
    vertices = BOX.vertices * size + middle
    for faces in (BOX.faces, np.zeros((0, 3), int)):
        found = tidy(document(vertices, faces), "m")
        points = found.parts[0].vertices
        assert points.dtype == np.float32 and np.abs(points).max() <= 17 * size
        assert np.abs(points + found.offset - vertices).max() <= 4e-6 * size + 2e-9


def test_surface_is_welded_in_order() -> None:
    """Doubled vertices are one, -0 is 0, faces that shrink to nothing go, and what comes first stays first."""
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [-0.0, 0, -0.0], [0, 1, 0], [0, 0, 1]], np.float32)
    mesh = document(vertices, [[0, 1, 2], [3, 4, 5], [0, 3, 5]]).surface()
    np.testing.assert_array_equal(mesh.vertices, vertices[[0, 1, 2, 5]])
    assert mesh.faces.tolist() == [[0, 1, 2], [0, 2, 3]]


@settings(deadline=None, max_examples=100)
@given(rows=st.lists(st.tuples(*[st.integers(0, 3)] * 3), max_size=60))
def test_distinct_rows(rows: list[tuple[int, ...]]) -> None:
    words = np.array(rows, np.uint32).reshape(-1, 3)
    number, first = distinct(words)
    known: dict[tuple[int, ...], int] = {}
    assert number.tolist() == [known.setdefault(row, len(known)) for row in rows]
    assert [rows[k] for k in first] == list(known)


def test_rows_of_one_hash_are_told_apart() -> None:
    """Rows made to collide: words 0 that agree in the upper half after mixing, words 1 that make up for the lower."""
    start, mix = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xFF51AFD7ED558CCD)
    word = np.unique(np.random.default_rng(0).integers(0, 2**32, 400_000).astype(np.uint64))
    key = (start ^ word) * mix
    key ^= key >> np.uint64(32)
    order = np.argsort(key >> np.uint64(32))
    same = np.flatnonzero(np.diff((key >> np.uint64(32))[order].astype(np.int64)) == 0)
    a, b = order[same[0]], order[same[0] + 1]
    makes_up = (key[a] ^ key[b]) & np.uint64(0xFFFFFFFF)
    words = np.array([[word[a], 0], [word[b], makes_up], [word[a], 0]], np.uint64).astype(np.uint32)
    number, first = distinct(words)
    assert number.tolist() == [0, 1, 0] and first.tolist() == [0, 1]


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_split_is_as_small_as_it_can_be(data: st.DataObject) -> None:
    """As many vertices as there are different (vertex, side) pairs, each corner with its own."""
    corners = np.array(
        data.draw(st.lists(st.tuples(*[st.integers(0, 5)] * 3), min_size=1, max_size=20)), np.int32
    )
    sides = np.array(
        data.draw(
            st.lists(st.tuples(*[st.integers(0, 2)] * 3), min_size=len(corners), max_size=len(corners))
        ),
        np.int32,
    )
    faces, vertex, corner = split(corners, sides)
    np.testing.assert_array_equal(vertex[faces], corners)
    np.testing.assert_array_equal(sides.reshape(-1)[corner][faces], sides)
    assert len(vertex) == len(set(zip(corners.ravel().tolist(), sides.ravel().tolist(), strict=True)))


@settings(deadline=None, max_examples=80)
@given(n=st.integers(4, 40), seed=st.integers(0, 10**6), straight=st.booleans())
def test_polygons(n: int, seed: int, straight: bool) -> None:
    """Stars with any corners pushed in, and corners on straight edges: n - 2 triangles, none flat, none outside."""
    random = np.random.default_rng(seed)
    angle = (np.arange(n) + random.uniform(-0.4, 0.4, n)) * (2 * np.pi / n)
    flat = np.c_[np.cos(angle), np.sin(angle), np.zeros(n)] * random.uniform(0.1, 1, (n, 1))
    if straight:  # a corner in the middle of each edge
        flat = np.stack([flat, (flat + np.roll(flat, -1, 0)) / 2], 1).reshape(-1, 3)
    rotation = trimesh.transformations.random_rotation_matrix(random.random(3))[:3, :3]
    points = flat @ rotation.T * random.uniform(0.01, 100) + random.uniform(-10, 10, 3)
    normal = np.cross(points - points[0], np.roll(points, -1, 0) - points[0]).sum(0) / 2
    at, face = triangulate(points, np.arange(len(points), dtype=np.int32), np.array([len(points)], np.int32))
    a, b, c = points[at].transpose(1, 0, 2)
    area = np.cross(b - a, c - a) @ normal / np.linalg.norm(normal) / 2
    assert len(at) == len(points) - 2 and not face.any()
    assert (area > 0).all()
    np.testing.assert_allclose(area.sum(), np.linalg.norm(normal), rtol=1e-9)


def test_many_corners_take_the_compiled_way() -> None:
    """A comb of 4,000 corners, and faces of every size between others."""
    n = 1000
    x = np.repeat(np.arange(n), 2) + np.tile([0, 0.5], n)
    comb = np.c_[np.r_[x, x[::-1]], np.r_[np.zeros(2 * n), np.tile([1, 9], n)], np.zeros(4 * n)]
    at, _ = triangulate(comb, np.arange(4 * n, dtype=np.int32), np.array([4 * n], np.int32))
    a, b, c = comb[at].transpose(1, 0, 2)
    area = np.cross(b - a, c - a)[:, 2] / 2
    x, y = comb[:, 0], comb[:, 1]
    assert (area > 0).all() and area.sum() == pytest.approx(
        (x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2
    )


def test_a_face_that_would_take_for_ever_is_refused() -> None:
    random = np.random.default_rng(0).random((20_000, 2))
    points = np.c_[random, np.zeros(20_000)]
    with pytest.raises(UnreadableFile, match="too many corners"):
        triangulate(points, np.arange(20_000, dtype=np.int32), np.array([20_000], np.int32))


def test_a_polygon_that_crosses_itself_ends() -> None:
    random = np.random.default_rng(0).random((300, 3))
    at, _ = triangulate(random, np.arange(300, dtype=np.int32), np.array([300], np.int32))
    assert len(at) == 298


@pytest.mark.parametrize("name", ["m.obj", "m.xyz", "m.ply"])
def test_a_line_without_an_end_is_refused(tmp_path: Path, name: str) -> None:
    """70 MB of numbers on one line."""
    head = {"m.obj": b"v 1 2 3\nv", "m.xyz": b"1 2 3\n", "m.ply": ply(["element vertex 9", *XYZ])}[name]
    (tmp_path / name).write_bytes(head + b" 1" * 35_000_000)
    with pytest.raises(UnreadableFile, match=rf"^{name} has a line of more than"):
        read_document(tmp_path / name)


def spoilt(count: int, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.mesh_mutants", str(count), str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert int(done.stdout.split()[0]) > count / 10  # some are read all the same


def test_300_spoilt_files(tmp_path: Path) -> None:
    spoilt(300, tmp_path)


@pytest.mark.slow
def test_2000_spoilt_files(tmp_path: Path) -> None:
    spoilt(2000, tmp_path)
