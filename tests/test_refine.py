"""Cameras from dense matches: patches found exactly, perturbed cameras brought back, good ones kept."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pipelines.parallel import run_each
from sculpt3d.compare.registration import robust_umeyama
from sculpt3d.geometry import Rigid3, project
from sculpt3d.models.colmap import camera_poses
from sculpt3d.sfm._colmap import pycolmap
from sculpt3d.sfm.observations import Observations, intersect, observations_of, points_of, with_points
from sculpt3d.sfm.patches import BLUR_PX, find_patches
from sculpt3d.sfm.refine import RefineParams, refine_cameras
from sculpt3d.sfm.seeds import fit_planes
from sculpt3d.synthetic import look_at
from sculpt3d.types import Pinhole, Scene
from tests.conftest import Ball

VIEWS = [*range(9), *range(24, 27)]  # neighbours on the lower ring, some of the upper


def waves(uv: np.ndarray) -> np.ndarray:
    """A smooth picture that can be sampled anywhere, (..., 2) -> (...)."""
    rng = np.random.default_rng(3)
    k, phase = rng.normal(size=(12, 2)) * 0.25, rng.uniform(0, 6, 12)
    return 120 + 8 * np.sin(uv @ k.T + phase).sum(-1)


@pytest.mark.parametrize(
    "turn", [np.eye(2), np.array([[1.1, 0.2], [-0.15, 0.9]])]
)  # target pixels a source pixel
def test_patches_are_found_to_a_small_part_of_a_pixel(turn: np.ndarray) -> None:
    grid = np.stack(np.meshgrid(np.arange(100) + 0.5, np.arange(90) + 0.5), -1)
    shift = np.array([1.37, -0.81])
    seen = waves((grid - 45 - shift) @ np.linalg.inv(turn).T + 45)
    source, target = (cv2.GaussianBlur(p, (0, 0), BLUR_PX) for p in (waves(grid), 1.3 * seen - 20))
    corner = np.array([[3.5, 3.5]])  # its patch leaves the picture
    uv = np.concatenate([np.argwhere(np.ones((5, 5))) * 9 + 27.5, corner])
    true = (uv - 45) @ turn.T + 45 + shift
    found = find_patches(source, target, uv, true + np.array([1.2, -0.9]), np.tile(turn, (26, 1, 1)), 7, 4.0)
    error = np.linalg.norm(found.uv - true, axis=1)[:-1]
    assert np.median(error) < 0.03
    assert error.max() < 0.12
    assert (found.likeness[:-1] > 0.99).all()
    assert np.isnan(found.uv[-1]).all()


def test_planes_give_back_a_slanted_plane() -> None:
    camera = Pinhole(64, 48, 60.0, 60.0, 32.0, 24.0)
    n = np.array([0.3, -0.2, -0.93]) / np.linalg.norm([0.3, -0.2, -0.93])
    x, y = np.meshgrid((np.arange(64) + 0.5 - 32) / 60, (np.arange(48) + 0.5 - 24) / 60)
    depth = (-2.0 / (n[0] * x + n[1] * y + n[2])).astype(np.float32)
    depth[10, 10] = 0
    found = fit_planes(depth, 3)
    column, row = np.array([30, 45], np.int32), np.array([20, 33], np.int32)
    assert np.allclose(found.normals(column, row, camera), n, atol=1e-4)
    assert np.allclose(1 / found.inverse[row, column], depth[row, column], rtol=1e-5)
    assert found.misfit[20, 30] < 1e-5
    assert np.isnan(found.inverse[12, 9])  # a window with a hole


def ball_model(scene: Scene, poses: list[Rigid3], noise_px: float = 0.0) -> pycolmap.Reconstruction:
    """The scene as a COLMAP model whose cameras stand at `poses`, tie points seen from where the scene's views stand."""
    camera = scene.views[0].camera
    model = pycolmap.Reconstruction()
    size = {"width": camera.width, "height": camera.height}
    params = [camera.fx, camera.cx, camera.cy, 0]
    model.add_camera_with_trivial_rig(
        pycolmap.Camera(model="SIMPLE_RADIAL", params=params, camera_id=1, **size)
    )
    rng = np.random.default_rng(5)
    points = scene.points
    number = np.repeat(np.arange(len(points.xyz)), np.diff(points.start))
    rows = [np.zeros((0, 4))]
    for k, (view, pose) in enumerate(zip(scene.views, poses, strict=True)):
        image = pycolmap.Image(name=view.name, camera_id=1, image_id=k + 1)
        model.add_image_with_trivial_frame(
            image, pycolmap.Rigid3d(pycolmap.Rotation3d(pose.rotation), pose.translation)
        )
        mine = number[points.view_index == k]
        uv, _ = project(camera.matrix(), view.cam_from_world, points.xyz[mine])
        rows.append(np.c_[mine, np.full(len(mine), k + 1), uv + rng.normal(0, noise_px, uv.shape)])
    table = np.concatenate(rows)
    seen = Observations(table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2:]).of_length(2)
    return with_points(model, seen, points.xyz[np.unique(seen.point)])


def some_of(scene: Scene) -> Scene:
    """The views of VIEWS with few tie points."""
    points, new = scene.points, {old: k for k, old in enumerate(VIEWS)}
    number = np.repeat(np.arange(len(points.xyz)), np.diff(points.start))
    keep = np.isin(points.view_index, VIEWS) & (number < 120)
    count = np.bincount(number[keep], minlength=len(points.xyz))
    index = np.array([new[int(i)] for i in points.view_index[keep]], np.int32)
    start = np.concatenate([[0], np.cumsum(count)]).astype(np.int32)
    return Scene(tuple(scene.views[i] for i in VIEWS), replace(points, start=start, view_index=index))


