"""Charts, choice and bake on known truth: a painted sphere, and the same with exposures changed and photos spoilt."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pygltflib
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from benchmarks.dense_sets import write_model
from pipelines.cli import main
from sculpt3d.colour import linear, to_codes
from sculpt3d.geometry import Sim3
from sculpt3d.models.texels import sample_texture
from sculpt3d.surface.topology import vertex_normals
from sculpt3d.synthetic import Look, Stage
from sculpt3d.texture.bake import TextureParams, bake_texture, nodes_of
from sculpt3d.texture.charts import chart_of_faces
from sculpt3d.texture.fill import over_surface
from sculpt3d.texture.observe import linear_photo
from sculpt3d.texture.shading import shading
from sculpt3d.texture.unwrap import laid, rasterise, unwrap
from sculpt3d.texture.visibility import clearance, depth_image, weights
from sculpt3d.types import Mesh, Scene, TexturedMesh
from tests.conftest import CAMERA, Ball, no_points

EXPOSURES = np.exp(np.random.default_rng(5).normal(0, 0.35, (32, 3)))


def small_ball(levels: int = 4) -> Mesh:
    ball = trimesh.creation.icosphere(levels)
    return Mesh(ball.vertices.astype(np.float32), ball.faces.astype(np.int32))


@pytest.fixture(scope="module")
def baked(ball: Ball) -> TexturedMesh:
    return bake_texture(small_ball(), ball.scene, TextureParams(512))


def error(mesh: TexturedMesh, ball: Ball) -> float:
    """Median relative error of the paint; exposure is free."""
    corners = mesh.faces
    found = sample_texture(mesh.texture, mesh.uv[corners].mean(1))
    middle = mesh.vertices[corners].mean(1)
    true = ball.colour[
        cKDTree(ball.mesh.vertices).query(middle / np.linalg.norm(middle, axis=1, keepdims=True))[1]
    ]
    height = middle[:, 1]  # the light falls off downwards
    seen = height > -0.5
    ratio = np.log(found[seen] / true[seen])
    light = np.polynomial.Polynomial.fit(height[seen], np.median(ratio, 1), 3)(height[seen])
    return float(np.median(np.abs(ratio - np.median(ratio - light[:, None], 0) - light[:, None])))


def test_texture_gives_back_the_paint(ball: Ball, baked: TexturedMesh) -> None:
    assert error(baked, ball) < 0.08
    assert 0.0 < baked.facts.unseen_share < 0.35  # nobody looks from below
    assert (
        baked.unseen.any() and baked.vertices[baked.unseen, 1].max() < baked.vertices[~baked.unseen, 1].max()
    )
    assert baked.texture.reshape(-1, 3).max(1).min() > 10  # no texel is left black


@pytest.fixture(scope="module")
def spoilt(ball: Ball, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Each photo with its own exposure and white balance; in every fifth a bright patch before the sphere."""
    folder, views = tmp_path_factory.mktemp("spoilt"), []
    for i, view in enumerate(ball.scene.views):
        light = linear(cv2.imread(str(view.image), cv2.IMREAD_COLOR_RGB)) * EXPOSURES[i]
        if i % 5 == 0:
            cv2.circle(light, (170, 110), 22, (0.9, 0.1, 0.1), -1)
        path = folder / view.name
        cv2.imwrite(str(path), to_codes(light)[..., ::-1])
        views.append(replace(view, image=path))
    return Scene(tuple(views), no_points())


def test_exposures_are_found_and_strangers_left_out(ball: Ball, spoilt: Scene, baked: TexturedMesh) -> None:
    found = bake_texture(small_ball(), spoilt, TextureParams(512))
    gains = np.array([found.facts.gains[v.name] for v in spoilt.views])
    whole = gains * EXPOSURES
    assert np.abs(whole / np.exp(np.log(whole).mean(0)) - 1).max() < 0.04
    assert error(found, ball) < error(baked, ball) + 0.02
    texels = linear(found.texture)
    assert not (texels[..., 0] > 2.5 * texels[..., 1]).any()  # the patch is red, the paint is not


def test_the_same_bytes_with_any_number_of_workers(ball: Ball, baked: TexturedMesh) -> None:
    from pipelines.parallel import run_each

    assert np.array_equal(
        bake_texture(small_ball(), ball.scene, TextureParams(512), run_each(3)).texture, baked.texture
    )


