"""Rays and places among triangles: the tree finds what looking at every triangle finds, and at once among a million."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from trimesh.triangles import closest_point

from sculpt3d.desk.tree import Tree
from sculpt3d.geometry import F64
from sculpt3d.models.document import Document, Part
from viewer.drawing.picture import framed
from viewer.drawing.strokes import View
from viewer.state.cuts import stretch
from viewer.state.pick import Triangles, pick


def every(points: F64, faces: F64, ray: F64) -> F64:
    """(F,) depth along the ray, by Cramer's rule."""
    a, b, c = (points[faces[:, k]].astype(np.float64) for k in range(3))
    found = np.full(len(faces), np.inf)
    for k in range(len(faces)):
        m = np.stack([b[k] - a[k], c[k] - a[k], -ray[3:]], 1)
        if abs(np.linalg.det(m)) > 1e-12:
            s, t, depth = np.linalg.solve(m, ray[:3] - a[k])
            if s >= 0 and t >= 0 and s + t <= 1:
                found[k] = depth
    return found


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 60), st.booleans())
def test_a_ray_meets_the_nearest_triangle(seed: int, count: int, level: bool) -> None:
    rng = np.random.default_rng(seed)
    points = rng.uniform(-1, 1, (3 * count, 3)).astype(np.float32)
    if level:
        points[:, 2] = rng.integers(0, 3, 3 * count)  # flat boxes, many on one another
    faces = np.arange(3 * count, dtype=np.int32).reshape(-1, 3)
    tree = Tree(points, faces)
    origins, directions = rng.uniform(-2, 2, (20, 3)), rng.normal(size=(20, 3))
    directions[:3] = np.eye(3)  # along the axes
    near, far = rng.uniform(0, 0.5, 20), rng.uniform(1, 5, 20)
    depth, face = tree.first(origins, directions, near, far)
    for k in range(20):
        found = every(points, faces, np.concatenate([origins[k], directions[k]]))
        found[(found < near[k]) | (found > far[k])] = np.inf
        best = found.min()
        assert depth[k] == pytest.approx(best, rel=1e-6, abs=1e-6) or (np.isinf(best) and np.isinf(depth[k]))
        assert (face[k] < 0) == np.isinf(depth[k])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.001, 1))
def test_near_a_place_none_is_left_out(seed: int, radius: float) -> None:
    rng = np.random.default_rng(seed)
    points = rng.uniform(-1, 1, (150, 3)).astype(np.float32)
    faces = np.arange(150, dtype=np.int32).reshape(-1, 3)
    place = rng.uniform(-1, 1, 3)
    low, high = points[faces].min(1), points[faces].max(1)
    truth = np.flatnonzero(((low <= place + radius) & (high >= place - radius)).all(1))
    assert sorted(Tree(points, faces).near(place, radius)) == truth.tolist()


def test_a_document_without_faces_and_one_without_anything_near() -> None:
    cloud = Document("c", (Part(np.zeros((2, 3), np.float32), np.zeros((0, 3), np.int32)),))
    depth, face = Triangles(cloud).first(np.zeros((1, 3)), np.array([[0, 0, 1.0]]), ())
    assert np.isinf(depth[0]) and face[0] == -1 and len(Triangles(cloud).near(np.zeros(3), 1.0)) == 0


