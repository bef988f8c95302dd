"""Levels of detail on the screen: few triangles in motion, all at rest, and large files that come out of the cache."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh

from sculpt3d.models.document import Document, Material, Part, Texture
from tests.pictures import ssim
from tests.test_detail import bumpy, document, split
from viewer.detail import documents, kept, store
from viewer.detail.build import levels_of
from viewer.detail.corners import corners_of
from viewer.detail.making import Making
from viewer.detail.quick import rough
from viewer.drawing.picture import Card, framed
from viewer.drawing.window import open_window
from viewer.files.loading import load
from viewer.state.lamps import RAKING

SIZE = (480, 270)
MODES = ("textured", "clay", "plain", "normals", "matcap", "xray", "wire", "points")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(store.CACHE, str(tmp_path / "cache"))
    return store.folder()


class Made(Making):
    """Levels that are there already."""

    def __init__(self, made: Document) -> None:
        super().__init__(made)
        self.levels = levels_of(corners_of(made))


@pytest.fixture
def window() -> Iterator[Any]:
    found = open_window((64, 64), visible=False)
    found.switch_to()
    yield found
    found.close()


def painted(made: Document) -> Document:
    """With a picture of stripes on every part."""
    stripes = (np.indices((256, 256)).sum(0) // 16 % 2 * 160 + 60).astype(np.uint8)
    material = Material(texture=Texture(np.dstack([stripes, stripes, 255 - stripes])))
    return replace(made, parts=tuple(replace(p, material=material) for p in made.parts))


@pytest.mark.parametrize("name", MODES)
def test_at_rest_all_is_drawn_as_ever_and_in_motion_nearly_so(window: Any, name: str) -> None:
    from viewer.drawing.screen import Screen

    made = painted(split(*bumpy()))
    state = replace(framed(made, SIZE), mode=name)
    screen = Screen(made, Made(made))
    screen.show(state, SIZE, (0, 0), 0, "moving")
    moving = screen.read()
    assert not screen.complete and screen.cut is not None and screen.cut.triangles >= 29_000
    shows = 0
    while not screen.complete:
        screen.show(state, SIZE, (0, 0), 0, "resting")
        shows += 1
        assert shows < 200
    resting = screen.read()
    card = Card(made)
    as_ever = card.draw(state, SIZE)
    card.close()
    window.switch_to()
    assert np.array_equal(resting, as_ever)
    if name not in ("wire", "points"):  # which show each triangle
        assert ssim(moving, as_ever) > (0.9 if name != "xray" else 0.75)
    screen.free()


def test_few_triangles_in_motion_look_like_all_of_them(window: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a twelfth of the triangles no stripe is torn and no shadow jumps."""
    from viewer.drawing import screen as screens

    monkeypatch.setattr(screens, "BUDGET", 2700)
    made = painted(split(*bumpy()))
    lamp = replace(RAKING, azimuth=30.0, elevation=25.0)
    for more in ({"mode": "textured"}, {"mode": "clay"}, {"mode": "clay", "lamps": (lamp,), "shadows": True}):
        state = replace(framed(made, SIZE), **more)  # type: ignore[arg-type]
        screen = screens.Screen(made, Made(made))
        screen.show(state, SIZE, (0, 0), 0, "moving")
        moving = screen.read()
        assert screen.cut is not None and screen.cut.triangles <= 2700
        screen.show(state, SIZE, (0, 0), 0, "whole")
        assert ssim(moving, screen.read()) > 0.85
        screen.free()