def test_large_triangles_are_coloured_as_well(tmp_path: Path, ball: Ball) -> None:
    """A cube of twelve triangles: choice and levels need finer places than its corners."""
    box = trimesh.creation.box((1.2, 1.2, 1.2))
    fine = box.copy()
    for _ in range(7):
        fine = fine.subdivide()
    colour = np.clip(0.4 + 0.25 * np.sin(12 * fine.vertices), 0.05, 0.9).astype(np.float32)
    stage = Stage(Mesh(fine.vertices.astype(np.float32), fine.faces.astype(np.int32)), colour)
    views = []
    for view in ball.scene.views:
        path = tmp_path / view.name
        cv2.imwrite(str(path), stage.photograph(CAMERA, view.cam_from_world, Look(ambient=1.0))[..., ::-1])
        views.append(replace(view, image=path))
    mesh = Mesh(box.vertices.astype(np.float32), box.faces.astype(np.int32))
    made = bake_texture(mesh, Scene(tuple(views), no_points()), TextureParams(256))
    assert len(made.faces) == 12
    places = np.random.default_rng(0).dirichlet(np.ones(3), (12, 200))
    uv = np.einsum("fnk,fkc->fnc", places, made.uv[made.faces]).reshape(-1, 2)
    xyz = np.einsum("fnk,fkc->fnc", places, made.vertices[made.faces]).reshape(-1, 3)
    side = xyz[:, 1] > -0.55
    ratio = sample_texture(made.texture, uv)[side] / np.clip(0.4 + 0.25 * np.sin(12 * xyz[side]), 0.05, 0.9)
    assert np.median(np.abs(ratio / np.median(ratio, 0) - 1)) < 0.08


def test_charts_cover_the_atlas_evenly_without_overlap() -> None:
    mesh = small_ball(5)
    flat = unwrap(mesh, 1024)
    assert flat.uv.min() >= 0
    assert flat.uv.max() <= 1
    face, weight = rasterise(flat.uv, flat.faces, 1024)
    a, b, c = (flat.uv[flat.faces[:, k]].astype(np.float64) * 1024 for k in range(3))
    turn = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    assert abs((face >= 0).sum() / (np.abs(turn).sum() / 2) - 1) < 0.02  # overlaps would cover fewer texels
    assert (turn < 0).all()  # v runs down: nothing is mirrored
    assert (weight[face >= 0] >= -1e-5).all()
    how = laid(flat.vertices, flat.faces, flat.uv)
    assert how.stretch < 1.05
    assert how.density_spread < 0.1
    assert (face >= 0).mean() > 0.6  # round charts of one size, the worst case; statues reach 0.75


def test_a_sheet_that_folds_over_itself_is_cut() -> None:
    """A spiral ramp: every face looks up, yet its turns lie above each other."""
    t = np.linspace(0, 4 * np.pi, 160)
    rim = np.concatenate([np.stack([r * np.cos(t), 0.05 * t, r * np.sin(t)], 1) for r in (0.5, 1.0)])
    k = np.arange(159)
    faces = np.concatenate([np.stack([k, k + 160, k + 1], 1), np.stack([k + 1, k + 160, k + 161], 1)])
    flat = unwrap(Mesh(rim.astype(np.float32), faces.astype(np.int32)), 512)
    face, _ = rasterise(flat.uv, flat.faces, 512)
    a, b, c = (flat.uv[flat.faces[:, k]].astype(np.float64) * 512 for k in range(3))
    area = np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]).sum() / 2
    assert abs((face >= 0).sum() / area - 1) < 0.03


def test_charts_hang_together_and_take_every_face() -> None:
    mesh = small_ball(5)
    chart = chart_of_faces(mesh.vertices, mesh.faces, 0.93)
    assert chart.min() == 0
    assert 6 <= chart.max() + 1 <= 60
    normal = np.cross(*(mesh.vertices[mesh.faces[:, k]] - mesh.vertices[mesh.faces[:, 0]] for k in (1, 2)))
    for one in range(chart.max() + 1):
        axis = normal[chart == one].sum(0)
        assert (normal[chart == one] @ axis > 0).all()