def errors(model: Path, scene: Scene) -> tuple[float, float]:
    """Of the cameras, after the best similarity: median distance (unit of the scene) and turn (degrees)."""
    found = camera_poses(model)
    a = np.array([found[v.name].source_origin for v in scene.views])
    b = np.array([v.cam_from_world.source_origin for v in scene.views])
    move = robust_umeyama(a, b)
    turns = [
        np.degrees(
            Rotation.from_matrix(
                move.move_camera(found[v.name]).rotation @ v.cam_from_world.rotation.T
            ).magnitude()
        )
        for v in scene.views
    ]
    return float(np.median(np.linalg.norm(move.apply(a) - b, axis=1))), float(np.median(turns))


def perturbed(scene: Scene) -> list[Rigid3]:
    """Every camera shifted by 0.02 of its distance of 4, and turned so that the ball moves by a pixel or two."""
    rng = np.random.default_rng(7)
    poses = []
    for view in scene.views:
        c = view.cam_from_world
        turn = Rotation.from_rotvec(rng.normal(0, 0.0025, 3)).as_matrix()
        centre = c.source_origin + rng.normal(0, 0.02, 3)
        looks = Rotation.align_vectors((c.rotation @ -c.source_origin)[None], (c.rotation @ -centre)[None])[0]
        rotation = turn @ looks.as_matrix() @ c.rotation
        poses.append(Rigid3(rotation, -rotation @ centre))
    return poses


def written(model: pycolmap.Reconstruction, folder: Path) -> Path:
    folder.mkdir()
    model.write(str(folder))
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {f.name: f.read_bytes() for f in sorted(folder.iterdir())}


def test_points_go_through_a_model_and_back(ball: Ball, tmp_path: Path) -> None:
    scene = some_of(ball.scene)
    model = ball_model(scene, [v.cam_from_world for v in scene.views])
    seen = observations_of(model)
    assert np.abs(intersect(model, seen) - points_of(model)).max() < 1e-9
    again = with_points(model, seen, points_of(model))
    again.update_point_3d_errors()
    assert again.compute_mean_reprojection_error() < 1e-9
    assert np.array_equal(observations_of(again).uv, seen.uv)


def test_perturbed_cameras_come_back_killed_or_not_with_any_workers(ball: Ball, tmp_path: Path) -> None:
    scene = some_of(ball.scene)
    images = scene.views[0].image.parent
    model = written(ball_model(scene, perturbed(scene)), tmp_path / "model")
    before = errors(model, scene)

    class Killed(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done >= 0.3 * total:
            raise Killed

    always = RefineParams(above_px=0)
    with pytest.raises(Killed):
        refine_cameras(model, images, tmp_path / "a", None, always, run_each(2), stop)
    results = [
        refine_cameras(model, images, tmp_path / n, None, always, run_each(w))
        for n, w in (("a", 1), ("b", 3))
    ]
    assert contents(results[0].model) == contents(results[1].model)
    after = errors(results[0].model, scene)
    assert after[0] < 0.15 * before[0]
    assert after[1] < 0.3 * before[1]
    assert results[0].misfit_px[-1] < 0.5 * results[0].misfit_px[0]
    assert results[0].dropped == ()
    assert results[0] == replace(
        refine_cameras(model, images, tmp_path / "a", None, always), model=results[0].model
    )  # read back, not done again
    assert sorted(f.name for f in (tmp_path / "a").iterdir()) == ["refine.json", "sparse"]


def test_good_cameras_stay_good_and_a_lost_one_goes(ball: Ball, tmp_path: Path) -> None:
    scene = some_of(ball.scene)
    true = [v.cam_from_world for v in scene.views]
    lost = len(true) - 2
    points = scene.points
    row = np.cumsum(points.view_index == lost) * (points.view_index == lost)
    number = np.repeat(np.arange(len(points.xyz)), np.diff(points.start))
    keep = row <= 7  # of its tie points
    start = np.concatenate([[0], np.cumsum(np.bincount(number[keep], minlength=len(points.xyz)))])
    few = replace(points, start=start.astype(np.int32), view_index=points.view_index[keep])
    poses = [
        pose if k != lost else look_at(np.array([3.0, 3.0, -2.0]), np.zeros(3)) for k, pose in enumerate(true)
    ]
    model = written(ball_model(replace(scene, points=few), poses, 0.1), tmp_path / "model")
    found = refine_cameras(
        model, scene.views[0].image.parent, tmp_path / "out", None, RefineParams(above_px=0), run_each(2)
    )
    assert found.dropped == (scene.views[lost].name,)
    left = replace(scene, views=tuple(v for v in scene.views if v.name not in found.dropped))
    assert set(camera_poses(found.model)) == {v.name for v in left.views}
    distance, turn = errors(found.model, left)
    assert distance < 0.004  # a thousandth of the distance; a pixel on the ball is 0.007
    assert turn < 0.05


def test_strong_models_are_left_alone(ball: Ball, tmp_path: Path) -> None:
    scene = some_of(ball.scene)
    model = written(ball_model(scene, [v.cam_from_world for v in scene.views], 0.1), tmp_path / "model")
    found = refine_cameras(model, tmp_path / "no photos", tmp_path / "out", None, RefineParams(above_px=1))
    assert found.misfit_px == ()
    assert contents(found.model) == contents(model)
    shutil.rmtree(model)  # the step's result is its own
    assert camera_poses(found.model)