def test_a_rough_model_stands_in_until_the_levels_are_made(window: Any, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from viewer.drawing.screen import Screen

    monkeypatch.setattr(kept, "WORTH", 1000)
    made = document(*bumpy(160))
    state = replace(framed(made, SIZE), mode="clay")
    making = Making(made)
    screen = Screen(made, making)
    screen.show(state, SIZE, (0, 0), 0, "moving")
    first = screen.read()
    making.wait()
    assert making.levels is not None and making.said == "" and not making.busy
    screen.show(state, SIZE, (0, 0), 0, "moving")
    assert screen.renderer.levels is making.levels
    screen.show(state, SIZE, (0, 0), 0, "whole")
    assert ssim(first, screen.read()) > 0.7
    again = Making(made)
    again.wait()
    assert again.levels is not None and again.levels.triangles == len(made.triangles())
    screen.free()


def test_a_rough_model_has_vertices_of_the_model_and_no_more_of_them() -> None:
    made = split(*bumpy(160))
    found = rough(made)
    assert 0 < found.triangles <= len(made.triangles())
    assert np.array_equal(found.vertices["position"], made.points()[found.vertices["source"]])


def large(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(documents, "LARGE", 1000)
    documents._waiting.clear()
    return path


def same(a: Document, b: Document) -> None:
    assert (a.name, a.unit_m, a.unit_source, a.notes, a.provenance) == (b.name, b.unit_m, b.unit_source, b.notes, b.provenance)
    assert np.array_equal(a.offset, b.offset) and len(a.parts) == len(b.parts)
    for p, q in zip(a.parts, b.parts, strict=True):
        for name in ("vertices", "faces", "uv", "rgba", "normals"):
            one, two = getattr(p, name), getattr(q, name)
            assert (one is None) == (two is None)
            assert one is None or (one.dtype == two.dtype and np.array_equal(one, two))
        assert p.attributes.keys() == q.attributes.keys() and p.name == q.name
        assert all(np.array_equal(p.attributes[k], q.attributes[k]) for k in p.attributes)
        m, n = p.material, q.material
        assert (m.name, m.factor, m.alpha, m.cutoff) == (n.name, n.factor, n.alpha, n.cutoff)
        assert (m.texture is None) == (n.texture is None)
        if m.texture is not None and n.texture is not None:
            assert m.texture.wrap == n.texture.wrap and np.array_equal(m.texture.pixels, n.texture.pixels)


@pytest.mark.parametrize("kind", ["ply", "stl", "glb"])
def test_a_large_file_comes_out_of_the_cache_as_it_was_read(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    path = large(tmp_path / f"model one.{kind}", monkeypatch)
    vertices, faces = bumpy(30)
    mesh = trimesh.Trimesh(vertices + 5000.25, faces, process=False)
    if kind == "glb":
        colours = trimesh.visual.ColorVisuals(mesh, vertex_colors=np.random.default_rng(0).integers(0, 255, (len(vertices), 4)))
        mesh = trimesh.Trimesh(vertices, faces, visual=colours, process=False)
    mesh.export(path)
    first = load(path)
    assert documents.find(path) is None
    documents.keep_waiting()
    assert documents.find(path) is not None
    same(load(path), first)
    moved = path.rename(tmp_path / f"another.{kind}")
    same(load(moved), replace(first, name="another"))
    assert load(moved, "mm").unit_m == 0.001
    data = bytearray(moved.read_bytes())
    data[-30] ^= 1
    moved.write_bytes(bytes(data))
    assert documents.find(moved) is None


def test_a_file_that_names_others_is_not_kept(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = large(tmp_path / "m.gltf", monkeypatch)
    path.write_bytes(b"x" * 5000)
    assert documents.key_of(path) is None
    glb = tmp_path / "m.glb"
    glb.write_bytes(b'glTF' + b"\2\0\0\0" + b"\0\20\0\0" + b"\40\0\0\0JSON" + b'{"buffers":[{"uri":"a.bin"}]}   ' + b"x" * 4000)
    assert documents.key_of(glb) is None


def test_a_damaged_document_is_read_anew(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = large(tmp_path / "m.ply", monkeypatch)
    trimesh.Trimesh(*bumpy(20), process=False).export(path)
    first = load(path)
    documents.keep_waiting()
    file = next(cache.glob("*.model"))
    file.write_bytes(file.read_bytes()[:-5000])
    same(load(path), first)
    assert not list(cache.glob("*.model"))


def test_numbers_in_the_cache_are_the_users_own_and_stay(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writing to an array of a document that was mapped changes no file."""
    path = large(tmp_path / "m.ply", monkeypatch)
    trimesh.Trimesh(*bumpy(20), process=False).export(path)
    load(path)
    documents.keep_waiting()
    one = load(path)
    before = one.parts[0].vertices.copy()
    one.parts[0].vertices[:] = 7
    assert np.array_equal(load(path).parts[0].vertices, before)


def test_a_large_cloud_moves_in_few_points(window: Any, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from viewer.detail import cloud
    from viewer.drawing import screen as screens

    monkeypatch.setattr(cloud, "WORTH", 1000)
    monkeypatch.setattr(screens, "POINTS", 4000)
    points = bumpy(160)[0]
    rgba = np.full((len(points), 4), 255, np.uint8)
    made = Document("c", (Part(points, np.zeros((0, 3), np.int32), rgba=rgba),))
    making = Making(made)
    making.wait()
    assert making.clouds[0] is not None and making.said == ""
    screen = screens.Screen(made, making)
    state = framed(made, SIZE)
    screen.show(state, SIZE, (0, 0), 0, "moving")
    few = (screen.read() > 200).all(2).sum()
    screen.show(state, SIZE, (0, 0), 0, "whole")
    many = (screen.read() > 200).all(2).sum()
    assert 0.1 * many < few < 0.5 * many
    screen.free()