def test_the_far_side_is_not_seen(ball: Ball) -> None:
    view, mesh = ball.scene.views[0], small_ball()
    depth = depth_image(mesh.vertices, mesh.faces, view)
    index, uv, how = weights(
        view, depth, clearance(depth, view, linear_photo(view)), mesh.vertices, vertex_normals(mesh.vertices, mesh.faces)
    )
    towards = view.cam_from_world.source_origin / np.linalg.norm(view.cam_from_world.source_origin)
    assert (mesh.vertices[index] @ towards > 0.2).all()
    assert len(index) > 0.25 * len(mesh.vertices)
    assert (how > 0).all()
    assert np.isfinite(uv).all()


def test_depth_is_that_of_ray_casting(ball: Ball) -> None:
    import open3d as o3d

    view, mesh = ball.scene.views[3], small_ball()
    scene = o3d.t.geometry.RaycastingScene()
    scene.add_triangles(o3d.core.Tensor(mesh.vertices), o3d.core.Tensor(mesh.faces.astype(np.uint32)))
    c = CAMERA
    x, y = np.meshgrid((np.arange(c.width) + 0.5 - c.cx) / c.fx, (np.arange(c.height) + 0.5 - c.cy) / c.fy)
    rays = np.stack([x, y, np.ones_like(x)], -1) @ view.cam_from_world.rotation
    start = np.broadcast_to(view.cam_from_world.source_origin, rays.shape)
    true = scene.cast_rays(o3d.core.Tensor(np.concatenate([start, rays], -1).astype(np.float32)))[
        "t_hit"
    ].numpy()
    found = depth_image(mesh.vertices, mesh.faces, view)
    both = np.isfinite(true) & (found > 0)
    assert both.sum() > 0.995 * np.isfinite(true).sum()
    assert np.abs(found - true)[both].max() < 1e-3


def test_what_nobody_sees_is_filled_from_its_rim() -> None:
    """On a sphere whose lower part is unknown, the membrane of a linear colour stays between the rim's extremes."""
    mesh = small_ball()
    _, nodes = nodes_of(unwrap(mesh, 256), 256)
    known = nodes.xyz[:, 1] > -0.4
    colour = np.repeat((0.5 + 0.3 * nodes.xyz[:, :1]), 3, 1).astype(np.float32)
    filled = over_surface(nodes, np.where(known[:, None], colour, 0), known)
    assert np.array_equal(filled[known], colour[known])
    assert filled.min() > 0.15
    away = np.abs(filled - colour)[~known].max()
    assert away < 0.25
    middle = nodes.xyz[:, 1] < -0.97
    assert np.abs(filled[middle] - 0.5).max() < 0.05


def colmap_of(ball: Ball, folder: Path, keep: int) -> list[str]:
    views = ball.scene.views
    names = [v.name for v in views]
    write_model(
        folder / "sparse", names, ["PINHOLE 320 240 420 420 160 120"] * len(names),
        [v.cam_from_world for v in views], np.empty((0, 3)), [], [[]] * len(names),
    )  # fmt: skip
    (folder / "images").mkdir()
    for view in views[:keep]:
        (folder / "images" / view.name).write_bytes(view.image.read_bytes())
    return names


def texture_small(mesh: Path, out: Path) -> list[str]:
    """The command's words, with the cameras beside the mesh."""
    return ["texture", str(mesh), "--cameras", str(mesh.parent), "--size", "256", "-o", str(out)]


