"""Plans from cameras and tie points: on known surfaces, with gaps in the ring, noise points and odd input."""

from __future__ import annotations

import html.parser
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipelines.cli import main
from pipelines.plan_words import lines, plan_facts, station_line, weak_line
from pipelines.planning import orientations, plan, plan_page
from sculpt3d.errors import InputError, NotEnoughViews
from sculpt3d.geometry import Rigid3, Sim3, project
from sculpt3d.planning.cameras import noise_px
from sculpt3d.planning.coarse import Coarse
from sculpt3d.planning.plan import Plan, plan_shots
from sculpt3d.planning.predict import Matching
from sculpt3d.planning.visibility import Seen, Sight
from sculpt3d.sfm._colmap import pycolmap
from sculpt3d.synthetic import look_at, ring
from sculpt3d.types import Mesh, Pinhole, Scene, SparsePoints, View

CAMERA = Pinhole(800, 600, 900.0, 900.0, 400.0, 300.0)


def figure() -> trimesh.Trimesh:
    """A body with a head, upright along +Y, 1.7 high."""
    body = trimesh.creation.icosphere(4)
    body.apply_scale([0.35, 0.65, 0.3])
    head = trimesh.creation.icosphere(4, 0.25)
    head.apply_translation([0, 0.8, 0.05])
    return trimesh.util.concatenate([body, head])


def slab() -> trimesh.Trimesh:
    mesh = trimesh.creation.box((2.0, 1.2, 0.12))
    for _ in range(5):
        mesh = mesh.subdivide()
    return mesh


def scene_of(
    mesh: trimesh.Trimesh, poses: list[Rigid3], noise: float = 0.3, wrong: int = 0, count: int = 4000
) -> Scene:
    """Tie points where two cameras or more look at the surface; `wrong` strewn about."""
    rng = np.random.default_rng(3)
    xyz, face = trimesh.sample.sample_surface(mesh, count, seed=5)
    normal = mesh.face_normals[face]
    seen = np.zeros((len(poses), count), bool)
    for k, pose in enumerate(poses):
        towards = pose.source_origin - xyz
        cosine = (towards * normal).sum(1) / np.linalg.norm(towards, axis=1)
        uv, z = project(CAMERA.matrix(), pose, xyz)
        inside = (uv > 0).all(1) & (uv < [CAMERA.width, CAMERA.height]).all(1) & (z > 0)
        seen[k] = inside & (cosine > 0.3) & (rng.random(count) < 0.8)
    keep = np.flatnonzero(seen.sum(0) >= 2)
    lists = [np.flatnonzero(seen[:, k]) for k in keep]
    far = np.median([np.linalg.norm(p.source_origin) for p in poses])
    points = xyz[keep] + rng.normal(0, noise * far / CAMERA.fx, (len(keep), 3))
    points = np.concatenate([points, rng.uniform(-1.5, 1.5, (wrong, 3))])
    lists += [np.sort(rng.choice(len(poses), 2, replace=False)) for _ in range(wrong)]
    start = np.concatenate([[0], np.cumsum([len(t) for t in lists])]).astype(np.int32)
    views = tuple(View(f"IMG_{k:02d}.jpg", CAMERA, p, Path("none")) for k, p in enumerate(poses))
    error = np.full(len(points), noise * 1.2533, np.float32)
    return Scene(views, SparsePoints(points, error, start, np.concatenate(lists).astype(np.int32)))


def rings(gap_deg: float = 0.0, middle_deg: float = 180.0) -> list[Rigid3]:
    every = [*ring(np.zeros(3), 3.2, 5, 20), *ring(np.zeros(3), 3.2, 35, 12, 9)]
    return [p for p in every if abs(off(azimuth(p), middle_deg)) >= gap_deg / 2]


def azimuth(pose: Rigid3) -> float:
    eye = pose.source_origin
    return float(np.degrees(np.arctan2(eye[0], eye[2])))


def off(a: float, b: float) -> float:
    return (a - b + 180) % 360 - 180


