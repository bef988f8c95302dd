"""Pictures of a file beside its source and the photos; the Khronos validator as a second opinion."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines.export import export
from pipelines.export_level import ExportParams
from sculpt3d.colour import to_srgb
from sculpt3d.models.document import Material, Part, Texture
from sculpt3d.types import Mesh
from sculpt3d.webasset.glb import GlbParams, Label, build_glb
from sculpt3d.webasset.likeness import Gallery
from sculpt3d.webasset.npm import VALIDATOR
from sculpt3d.webasset.proof import ProofFailed, prove_glb
from sculpt3d.webasset.validator import VARIABLE, find_validator, validate
from tests.conftest import Ball
from tests.test_gltf import fetched


def part_of(ball: Ball) -> Part:
    rgb = np.round(to_srgb(ball.colour) * 255).astype(np.uint8)
    return Part(ball.mesh.vertices, ball.mesh.faces, rgba=np.c_[rgb, np.full(len(rgb), 255, np.uint8)])


def test_the_true_model_looks_like_its_photos(ball: Ball) -> None:
    part = part_of(ball)
    same = Gallery([part], ball.scene.views).compare([part])
    assert same.ssim == 1 and same.delta_e == same.cover == 0
    assert same.photo_ssim is not None and same.photo_delta_e is not None
    # Their light varies by a quarter from above to below.
    assert same.photo_ssim > 0.985 and same.photo_delta_e < 2.5, same


def test_pictures_show_what_differs(ball: Ball) -> None:
    part = part_of(ball)
    gallery = Gallery([part], [replace(v, image=Path("none")) for v in ball.scene.views])
    assert part.rgba is not None
    darker = gallery.compare([replace(part, rgba=(part.rgba * [0.8, 0.8, 0.8, 1]).astype(np.uint8))])
    assert 4 < darker.delta_e < 15 and darker.photo_ssim is None
    turned = gallery.compare([replace(part, vertices=part.vertices * np.float32([-1, 1, -1]))])
    assert turned.ssim < 0.6 < darker.ssim
    clear = replace(part, material=Material(factor=(1, 1, 1, 0.2), alpha="blend"))
    assert gallery.compare([clear]).cover > 0.9 and gallery.compare([part]).cover == 0


@pytest.fixture
def square() -> Part:
    v = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
    uv = np.array([[0, 1], [1, 1], [1, 0], [0, 0]], np.float32)
    picture = np.random.default_rng(0).integers(0, 255, (8, 8, 3)).astype(np.uint8).repeat(8, 0).repeat(8, 1)
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    look = Material(texture=Texture(picture, ("clamp", "clamp")))
    return Part(v, faces, look, uv, normals=np.tile(np.float32([0, 0, 1]), (4, 1)))


def test_the_validator_is_asked_where_it_is(
    square: Part, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(fetched(VALIDATOR)))
    find_validator.cache_clear()
    path = tmp_path / "a.glb"
    path.write_bytes(build_glb([square], Label("a", metric=True), GlbParams()))
    assert validate(path) == [] and prove_glb(path, [square], "none", 0, "a.glb").khronos
    text = path.read_bytes().replace(b'"doubleSided":true', b'"doubleSided":1   ')
    path.write_bytes(text)
    found = validate(path)
    assert found and "doubleSided" in found[0]
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    find_validator.cache_clear()
    assert validate(path) is None
    find_validator.cache_clear()


def test_a_file_that_does_not_look_like_its_source_is_refused(square: Part, tmp_path: Path) -> None:
    path = tmp_path / "a.glb"
    path.write_bytes(build_glb([square], Label("a"), GlbParams()))
    assert square.material.texture is not None
    turned = Texture(np.ascontiguousarray(square.material.texture.pixels[::-1]), ("clamp", "clamp"))
    other = replace(square, material=replace(square.material, texture=turned))
    with pytest.raises(ProofFailed, match="does not look like its source"):
        prove_glb(path, [square], "none", 0, "a.glb", Gallery([other], _views()))


def test_export_tells_what_it_compared(ball: Ball, tmp_path: Path) -> None:
    from sculpt3d.models.ply import write_mesh

    rgba = part_of(ball).rgba
    assert rgba is not None
    write_mesh(tmp_path / "ball.ply", Mesh(ball.mesh.vertices, ball.mesh.faces, rgba[:, :3]), ("metres",))
    said: list[str] = []
    params = ExportParams(("thumb",), triangles=3000, texture=512)
    export(tmp_path / "ball.ply", tmp_path / "a.glb", params, say=said.append)
    seen = json.loads((tmp_path / "export.json").read_text())["levels"][0]["proof"]["likeness"]
    assert seen["ssim"] > 0.95 and seen["delta_e"] < 1 and seen["photo_ssim"] is None
    assert any("SSIM" in line for line in said)


def _views() -> list:  # type: ignore[type-arg]
    from pipelines.source import _around

    flat = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
    return list(_around(Mesh(flat, np.array([[0, 1, 2], [0, 2, 3]], np.int32))))
