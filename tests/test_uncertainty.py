"""The stated uncertainty: it grows with each of its causes, knows no unit, and travels with the model through every file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sculpt3d.metric.uncertainty import NONE, Weights, carried, spacing, vertex_uncertainty
from sculpt3d.models.glb_write import GltfInfo, write_glb
from sculpt3d.models.ply import read_column, read_mesh, write_mesh
from sculpt3d.models.read import read_document
from sculpt3d.surface.topology import vertex_normals
from sculpt3d.types import Mesh, PointCloud
from sculpt3d.webasset.attributes import Carrier
from tests.conftest import speckled_ball
from tests.test_gltf import square, validate


def cloud_on_ball(noise: float, error: float, seed: int = 0) -> PointCloud:
    """Points of a unit ball's surface, off by `noise`, that state `error`."""
    rng = np.random.default_rng(seed)
    k = np.arange(20_000) + 0.5  # evenly, along a spiral
    up, turn = 1 - k / 10_000, np.pi * (1 + 5**0.5) * k
    normal = np.stack([np.sqrt(1 - up**2) * np.cos(turn), up, np.sqrt(1 - up**2) * np.sin(turn)], 1)
    xyz = normal * (1 + rng.normal(0, noise, len(normal)))[:, None]
    n = len(xyz)
    return PointCloud(
        xyz.astype(np.float32), normal.astype(np.float32), np.zeros((n, 3), np.uint8), np.full(n, 5, np.int32),
        np.full(n, error, np.float32),
    )  # fmt: skip


@pytest.fixture(scope="module")
def ball() -> tuple[Mesh, np.ndarray]:
    mesh = speckled_ball(4)[0]
    return mesh, vertex_normals(mesh.vertices, mesh.faces)


def sigma(ball: tuple[Mesh, np.ndarray], cloud: PointCloud, filled: np.ndarray | None = None) -> np.ndarray:
    mesh, normals = ball
    return vertex_uncertainty(mesh.vertices, normals, filled, cloud)


def test_it_grows_with_what_the_points_state_and_with_how_far_off_they_lie(ball: tuple[Mesh, np.ndarray]) -> None:
    base = sigma(ball, cloud_on_ball(0.001, 0.002))
    assert (sigma(ball, cloud_on_ball(0.001, 0.004)) > base).all()
    assert np.median(sigma(ball, cloud_on_ball(0.004, 0.002))) > np.median(base)
    floor = Weights().pixel * spacing(cloud_on_ball(0, 0.0))
    assert (sigma(ball, cloud_on_ball(0.0, 0.0)) >= 0.99 * floor).all()  # never zero


@settings(max_examples=10, deadline=None)
@given(st.floats(1e-3, 1e3))
def test_it_has_the_vertices_unit(factor: float) -> None:
    mesh = speckled_ball(2)[0]
    normals, cloud = vertex_normals(mesh.vertices, mesh.faces), cloud_on_ball(0.002, 0.003)
    large = PointCloud(cloud.xyz * np.float32(factor), cloud.normal, cloud.rgb, cloud.views, cloud.error * np.float32(factor))
    here = vertex_uncertainty(mesh.vertices, normals, None, cloud)
    there = vertex_uncertainty(mesh.vertices * np.float32(factor), normals, None, large)
    assert there == pytest.approx(here * factor, rel=2e-3)


def test_what_is_filled_or_far_from_any_point_has_none(ball: tuple[Mesh, np.ndarray]) -> None:
    filled = ball[0].vertices[:, 1] > 0.8
    cloud = cloud_on_ball(0.001, 0.002)
    keep = cloud.xyz[:, 0] < 0.5
    part = PointCloud(*(getattr(cloud, n)[keep] for n in ("xyz", "normal", "rgb", "views", "error")))
    found = sigma(ball, part, filled)
    assert (found[filled] == NONE).all() and (found[ball[0].vertices[:, 0] > 0.7] == NONE).all()
    assert (found[~filled & (ball[0].vertices[:, 0] < 0.4)] > 0).all()


def test_a_coarser_mesh_adds_how_far_it_lies_off(ball: tuple[Mesh, np.ndarray]) -> None:
    mesh, normals = ball
    own = np.full(len(mesh.vertices), 0.003, np.float32)
    assert carried(mesh.vertices, normals, mesh.vertices, own) == pytest.approx(0.003, rel=1e-4)
    off = carried(mesh.vertices + np.float32(0.004) * normals.astype(np.float32), normals, mesh.vertices, own)
    assert off == pytest.approx(0.005, rel=1e-2)
    own[:] = NONE
    assert (carried(mesh.vertices, normals, mesh.vertices, own) == NONE).all()


def test_it_travels_in_ply_and_glb_and_through_a_change_of_mesh(tmp_path: Path, ball: tuple[Mesh, np.ndarray]) -> None:
    mesh, _ = ball
    values = np.linspace(0.01, 0.5, len(mesh.vertices)).astype(np.float32)
    values[mesh.vertices[:, 1] > 0.5] = NONE
    write_mesh(tmp_path / "mesh.ply", mesh, (), {"uncertainty_mm": values})
    name, back, places = read_column(tmp_path / "mesh.ply", "uncertainty")
    assert name == "uncertainty_mm" and (back == values).all() and (places == mesh.vertices).all()
    assert len(read_mesh(tmp_path / "mesh.ply").vertices) == len(mesh.vertices)
    (part,) = read_document(tmp_path / "mesh.ply").parts
    carrier = Carrier([part], unit_m=0.001)
    coarse = speckled_ball(3)[0].vertices.astype(np.float64)
    there = carrier.at(coarse * 1.0)["uncertainty_mm"]
    assert (there[coarse[:, 1] > 0.6] == NONE).all() and (there[coarse[:, 1] < 0.4] >= 0.01).all()
    lifted = carrier.at(coarse * 1.2)["uncertainty_mm"]  # 0.2 mm off the surface
    known = coarse[:, 1] < 0.4
    assert lifted[known] == pytest.approx(np.hypot(there[known], 0.2), rel=0.05)

    flat = square()
    write_glb(tmp_path / "a.glb", flat, GltfInfo("Square", metric=True), {"_UNCERTAINTY_MM": np.float32([1, 2, -1, 3])})
    issues = validate(tmp_path / "a.glb")["issues"]
    assert issues["numErrors"] == issues["numWarnings"] == 0
    (part,) = read_document(tmp_path / "a.glb").parts
    assert sorted(part.attributes["uncertainty_mm"].tolist()) == [-1, 1, 2, 3]