@pytest.mark.parametrize(("gap", "middle"), [(60, 20), (75, 145), (90, 250), (70, 310)])
def test_the_first_suggestion_points_into_the_gap(gap: float, middle: float, tmp_path: Path) -> None:
    """In a frame and unit of its own, as cameras come, and with noise points."""
    turn = Sim3(0.37, trimesh.transformations.euler_matrix(0.4, 1.0, 2.0)[:3, :3], np.array([4.0, -2, 9]))
    scene = scene_of(figure(), rings(gap, middle), wrong=120)
    views = tuple(replace(v, cam_from_world=turn.move_camera(v.cam_from_world)) for v in scene.views)
    moved = replace(scene, views=views, points=replace(scene.points, xyz=turn.apply(scene.points.xyz)))
    found = plan_shots(moved, tmp_path / "work")
    assert not found.surface.relief
    eye = (turn.inverse() @ found.surface.world_from_source.inverse()).apply(found.stations[0].eye)
    assert abs(off(float(np.degrees(np.arctan2(eye[0], eye[2]))), middle)) < gap / 2
    assert np.linalg.norm(eye) == pytest.approx(3.2, rel=0.1)  # as far away as the others
    facts = plan_facts(found)
    left, right = facts["stations"][0]["between"]
    here = {v.name: azimuth(p.cam_from_world) for v, p in zip(found.scene.views, scene.views, strict=True)}
    assert abs(off(here[left], here[right])) >= gap  # named are the photos on either side of the gap


def test_the_coarse_surface_is_the_figure_in_spite_of_noise(tmp_path: Path) -> None:
    mesh = figure()
    found = plan_shots(scene_of(mesh, rings(), noise=0.5, wrong=200), tmp_path / "work")
    back = found.surface.world_from_source.inverse().apply(found.surface.centre)
    distance = _distance(mesh, back)
    assert np.median(distance) < 0.02
    assert np.quantile(distance, 0.95) < 0.08
    true = mesh.face_normals[_nearest(mesh, back)]
    cosine = (found.surface.normal @ found.surface.world_from_source.rotation * true).sum(1)
    assert np.median(cosine) > 0.97


def _nearest(mesh: trimesh.Trimesh, points: np.ndarray) -> np.ndarray:
    from scipy.spatial import cKDTree

    return np.asarray(cKDTree(mesh.triangles_center).query(points)[1])


def _distance(mesh: trimesh.Trimesh, points: np.ndarray) -> np.ndarray:
    centre = mesh.triangles_center[_nearest(mesh, points)]
    normal = mesh.face_normals[_nearest(mesh, points)]
    return np.abs(((points - centre) * normal).sum(1))


def test_what_no_photo_sees_is_a_hole_with_a_place(tmp_path: Path) -> None:
    """Photographed from the front half only: its back is one hole that faces backwards, and a suggestion goes to its side."""
    poses = [p for p in rings() if abs(off(azimuth(p), 0)) < 80]
    found = plan_shots(scene_of(figure(), poses), tmp_path / "work")
    assert not found.surface.relief
    facts = plan_facts(found)
    assert facts["hole_share"] > 0.1
    hole = next(w for w in facts["weak"] if w["kind"] == "hole")
    away = np.array(hole["normal"]) @ found.surface.world_from_source.rotation
    assert away @ [0, 0, -1] > 0.8
    assert "no two photos" in weak_line(hole, "gsd")


def test_a_full_set_needs_little(tmp_path: Path) -> None:
    facts = plan_facts(plan_shots(scene_of(figure(), rings()), tmp_path / "work"))
    with_gap = plan_facts(plan_shots(scene_of(figure(), rings(90, 0)), tmp_path / "other"))
    assert facts["hole_share"] < 0.03
    best = max((s["gain"] for s in facts["stations"]), default=0.0)
    assert best < 0.5 * with_gap["stations"][0]["gain"]
    assert not facts["metric"]
    assert facts["gsd_mm"] is None


def test_a_relief_is_planned_from_its_front(tmp_path: Path) -> None:
    """Its right end is seen by two photos: there it is weak, and all places lie before it."""
    poses = [look_at(np.array([x, 0.1, 1.6]), np.array([x + 0.1, 0, 0])) for x in np.linspace(-1.0, 0.35, 10)]
    scene = scene_of(slab(), poses)
    found = plan_shots(scene, tmp_path / "work", height_mm=1200.0)
    assert found.surface.relief
    facts = plan_facts(found)
    assert facts["metric"]
    assert facts["stations"]
    assert all(s["eye"][2] > 0 for s in facts["stations"])
    assert "right" in facts["stations"][0]["at"]
    assert "right" in facts["weak"][0]["where"]
    assert "nothing behind it" in " ".join(lines(facts))
    assert "m away" in station_line(facts["stations"][0], True, True)