@given(st.integers(0, 10**6))
def test_what_cuts_leave_of_a_ray_is_one_stretch(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cuts = tuple(
        (*(float(v) for v in n / np.linalg.norm(n)), float(rng.uniform(-0.5, 0.5)))
        for n in rng.normal(size=(3, 3))
    )
    origin, direction = rng.uniform(-1, 1, (1, 3)), rng.normal(size=(1, 3))
    near, far = stretch(origin, direction, cuts)  # type: ignore[arg-type]
    steps = np.linspace(0, 4, 201)
    places = origin + direction * steps[:, None]
    kept = np.all([places @ np.array(c[:3]) <= c[3] for c in cuts], axis=0)
    inside = (steps >= near[0]) & (steps <= far[0])
    assert (kept == inside).mean() > 0.98


def test_a_place_among_a_million_triangles_is_found_at_once() -> None:
    n = 710
    u, v = np.meshgrid(np.linspace(0, 2 * np.pi, n), np.linspace(0.02, np.pi - 0.02, n), indexing="ij")
    r = 1 + 0.1 * np.sin(5 * u) * np.sin(4 * v)
    points = np.stack([r * np.cos(u) * np.sin(v), r * np.cos(v), r * np.sin(u) * np.sin(v)], -1).reshape(
        -1, 3
    )
    i, j = np.meshgrid(np.arange(n - 1), np.arange(n - 1), indexing="ij")
    p = (i * n + j).ravel()
    faces = np.concatenate([np.stack([p, p + 1, p + n + 1], 1), np.stack([p, p + n + 1, p + n], 1)])
    document = Document("big", (Part(points.astype(np.float32), faces.astype(np.int32)),))
    target, state = Triangles(document), framed(document, (1280, 720))
    pick(target, state, (0.0, 0.0), (1280, 720))  # compiled
    begin = time.process_time()
    for x in np.linspace(-0.2, 0.2, 20):
        hit = pick(target, state, (float(x), 0.1), (1280, 720))
        assert hit is not None
    assert len(faces) > 1_000_000 and (time.process_time() - begin) / 20 < 0.02


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 60), st.booleans(), st.booleans())
def test_the_nearest_triangle_is_the_nearest(seed: int, count: int, level: bool, doubles: bool) -> None:
    """In floats and in doubles; thin and flat ones too."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(-1, 1, (3 * count, 3)).astype(np.float64 if doubles else np.float32)
    if level:
        points[:, 2] = rng.integers(0, 2, 3 * count)
    if count > 3:
        points[3:6] = points[3] + np.outer([0, 1, 2], points[4] - points[3])  # on a line
    faces = np.arange(3 * count, dtype=np.int32).reshape(-1, 3)
    places = rng.uniform(-1.5, 1.5, (30, 3))
    face = Tree(points, faces).nearest(places)
    for place, found in zip(places, face, strict=True):
        away = np.linalg.norm(
            closest_point(points[faces].astype(np.float64), np.tile(place, (count, 1))) - place, axis=1
        )
        away[~np.isfinite(away)] = np.inf
        assert away[found] <= away.min() * (1 + 1e-9) + 1e-12


def test_many_places_are_asked_by_threads_and_are_the_same() -> None:
    ball = trimesh.creation.icosphere(5)
    tree = Tree(ball.vertices, ball.faces.astype(np.int32))
    places = np.random.default_rng(0).normal(size=(50_000, 3))
    whole = tree.nearest(places)
    assert (
        whole == np.concatenate([tree.nearest(places[k : k + 7000]) for k in range(0, 50_000, 7000)])
    ).all()


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0, 6.28),
    st.floats(-1.5, 1.5),
    st.floats(-3, 3),
    st.booleans(),
    st.floats(-0.9, 0.9),
    st.floats(-0.9, 0.9),
)
def test_a_place_that_is_picked_lies_under_the_cursor(
    azimuth: float, elevation: float, roll: float, flat: bool, x: float, y: float
) -> None:
    """On the model, facing the eye, at its own depth; from any side, in perspective or not."""
    ball = trimesh.creation.icosphere(4)
    ball.vertices *= [1, 1.4, 0.8]
    document = Document("b", (Part(ball.vertices.astype(np.float32), ball.faces.astype(np.int32)),))
    state, size = framed(document, (800, 600)), (800, 600)
    camera = replace(state.camera.towards(azimuth, elevation, roll), flat=flat)
    state = replace(state, camera=camera)
    hit = pick(Triangles(document), state, (x, y), size, snap=False)
    if hit is None:
        return
    place = np.array(hit.place)
    xy, depth = View(camera, size, 1).fall(place[None])
    at = [400 * (1 + x), 300 * (1 - y)]
    assert np.abs(xy[0] - at).max() < 5.01  # a ray that misses narrowly is moved onto the model
    assert depth[0] == pytest.approx(hit.depth, rel=1e-9)
    corners = document.parts[0].vertices[document.parts[0].faces[hit.face]].astype(float)
    assert abs((place - corners[0]) @ np.array(hit.normal)) < 1e-6
    towards = camera.axes()[2] if flat else camera.eye - place
    assert np.array(hit.normal) @ towards > -1e-9


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_of_a_cloud_the_point_before_the_others_is_picked(seed: int, flat: bool) -> None:
    rng = np.random.default_rng(seed)
    points = rng.uniform(-1, 1, (500, 3)).astype(np.float32)
    document = Document("c", (Part(points, np.zeros((0, 3), np.int32)),))
    size = (800, 600)
    state = framed(document, size)
    cut = (1.0, 0.0, 0.0, 0.5)
    state = replace(state, camera=replace(state.camera.towards(0.4, 0.3), flat=flat), cuts=(cut,))
    xy, depth = View(state.camera, size, 1).fall(points.astype(float))
    k = int(rng.integers(500))
    at = (xy[k, 0] / 400 - 1, 1 - xy[k, 1] / 300)
    near = (np.linalg.norm(xy - xy[k], axis=1) <= 5) & (points[:, 0] <= 0.5)
    hit = pick(Triangles(document), state, at, size)
    if not near.any():
        assert hit is None
        return
    assert hit is not None and hit.depth == pytest.approx(depth[near].min(), rel=1e-9)


def test_ten_million_points_are_looked_at_in_a_moment() -> None:
    points = np.random.default_rng(0).random((10_000_000, 3), dtype=np.float32)
    document = Document("c", (Part(points, np.zeros((0, 3), np.int32)),))
    state, target = framed(document, (1280, 720)), Triangles(document)
    pick(target, state, (0.0, 0.0), (1280, 720))
    begin = time.process_time()
    assert pick(target, state, (0.1, 0.05), (1280, 720)) is not None
    assert time.process_time() - begin < 0.15


def test_the_program_ends_whatever_is_being_worked_at() -> None:
    script = "import time; from viewer.state.worker import Worker; Worker('w').submit(lambda: time.sleep(60))"
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[1], timeout=50, check=False
    )
    assert done.returncode == 0 and time.monotonic() - begin < 40
