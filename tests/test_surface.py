"""Poisson, trimming, cleaning and decimation on clouds whose surface is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh

from sculpt3d.clouds import thinned
from sculpt3d.errors import NotEnoughViews
from sculpt3d.surface.decimation import simplify
from sculpt3d.surface.fills import filled_patches, open_loops
from sculpt3d.surface.ground import without_ground
from sculpt3d.surface.meshing import SurfaceParams, reconstruct_surface, without_ribbons
from sculpt3d.surface.rims import with_even_rims
from sculpt3d.surface.topology import (
    boundary_edges,
    describe,
    face_areas,
    face_components,
    keep_faces,
    vertex_normals,
)
from sculpt3d.types import Mesh, PointCloud


def cloud_of(xyz: np.ndarray, normal: np.ndarray) -> PointCloud:
    n = len(xyz)
    rgb = ((normal * 0.5 + 0.5) * 255).astype(np.uint8)
    return PointCloud(
        xyz.astype(np.float32),
        normal.astype(np.float32),
        rgb,
        np.full(n, 4, np.int32),
        np.full(n, 1e-3, np.float32),
    )


def sphere_points(n: int = 60_000) -> np.ndarray:
    p = np.random.default_rng(0).normal(size=(n, 3))
    return np.asarray(p / np.linalg.norm(p, axis=1, keepdims=True))


@pytest.fixture(scope="module")
def surface(tmp_path_factory: pytest.TempPathFactory) -> Mesh:
    """A sphere with a small hole at +X, a missing cap at -Y, a stray clump and stray points."""
    p = sphere_points()
    rng = np.random.default_rng(1)
    p = p[(p[:, 1] > -0.8) & ~((p[:, 0] > 0) & (np.hypot(p[:, 1], p[:, 2]) < 0.035))]
    clump = np.array([3.0, 0, 0]) + rng.normal(size=(200, 3)) * 0.02
    strays = rng.uniform(-4, 4, (60, 3))
    normals = np.concatenate([p, clump * 0 + [0, 1, 0], strays * 0 + [0, 1, 0]])
    cloud = cloud_of(np.concatenate([p, clump, strays]), normals)
    return reconstruct_surface(cloud, tmp_path_factory.mktemp("surface"), SurfaceParams(max_depth=7))


def test_surface_lies_on_the_sphere_and_stops_where_evidence_stops(surface: Mesh) -> None:
    assert surface.filled is not None
    seen = surface.vertices[~surface.filled]
    assert np.quantile(np.abs(np.linalg.norm(seen, axis=1) - 1), 0.99) < 0.01
    assert surface.vertices[:, 1].min() > -0.9
    assert describe(surface).components == 1


def test_the_small_hole_is_closed_and_marked(surface: Mesh) -> None:
    assert surface.filled is not None
    where = surface.vertices[surface.filled]
    at_hole = (where[:, 0] > 0.9) & (np.hypot(where[:, 1], where[:, 2]) < 0.05)
    assert at_hole.any()
    edges = boundary_edges(surface.faces)
    assert len(edges) > 0
    assert surface.vertices[edges, 1].max() < -0.7  # the only border is the missing cap's


def test_the_filled_patch_is_listed_with_its_place_and_width(surface: Mesh) -> None:
    patch = filled_patches(surface)[0]
    assert patch.centre[0] > 0.98
    assert patch.normal[0] > 0.98
    assert 0.03 < patch.width < 0.15
    assert open_loops(surface) == 1


def test_without_filling_the_hole_stays_open(tmp_path: Path) -> None:
    p = sphere_points()
    hole = (p[:, 0] > 0) & (np.hypot(p[:, 1], p[:, 2]) < 0.1)
    cloud = cloud_of(p[~hole], p[~hole])
    closed, left = (
        reconstruct_surface(cloud, tmp_path / k, SurfaceParams(max_depth=7, fill_share=share))
        for k, share in (("closed", 0.2), ("open", 0.0))
    )
    assert open_loops(closed) == 0
    assert len(filled_patches(closed)) == 1
    assert open_loops(left) == 1
    assert left.filled is not None and not left.filled.any()
    rim = left.vertices[boundary_edges(left.faces)]
    assert (rim[..., 0] > 0.98).all()
    assert np.hypot(rim[..., 1], rim[..., 2]).min() > 0.04


def test_a_noisy_ball_keeps_its_radius(tmp_path: Path) -> None:
    p = sphere_points()
    noise = np.random.default_rng(2).normal(size=(len(p), 1)) * 0.004  # a quarter of the spacing
    ball = reconstruct_surface(cloud_of(p * (1 + noise), p), tmp_path, SurfaceParams(max_depth=7))
    radius = np.linalg.norm(ball.vertices, axis=1)
    assert abs(radius.mean() - 1) < 0.0005
    assert np.sqrt(((radius - 1) ** 2).mean()) < 0.002
    assert open_loops(ball) == 0


def test_a_thin_plate_keeps_both_skins_and_its_edges(tmp_path: Path) -> None:
    """A plate five spacings thick: flat to a tenth of a spacing, as thick as it was, its edges not rounded away."""
    rng, step, thick = np.random.default_rng(0), 0.01, 0.05
    box = trimesh.creation.box((1, 0.6, thick))
    xyz, face = trimesh.sample.sample_surface(box, int(box.area / step**2), seed=0)
    normal = box.face_normals[face]
    noisy = xyz + normal * rng.normal(size=(len(xyz), 1)) * 0.1 * step
    plate = reconstruct_surface(cloud_of(noisy, normal), tmp_path, SurfaceParams(max_depth=7))
    inner = (np.abs(plate.vertices[:, 0]) < 0.45) & (np.abs(plate.vertices[:, 1]) < 0.25)
    z = plate.vertices[inner, 2]
    assert describe(plate).components == 1
    assert abs(np.median(z[z > 0]) - thick / 2) < 0.1 * step
    assert abs(np.median(z[z < 0]) + thick / 2) < 0.1 * step
    assert np.abs(np.abs(z) - thick / 2).max() < 0.5 * step
    assert np.abs(np.ptp(plate.vertices, axis=0) - (1, 0.6, thick)).max() < step


def test_an_undercut_tunnel_stays_open(tmp_path: Path) -> None:
    """A thick ring whose bore is narrower than the holes that are filled: points line it, so it is no hole."""
    ring = trimesh.creation.torus(0.5, 0.45, major_sections=200, minor_sections=200)
    xyz, face = trimesh.sample.sample_surface(ring, 60_000, seed=0)
    mesh = reconstruct_surface(
        cloud_of(xyz, ring.face_normals[face]), tmp_path, SurfaceParams(max_depth=7, fill_share=0.2)
    )
    edges = len(mesh.faces) * 3 // 2
    assert open_loops(mesh) == 0
    assert len(mesh.vertices) - edges + len(mesh.faces) == 0  # Euler: one tunnel
    assert not filled_patches(mesh)


def test_colours_come_from_the_cloud(surface: Mesh) -> None:
    assert surface.rgb is not None
    expected = (surface.vertices / np.linalg.norm(surface.vertices, axis=1, keepdims=True) * 0.5 + 0.5) * 255
    assert np.median(np.abs(surface.rgb - expected)) < 4


def test_same_bytes_twice(tmp_path: Path) -> None:
    cloud = cloud_of(sphere_points(5000), sphere_points(5000))
    a, b = (reconstruct_surface(cloud, tmp_path / k, SurfaceParams(max_depth=6)) for k in "ab")
    assert a.vertices.tobytes() == b.vertices.tobytes()
    assert a.faces.tobytes() == b.faces.tobytes()


def test_too_few_points_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotEnoughViews, match="overlapping"):
        reconstruct_surface(cloud_of(sphere_points(100), sphere_points(100)), tmp_path)


def test_simplify_keeps_the_shape() -> None:
    ball = trimesh.creation.icosphere(5)
    mesh = Mesh(ball.vertices.astype(np.float32), ball.faces.astype(np.int32))
    small = simplify(mesh, 2000)
    assert len(small.faces) <= 2000
    assert describe(small).boundary_edges == 0
    assert np.abs(np.linalg.norm(small.vertices, axis=1) - 1).max() < 0.01


def test_simplify_keeps_creases_corners_and_rims() -> None:
    """An open box of 12,288 triangles: every plane stays where it is, and so do its edges, corners and the rim."""
    box = trimesh.creation.box((1, 1, 1))
    for _ in range(5):
        box = box.subdivide()
    keep = box.triangles_center[:, 1] < 0.499
    mesh = keep_faces(Mesh(box.vertices.astype(np.float32), box.faces.astype(np.int32)), keep)
    small = simplify(mesh, 60)
    assert len(small.faces) <= 60 and describe(small).components == 1
    assert np.abs(np.abs(small.vertices).max(1) - 0.5).max() < 3e-4, "on the box"
    assert face_areas(small.vertices, small.faces).sum() == pytest.approx(5, abs=0.01), "all of it"
    rim = small.vertices[np.unique(boundary_edges(small.faces))]
    assert np.abs(rim[:, 1] - 0.5).max() < 3e-4
    for corner in np.array(np.meshgrid([-0.5, 0.5], [-0.5, 0.5], [-0.5, 0.5])).reshape(3, -1).T:
        assert np.linalg.norm(small.vertices - corner, axis=1).min() < 1e-3, corner


def test_simplify_survives_what_is_no_surface() -> None:
    random = np.random.default_rng(0)
    soup = Mesh(
        random.normal(size=(300, 3)).astype(np.float32), random.integers(0, 300, (2000, 3)).astype(np.int32)
    )
    small = simplify(soup, 100)
    assert np.isfinite(small.vertices).all() and len(small.faces) < 2000


def test_thinning_halves_neither_normals_nor_extent() -> None:
    p = sphere_points(20_000)
    thin = thinned(cloud_of(p, p), 0.05)
    assert 500 < len(thin.xyz) < 12_000
    assert np.allclose(np.linalg.norm(thin.normal, axis=1), 1, atol=1e-5)
    assert np.abs(np.linalg.norm(thin.xyz, axis=1) - 1).max() < 0.02


def test_facts_of_two_tetrahedra() -> None:
    v = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    f = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]], np.int32)
    both = Mesh(np.concatenate([v, v + 5]), np.concatenate([f, f[:3] + 4]))
    facts = describe(both)
    assert (facts.components, facts.boundary_edges, facts.triangles) == (2, 3, 7)
    assert np.isclose(face_areas(v, f).sum(), 1.5 + np.sqrt(3) / 2)
    assert len(set(face_components(both.faces, 8))) == 2
    assert (vertex_normals(v, f)[1:] @ np.array([1, 1, 1]) > 0).all()


def test_teeth_of_a_rim_go_and_the_surface_stays(tmp_path: Path) -> None:
    """A flat grid cut along a slanting line: its rim becomes shorter, nothing leaves the plane or turns over."""
    n = 40
    x, y = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    vertices = np.stack([x, y, 0 * x], -1).reshape(-1, 3).astype(np.float32)
    i, j = np.meshgrid(np.arange(n - 1), np.arange(n - 1), indexing="ij")
    p = (i * n + j).ravel()
    faces = np.concatenate([np.stack([p, p + n, p + n + 1], 1), np.stack([p, p + n + 1, p + 1], 1)]).astype(
        np.int32
    )
    ragged = keep_faces(Mesh(vertices, faces), vertices[faces].mean(1) @ np.array([1, 0.4, 0]) < 32)
    even = with_even_rims(ragged)

    def rim(mesh: Mesh) -> float:
        return float(np.linalg.norm(np.diff(mesh.vertices[boundary_edges(mesh.faces)], axis=1), axis=2).sum())

    assert rim(even) < 0.95 * rim(ragged)
    assert (even.vertices[:, 2] == 0).all()
    assert (vertex_normals(even.vertices, even.faces)[:, 2] == 1).all()
    corner = even.vertices[even.faces]
    assert (np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])[:, 2] > 0).all()
    lost = face_areas(ragged.vertices, ragged.faces).sum() - face_areas(even.vertices, even.faces).sum()
    assert 0 < lost < 0.03 * n * n


def test_ribbons_go_and_the_rest_stays_to_its_border() -> None:
    """A plate with a strip three cells wide that leaves it and comes back."""
    n = 60
    x, y = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    vertices = np.stack([x, y, 0 * x], -1).reshape(-1, 3).astype(np.float32)
    i, j = np.meshgrid(np.arange(n - 1), np.arange(n - 1), indexing="ij")
    p = (i * n + j).ravel()
    faces = np.concatenate([np.stack([p, p + 1, p + n + 1], 1), np.stack([p, p + n + 1, p + n], 1)]).astype(
        np.int32
    )
    middle = vertices[faces].mean(1)
    plate = middle[:, 0] < 40
    ribbon = (np.abs(middle[:, 1] - 20) < 1.5) | (np.abs(middle[:, 1] - 40) < 1.5) | (middle[:, 0] > 56)
    ribbon &= (middle[:, 1] > 18) & (middle[:, 1] < 42)
    mesh = keep_faces(Mesh(vertices, faces), plate | ribbon)
    opened = without_ribbons(mesh)
    assert opened.vertices[:, 0].max() <= 45
    at = opened.vertices[opened.faces].mean(1)
    assert (at[:, 0] < 40).sum() >= 0.985 * plate.sum()  # its corners are rounded


def test_the_ground_goes_and_the_object_stays_down_to_it() -> None:
    """A dome on a noisy plane that is known to a degree only: nothing flat is left, the dome's foot stays."""
    x, y = np.meshgrid(np.linspace(-2, 2, 400), np.linspace(-2, 2, 400))
    r = np.hypot(x, y)
    z = np.where(r < 1, np.sqrt(np.maximum(1 - r**2, 0)), 0) + np.random.default_rng(0).normal(
        0, 0.001, x.shape
    )
    k = np.arange(x.size).reshape(x.shape)
    a, b, c, d = k[:-1, :-1].ravel(), k[:-1, 1:].ravel(), k[1:, :-1].ravel(), k[1:, 1:].ravel()
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)]).astype(np.int32)
    mesh = Mesh(np.stack([x, y, z], -1).reshape(-1, 3).astype(np.float32), faces)
    tilt = np.radians(0.7)
    found = without_ground(mesh, np.array([np.sin(tilt), 0, np.cos(tilt), 0.01]), 0.01)
    radius = np.hypot(found.vertices[:, 0], found.vertices[:, 1])
    assert radius.max() < 1.03
    assert found.vertices[:, 2].min() < 0.02
    assert np.isclose(found.vertices[:, 2].max(), 1, atol=0.01)
    inside = (r.ravel() < 0.97).sum()
    assert (radius < 0.97).sum() == inside