def test_command_textures_any_mesh_with_some_of_the_photos(
    ball: Ball, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = colmap_of(ball, tmp_path, 28)
    mesh = small_ball(3)
    trimesh.Trimesh(mesh.vertices, mesh.faces, process=False).export(tmp_path / "ball.obj")
    out = tmp_path / "made" / "ball.glb"
    assert main(texture_small(tmp_path / "ball.obj", out)) == 0
    assert "4 of the model's 32 photos are not in" in capsys.readouterr().err
    report = json.loads(out.with_suffix(".report.json").read_text())
    assert report["cameras"] == {"model": "sparse", "views": 28, "without_photo": names[28:]}
    assert report["unit"] == "no scale"
    assert report["texture"]["size"] == 256
    assert report["texture"]["stretch"] < 1.2
    assert set(report["texture"]["gains"]) == set(names[:28])
    assert sorted(p.name for p in out.parent.iterdir()) == ["ball.glb", "ball.report.json"]
    assert main(["check", str(out)]) == 0
    made = trimesh.load(out, process=False).to_geometry()
    assert np.abs(np.linalg.norm(made.vertices, axis=1) - 1).max() < 1e-4  # the cameras' own frame and unit


def test_far_coordinates_give_the_near_texture_and_their_offset(ball: Ball, tmp_path: Path) -> None:
    """Mesh and cameras at UTM coordinates: the picture is the near one's, the frame the mesh's own in doubles."""
    mesh, far = small_ball(3), np.array([465123.0, 5530987.0, 210.0])
    found = []
    for name, origin in (("near", np.zeros(3)), ("far", far)):
        folder = tmp_path / name
        folder.mkdir()
        move = Sim3(1.0, np.eye(3), origin)
        views = [replace(v, cam_from_world=move.move_camera(v.cam_from_world)) for v in ball.scene.views]
        colmap_of(replace(ball, scene=replace(ball.scene, views=tuple(views))), folder, 12)
        rows = [f"v {x:.9f} {y:.9f} {z:.9f}" for x, y, z in mesh.vertices + origin]
        rows += [f"f {a} {b} {c}" for a, b, c in mesh.faces + 1]
        (folder / "a.obj").write_text("\n".join(rows) + "\n")
        assert main([*texture_small(folder / "a.obj", folder / "a.glb"), "--quiet"]) == 0
        made = pygltflib.GLTF2().load(str(folder / "a.glb"))
        (shape,) = trimesh.load(folder / "a.glb", process=False).geometry.values()
        found.append(
            (made.nodes[0].translation, np.asarray(shape.vertices), shape.visual.material.baseColorTexture)
        )
    (_, near_xyz, near_picture), (offset, far_xyz, far_picture) = found
    report = json.loads((tmp_path / "far" / "a.report.json").read_text())
    assert offset == report["offset"] == far.tolist()
    assert any("local" in note for note in report["notes"])
    assert np.abs(far_xyz - near_xyz).max() < 1e-6
    assert np.abs(np.asarray(far_picture, int) - np.asarray(near_picture, int)).mean() < 0.2


@pytest.mark.parametrize("wrong", ["images", "frame", "name"])
def test_what_cannot_be_textured_is_told_in_a_sentence(
    ball: Ball, tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: str
) -> None:
    colmap_of(ball, tmp_path, 0 if wrong == "images" else 4)
    mesh = small_ball(2)
    away = 50.0 if wrong == "frame" else 0.0
    trimesh.Trimesh(mesh.vertices + np.array([0, away, 0]), mesh.faces, process=False).export(
        tmp_path / "a.ply"
    )
    out = tmp_path / ("a.obj" if wrong == "name" else "a.glb")
    assert main([*texture_small(tmp_path / "a.ply", out), "--quiet"]) == 2
    said = capsys.readouterr().err
    assert {"images": "--images", "frame": "frame of the cameras", "name": ".glb"}[wrong] in said
    assert "Traceback" not in said
    assert not out.exists()


def test_delight_takes_shading_and_leaves_paint() -> None:
    """Two paints in patches under a light from one side: bright and dark side of the same paint come together."""
    mesh = small_ball(5)
    _, nodes = nodes_of(unwrap(mesh, 256), 256)
    paint = np.where(np.sin(12 * nodes.xyz).prod(1) > 0, 0.6, 0.3)
    light = 0.4 + 0.3 * nodes.normal @ np.array([0.6, 0.8, 0])
    shaded = np.repeat((paint * light)[:, None], 3, 1).astype(np.float32)
    found = shaded[:, 0] / shading(nodes, shaded, np.ones(len(paint), bool))
    for one in (0.6, 0.3):
        assert np.std(found[paint == one]) / np.mean(found[paint == one]) < 0.15  # 0.43 before
    assert abs(np.median(found[paint == 0.6]) / np.median(found[paint == 0.3]) - 2) < 0.15


@given(st.integers(0, 255))
@settings(max_examples=256)
def test_srgb_goes_there_and_back(code: int) -> None:
    assert to_codes(linear(np.array([code], np.uint8)))[0] == code