def seen_from(angles_deg: list[float], cosine: float = 1.0, pixel: float = 0.001) -> Seen:
    """One patch that faces +Z, cameras in the plane y = 0."""
    a = np.radians(angles_deg)
    ray = np.stack([np.sin(a), 0 * a, np.cos(a)], -1)[:, None]
    one = np.ones((len(a), 1))
    return Seen(one > 0, cosine * one, pixel * one, ray)


FRONT, FLAT = np.array([[0.0, 0, 1]]), np.ones(1)


def sigma_of(angles: list[float], noise: float = 0.5, pixel: float = 0.001) -> float:
    return float(Matching.of(seen_from(angles, pixel=pixel), FRONT, FLAT, noise).sigma()[0])


def test_two_rays_have_the_textbook_sigma() -> None:
    """Two photos at ± a straight before a patch: sigma along the bisector is s / (sqrt 2 sin a)."""
    for half in (5.0, 10.0):
        exact = 0.5 * 0.001 / (np.sqrt(2) * np.sin(np.radians(half)))
        assert sigma_of([-half, half]) == pytest.approx(exact, rel=1e-6)


@given(st.floats(3, 12), st.floats(0.05, 2), st.floats(1e-4, 1e2))
@settings(max_examples=40)
def test_sigma_follows_noise_pixel_and_angle(half: float, noise: float, pixel: float) -> None:
    base = sigma_of([-half, half], noise, pixel)
    assert sigma_of([-half, half], 2 * noise, pixel) == pytest.approx(2 * base, rel=1e-6)
    assert sigma_of([-half, half], noise, 3 * pixel) == pytest.approx(3 * base, rel=1e-6)
    assert sigma_of([-half / 2, half / 2], noise, pixel) > base
    assert sigma_of([-half, 0, half], noise, pixel) <= base * (1 + 1e-9)


def test_photos_that_cannot_be_matched_give_nothing() -> None:
    assert sigma_of([-45, 45]) == np.inf  # they show two different surfaces
    assert sigma_of([0, 0]) == np.inf  # no angle
    assert sigma_of([10]) == np.inf
    one_more = Matching.of(seen_from([10]), FRONT, FLAT, 0.5).with_view(seen_from([-10]), 0)
    assert one_more.sigma()[0] == pytest.approx(sigma_of([10, -10]))


def test_what_stands_before_a_patch_hides_it() -> None:
    """Two parallel squares: the far one is hidden from a camera straight ahead, not from one at its side."""
    square = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], np.float32)
    mesh = Mesh(
        np.concatenate([square, square + np.array([0, 0, 1])]).astype(np.float32),
        np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]], np.int32),
    )
    centre = np.array([[0, 0, 0], [0, 0, 1.0]])
    facing = np.array([[0, 0, 1.0]] * 2)
    coarse = Coarse(
        mesh,
        np.array([0, 0, 1, 1]),
        centre,
        facing,
        np.ones(2),
        np.zeros(2),
        centre,
        True,
        False,
        Sim3.identity(),
    )
    views = [
        View("a", CAMERA, look_at(np.array(eye), np.zeros(3)), Path("a"))
        for eye in ([0, 0.01, 6.0], [4.5, 0, 3.5])
    ]
    assert Sight(coarse).of(views).sees.tolist() == [[False, True], [True, True]]


def test_noise_comes_from_the_residuals() -> None:
    rng = np.random.default_rng(0)
    start = np.arange(0, 5 * 2000 + 1, 5)
    left = np.sqrt((2 * 5 - 3) / (2 * 5))  # what fitting a point leaves of five photos' residuals
    error = np.linalg.norm(rng.normal(0, 0.4, (2000, 5, 2)), axis=2).mean(1) * left
    points = SparsePoints(
        np.zeros((2000, 3)), error.astype(np.float32), start.astype(np.int32), np.zeros(10_000, np.int32)
    )
    assert noise_px(points) == pytest.approx(0.4, rel=0.03)


