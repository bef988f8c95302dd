"""Up, region and world frame on known cameras; registration by hypothesis."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import trimesh
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from sculpt3d.align import find_up, move_scene, place, rotation_to_y
from sculpt3d.compare.registration import icp, robust_umeyama
from sculpt3d.geometry import Rigid3, Sim3, project
from sculpt3d.region import find_region
from tests.conftest import Ball

UNIT = st.lists(st.floats(-1, 1), min_size=3, max_size=3).filter(lambda v: np.linalg.norm(v) > 0.1)


def test_up_is_found_in_any_frame_with_turned_cameras(ball: Ball) -> None:
    """Half of the photos are taken upright with the sensor on its side; EXIF says so, the pixels are as stored."""
    frame = Rotation.from_euler("xyz", [40, 70, 160], degrees=True).as_matrix()
    quarter = np.array(
        [[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]]
    )  # the motif's top lies on the stored picture's right
    views, turned = [], {}
    for i, view in enumerate(ball.scene.views):
        rotation = view.cam_from_world.rotation @ frame.T
        if i % 2:
            rotation = quarter.T @ rotation
            top = rotation @ frame @ [0, 1, 0]
            turned[view.name] = 8 if top[0] > 0 else 6
        views.append(replace(view, cam_from_world=Rigid3(rotation, view.cam_from_world.translation)))
    scene = replace(ball.scene, views=tuple(views))
    assert np.degrees(np.arccos(np.clip(find_up(scene, turned) @ frame @ [0, 1, 0], -1, 1))) < 0.5


def test_region_holds_the_ball_and_not_the_cameras(ball: Ball) -> None:
    region = find_region(ball.scene)
    assert region.contains(ball.mesh.vertices).mean() > 0.99
    centres = np.array([v.cam_from_world.source_origin for v in ball.scene.views])
    assert not region.contains(centres).any()


@given(UNIT)
@example([8.2e-7, -0.5, 0.0])  # all but opposite
@example([0.0, -1.0, 0.0])
@example([3e-161, -1.0, 0.0])
def test_rotation_to_y(v: list[float]) -> None:
    up = np.array(v) / np.linalg.norm(v)
    turn = rotation_to_y(up)
    assert np.allclose(turn @ up, [0, 1, 0], atol=1e-6)
    assert np.allclose(turn @ turn.T, np.eye(3), atol=1e-6)
    assert np.linalg.det(turn) > 0


def test_placed_object_stands_on_zero_with_its_height() -> None:
    box = trimesh.creation.box((0.5, 3.0, 0.5)).subdivide().subdivide().subdivide().subdivide()
    turn = Rotation.from_euler("xz", [100, 30], degrees=True).as_matrix()
    found = place((box.vertices @ turn.T + 7).astype(np.float32), turn @ [0.0, 1, 0], 600.0)
    moved = found.world_from_sfm.apply(box.vertices @ turn.T + 7)
    assert found.metric
    assert np.allclose([moved[:, 1].min(), moved[:, 1].max()], [0, 0.6], atol=1e-4)
    assert np.allclose((moved.min(0) + moved.max(0))[[0, 2]], 0, atol=1e-4)
    free = place(box.vertices.astype(np.float32), np.array([0.0, 1, 0]))
    assert not free.metric
    assert free.world_from_sfm.scale == 1.0
    assert free.source == "none"


def test_moving_the_scene_keeps_the_pixels(ball: Ball) -> None:
    up = np.array([0.2, 0.9, 0.1])
    placed = place(ball.mesh.vertices, up / np.linalg.norm(up), 500.0)
    moved = move_scene(ball.scene, placed)
    for before, after in zip(ball.scene.views[:3], moved.views[:3], strict=True):
        a, _ = project(before.camera.matrix(), before.cam_from_world, ball.scene.points.xyz)
        b, depth = project(after.camera.matrix(), after.cam_from_world, moved.points.xyz)
        assert np.allclose(a, b, atol=1e-6)
        assert (depth > 0).all()


@given(UNIT, st.floats(0.2, 5), st.integers(0, 100))
@settings(max_examples=30)
def test_robust_similarity_forgets_outliers(axis: list[float], scale: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    true = Sim3(scale, Rotation.from_rotvec(axis).as_matrix(), rng.normal(size=3))
    p = rng.normal(size=(40, 3))
    q = true.apply(p)
    q[:6] += rng.normal(size=(6, 3)) * 3 * scale
    assert np.allclose(robust_umeyama(p, q).matrix(), true.matrix(), atol=1e-5 * scale)


def test_icp_recovers_a_small_motion_and_scale() -> None:
    shape = trimesh.creation.box((1, 2, 0.5)).subdivide().subdivide().subdivide().subdivide().subdivide()
    q, face = trimesh.sample.sample_surface(shape, 20_000, seed=0)
    p, _ = trimesh.sample.sample_surface(shape, 5_000, seed=1)
    true = Sim3(1.01, Rotation.from_rotvec([0.02, -0.03, 0.01]).as_matrix(), np.array([0.01, 0.02, -0.01]))
    found = icp(
        true.inverse().apply(p), np.asarray(q), np.asarray(shape.face_normals[face]), Sim3.identity(), True
    )
    assert found.scale == pytest.approx(1.01, abs=1e-4)
    assert np.allclose(found.matrix(), true.matrix(), atol=1e-3)
