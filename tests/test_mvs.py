"""Depth maps and the fused cloud on a sphere of which everything is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.parallel import run_each
from sculpt3d.errors import NotEnoughViews
from sculpt3d.models.ply import write_cloud
from sculpt3d.mvs.depth import estimate_depths
from sculpt3d.mvs.fusion import fuse
from sculpt3d.mvs.maps import DepthFolder
from sculpt3d.mvs.neighbours import choose_neighbours
from sculpt3d.mvs.polish import surface_normals
from sculpt3d.region import sphere
from sculpt3d.synthetic import Stage
from sculpt3d.types import Pinhole, View
from tests.conftest import Ball, some_views

GSD = 3.0 / 420.0


def test_depth_lies_on_the_sphere_to_half_a_pixel(ball: Ball, depths: DepthFolder) -> None:
    stage, view = Stage(ball.mesh, ball.colour), ball.scene.views[3]
    true, found = stage.depth(view.camera, view.cam_from_world), depths[view.name]
    sure = (found.cost < 0.7) & (found.depth > 0) & (true > 0)
    assert sure.sum() > 0.7 * (true > 0).sum()
    assert np.median(np.abs(found.depth - true)[sure]) < 0.5 * GSD * 4


def test_fused_points_lie_on_the_sphere(ball: Ball, depths: DepthFolder, tmp_path: Path) -> None:
    cloud = fuse(ball.scene, depths, tmp_path)
    radius = np.linalg.norm(cloud.xyz, axis=1)
    assert len(cloud.xyz) > 20_000
    assert np.median(np.abs(radius - 1)) < 0.5 * GSD
    assert np.quantile(np.abs(radius - 1), 0.95) < 2.5 * GSD
    assert np.median((cloud.normal * cloud.xyz / radius[:, None]).sum(1)) > 0.99
    assert cloud.views.min() >= 2
    assert (cloud.error > 0).all()
    # The error estimate is of the size of the real error.
    assert 0.2 < np.median(np.abs(radius - 1)) / np.median(cloud.error) < 2.0


def test_region_bounds_the_cloud(ball: Ball, depths: DepthFolder, tmp_path: Path) -> None:
    region = sphere(np.array([0, 0, 1.0]), 0.6)
    cloud = fuse(ball.scene, depths, tmp_path, region=region)
    assert len(cloud.xyz) > 500
    assert region.contains(cloud.xyz).all()


def test_same_bytes_with_any_number_of_workers_and_after_a_kill(ball: Ball, tmp_path: Path) -> None:
    scene = some_views(ball.scene, [0, 1, 2, 3, 4])  # no tie points: the frusta's common ground stands in

    class Killed(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done >= total // 2:
            raise Killed

    with pytest.raises(Killed):
        estimate_depths(scene, tmp_path / "b", progress=stop)
    clouds = []
    for name, workers in (("a", 1), ("b", 3)):
        maps = estimate_depths(scene, tmp_path / name, each=run_each(workers))
        write_cloud(tmp_path / f"{name}.ply", fuse(scene, maps, tmp_path / name / "fusion"))
        clouds.append((tmp_path / f"{name}.ply").read_bytes())
    assert clouds[0] == clouds[1]


def test_masks_keep_the_rest_out(ball: Ball, tmp_path: Path) -> None:
    mask = np.zeros((240, 320), np.uint8)
    mask[80:160, 120:200] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    scene = some_views(ball.scene, [0, 1, 2])
    scene = replace(scene, views=tuple(replace(v, mask=tmp_path / "mask.png") for v in scene.views))
    found = estimate_depths(scene, tmp_path / "out")[scene.views[0].name]
    assert not (found.depth[mask == 0] > 0).any()
    assert (found.depth[mask > 0] > 0).mean() > 0.8


def test_one_photo_alone_is_refused(ball: Ball, tmp_path: Path) -> None:
    with pytest.raises(NotEnoughViews, match="overlap"):
        estimate_depths(some_views(ball.scene, [0]), tmp_path)


def test_neighbours_are_the_nearest_on_the_ring(ball: Ball) -> None:
    near = choose_neighbours(ball.scene)[5]
    assert {4, 6} <= set(near.views[:4])
    assert len(near.views) == 8
    view: View = ball.scene.views[5]
    assert all(0 < a < 65 for a in near.angle_deg), view.name


def test_normals_of_a_slanted_plane() -> None:
    camera = Pinhole(64, 48, 60.0, 60.0, 32.0, 24.0)
    n = np.array([0.3, -0.2, -0.93])
    n /= np.linalg.norm(n)
    x, y = np.meshgrid((np.arange(64) + 0.5 - 32) / 60, (np.arange(48) + 0.5 - 24) / 60)
    depth = (-2.0 / (n[0] * x + n[1] * y + n[2])).astype(np.float32)
    found = surface_normals(depth, camera)
    assert np.allclose(found[4:-4, 4:-4], n, atol=1e-3)