def colmap_model(scene: Scene, out: Path) -> Path:
    """The scene's cameras and tie points with their pixels, as COLMAP has them."""
    model = pycolmap.Reconstruction()
    camera = pycolmap.Camera(
        model="PINHOLE",
        width=CAMERA.width,
        height=CAMERA.height,
        params=[CAMERA.fx, CAMERA.fy, CAMERA.cx, CAMERA.cy],
        camera_id=1,
    )
    model.add_camera_with_trivial_rig(camera)
    owner = np.repeat(np.arange(len(scene.points.xyz)), np.diff(scene.points.start))
    place = np.zeros(len(owner), int)
    for k, view in enumerate(scene.views):
        mine = np.flatnonzero(scene.points.view_index == k)
        place[mine] = np.arange(len(mine))
        uv, _ = project(CAMERA.matrix(), view.cam_from_world, scene.points.xyz[owner[mine]])
        image = pycolmap.Image(name=view.name, camera_id=1, image_id=k + 1)
        image.points2D = pycolmap.Point2DList(
            [pycolmap.Point2D(p) for p in uv + np.random.default_rng(k).normal(0, 0.3, uv.shape)]
        )
        model.add_image_with_trivial_frame(image, pycolmap.Rigid3d(view.cam_from_world.matrix()[:3]))
    for i, xyz in enumerate(scene.points.xyz):
        rows = np.flatnonzero(owner == i)
        model.add_point3D(
            xyz,
            pycolmap.Track(
                [pycolmap.TrackElement(int(scene.points.view_index[r]) + 1, int(place[r])) for r in rows]
            ),
        )
    out.mkdir(parents=True)
    model.write(str(out))
    return out


def test_a_colmap_model_is_planned_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    colmap_model(scene_of(figure(), rings(80, 100), count=1500), tmp_path / "set" / "sparse" / "0")
    assert main(["plan", str(tmp_path / "set"), "--object-height", "1700", "--memory", "2"]) == 0
    said = "".join(capsys.readouterr())
    assert "Shoot 1: from" in said
    assert "mm in the median" in said
    out = tmp_path / "set-plan"
    facts = json.loads((out / "plan.json").read_text())
    assert facts["noise_px"] == pytest.approx(0.3, abs=0.05)
    assert facts["metric"] and facts["sigma"]["median"] > 0
    with Image.open(out / "plan.png") as picture:
        assert picture.width > 1000
    text = (out / "plan.html").read_text()
    assert "data:image/png" in text and 'src="http' not in text
    before = (out / "plan.json").read_bytes()
    assert main(["plan", str(tmp_path / "set"), "--object-height", "1700", "--quiet"]) == 0
    assert (out / "plan.json").read_bytes() == before
    assert {p.name for p in (tmp_path / "set").iterdir()} == {"sparse"}  # inputs are never written to


def test_how_photos_were_held_is_read_beside_a_model(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    exif = Image.Exif()
    exif[274] = 8
    Image.new("RGB", (8, 6)).save(tmp_path / "images" / "a.jpg", exif=exif)
    Image.new("RGB", (8, 6)).save(tmp_path / "outside.jpg", exif=exif)
    (tmp_path / "images" / "b.jpg").write_bytes(b"no picture")
    names = ["a.jpg", "b.jpg", "missing.jpg", "../outside.jpg"]
    assert orientations(names, [tmp_path / "none", tmp_path / "images"]) == {"a.jpg": 8, "b.jpg": 1}
    assert orientations(names, [tmp_path / "none"]) == {}


def test_names_of_photos_are_no_markup(tmp_path: Path) -> None:
    found: Plan = plan_shots(scene_of(figure(), rings(80)), tmp_path / "work")
    evil = tuple(replace(v, name=f"<script>{k}</script>.jpg") for k, v in enumerate(found.scene.views))
    facts = plan_facts(replace(found, scene=replace(found.scene, views=evil)))
    for station in facts["stations"]:
        station["between"] = [evil[0].name, evil[1].name]
    seen: list[str] = []

    class Reader(html.parser.HTMLParser):
        def handle_starttag(self, tag: str, _: object) -> None:
            seen.append(tag)

    Reader().feed(plan_page("<b>", facts, b""))
    assert "script" not in seen and "b" in seen and seen.count("img") == 1


def test_wrong_input_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no folder"):
        plan(tmp_path / "nothing")
    (tmp_path / "project" / "work").mkdir(parents=True)
    with pytest.raises(InputError, match="holds no cameras"):
        plan(tmp_path / "project")
    with pytest.raises(InputError, match="leave --masks and -o out"):
        plan(tmp_path / "project", tmp_path / "other")
    few = scene_of(figure(), rings(), count=60)
    with pytest.raises(NotEnoughViews, match="too few"):
        plan_shots(few, tmp_path / "work")
