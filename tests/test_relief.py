"""What has a front only is told from what stands free, faces +Z upright, and is measured without its rag."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.spatial.transform import Rotation

from pipelines.fronts import relief_facts, relief_lines
from pipelines.page import advice
from sculpt3d.align import find_up, place_relief, up_on
from sculpt3d.geometry import Rigid3
from sculpt3d.relief import extent, find_front
from sculpt3d.silhouettes import masked_extent
from sculpt3d.synthetic import Stage, look_at
from sculpt3d.types import Mesh, Pinhole, Scene, View
from tests.conftest import SHARED, no_points
from tests.test_running import facts

Surface = tuple[np.ndarray, np.ndarray]  # points and unit normals
CAMERA = Pinhole(400, 300, 500.0, 500.0, 200.0, 150.0)
TURNS = st.lists(st.floats(-3, 3), min_size=3, max_size=3)


def carved(deep: float = 0.1, ragged: float = 0.0, lean_deg: float = 0.0, seed: int = 0) -> Surface:
    """A slab of 2 x 1.2 in the plane z = 0 that faces +Z, carved in waves of that depth; its rim frays outwards."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.linspace(-1, 1, 260), np.linspace(-0.6, 0.6, 160))
    slope = np.stack([np.cos(9 * x) * np.sin(7 * y) * 9, np.sin(9 * x) * np.cos(7 * y) * 7], -1) * deep / 4
    points = np.stack([x, y, np.sin(9 * x) * np.sin(7 * y) * deep / 4 + rng.normal(0, 0.002, x.shape)], -1)
    normal = np.concatenate([-slope, np.ones_like(slope[..., :1])], -1).reshape(-1, 3)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    points = points.reshape(-1, 3)
    if ragged:
        few = rng.random(len(points)) < 0.25
        rim = few & (np.abs(points[:, 1]) > 0.595)
        points[rim, 1] += np.sign(points[rim, 1]) * rng.exponential(ragged, rim.sum())
    turn = Rotation.from_euler("z", lean_deg, degrees=True).as_matrix()
    return points @ turn.T, normal @ turn.T


def statue(seen_deg: float = 200.0) -> Surface:
    """Of a figure as wide as deep, the part that faces +Z within that angle."""
    mesh = trimesh.creation.capsule(height=1.4, radius=0.4, count=[64, 64])
    mesh.apply_transform(trimesh.transformations.rotation_matrix(-np.pi / 2, [1, 0, 0]))
    points, face = trimesh.sample.sample_surface(mesh, 30_000, seed=0)
    normal = mesh.face_normals[face]
    around = np.abs(np.degrees(np.arctan2(normal[:, 0], normal[:, 2]))) < seen_deg / 2
    return points[around], normal[around]


def niche() -> Surface:
    """A bust before a hollow half-cylinder in a wall."""
    bust = trimesh.creation.icosphere(4, 0.3)
    seen = bust.vertices[:, 2] > -0.1
    a, y = np.meshgrid(np.linspace(-np.pi / 2, np.pi / 2, 120), np.linspace(-0.8, 0.8, 120))
    inward = np.stack([-np.sin(a), 0 * a, np.cos(a)], -1).reshape(-1, 3)
    hollow = np.stack([0.6 * np.sin(a), y, -0.6 * np.cos(a)], -1).reshape(-1, 3)
    x, y = np.meshgrid(np.linspace(-1.2, 1.2, 240), np.linspace(-1.2, 1.2, 240))
    wall = np.stack([x, y, 0 * x], -1)[(np.abs(x) > 0.6) | (np.abs(y) > 0.8)]
    points = np.concatenate([bust.vertices[seen], hollow, wall])
    normal = np.concatenate([bust.vertex_normals[seen], inward, np.broadcast_to([0, 0, 1.0], wall.shape)])
    return points, normal


def eyes(span_deg: float, distance: float = 3.0, count: int = 14) -> np.ndarray:
    a = np.radians(np.linspace(-span_deg / 2, span_deg / 2, count))
    return distance * np.stack([np.sin(a), 0.1 + 0 * a, np.cos(a)], 1)


@given(TURNS, st.floats(10, 140), st.floats(0, 0.3))
@settings(max_examples=20, deadline=None)
def test_a_relief_is_known_in_any_frame(turn: list[float], span: float, deep: float) -> None:
    frame = Rotation.from_rotvec(turn).as_matrix()
    points, normals = carved(deep)
    front = find_front(5 + points @ frame.T, normals @ frame.T, 5 + eyes(span) @ frame.T)
    assert front is not None
    assert np.degrees(np.arccos(min(1.0, float(front @ frame @ [0, 0, 1])))) < 1


@given(TURNS, st.floats(60, 200), st.floats(140, 220))
@settings(max_examples=20, deadline=None)
def test_a_statue_from_half_round_is_no_relief(turn: list[float], span: float, seen: float) -> None:
    frame = Rotation.from_rotvec(turn).as_matrix()
    points, normals = statue(seen)
    assert find_front(points @ frame.T, normals @ frame.T, eyes(span) @ frame.T) is None


def test_a_bust_in_a_niche_has_a_front_and_one_on_a_plinth_has_not() -> None:
    points, normals = niche()
    front = find_front(points, normals, eyes(90))
    assert front is not None
    assert front @ [0, 0, 1] > 0.999
    bust = trimesh.creation.icosphere(5, 0.3)
    assert find_front(bust.vertices, bust.vertex_normals, eyes(90)) is None


def test_a_slab_photographed_from_both_sides_is_no_relief() -> None:
    points, normals = carved()
    both = np.concatenate([points, points - [0, 0, 0.1]]), np.concatenate([normals, -normals])
    assert find_front(*both, np.concatenate([eyes(90), -eyes(90)])) is None
    assert find_front(*carved(), np.concatenate([eyes(90), -eyes(90)])) is None


@pytest.mark.parametrize("name", ["Plato", "Nymph", "Hermes", "Gutenberg", "DeChalon", "EpicMetro"])
def test_scanned_statues_from_half_round_are_no_reliefs(name: str) -> None:
    path = SHARED / "scans" / f"{name}.glb"
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    mesh = trimesh.load(path, force="mesh")
    mesh.apply_translation(-mesh.bounds.mean(0))
    mesh.apply_scale(1 / np.ptp(mesh.bounds, 0).max())
    up = int(np.argmax(np.ptp(mesh.bounds, 0)))
    for start in range(0, 360, 45):
        a = np.radians(start + np.linspace(-60, 60, 12))
        away = np.zeros((12, 3))
        away[:, (up + 1) % 3], away[:, (up + 2) % 3], away[:, up] = 3 * np.cos(a), 3 * np.sin(a), 0.5
        points, face = trimesh.sample.sample_surface(mesh, 20_000, seed=0)
        normal = mesh.face_normals[face]
        seen = np.any(normal @ (away / np.linalg.norm(away, axis=1, keepdims=True)).T > 0.2, axis=1)
        assert find_front(points[seen], normal[seen], away) is None, start


def scene_before(points: np.ndarray, frame: np.ndarray, span: float = 90) -> Scene:
    views = []
    for k, eye in enumerate(eyes(span)):
        pose = look_at(eye, np.zeros(3))
        rotation = pose.rotation @ frame.T
        views.append(View(f"{k}.jpg", CAMERA, Rigid3(rotation, pose.translation), SHARED))
    return Scene(tuple(views), no_points())


@given(TURNS, st.floats(-3, 3))
@settings(max_examples=20, deadline=None)
def test_a_relief_faces_z_on_its_lower_edge_in_true_size(turn: list[float], lean: float) -> None:
    """Held askew by up to 3 degrees, its rim frayed by a fiftieth: the known height still gives the width within 1 %."""
    frame = Rotation.from_rotvec(turn).as_matrix()
    points, normals = carved(ragged=0.024, lean_deg=lean)
    scene = scene_before(points, frame)
    here, front = points @ frame.T, find_front(points @ frame.T, normals @ frame.T, eyes(90) @ frame.T)
    assert front is not None
    up = up_on(front, find_up(scene, {}), scene, {})
    placed = place_relief(here.astype(np.float32), front, up, 1200.0)
    moved = placed.world_from_sfm.apply(here)
    low, high = extent(moved)
    assert placed.relief and placed.metric
    assert high[1] - low[1] == pytest.approx(1.2, abs=1e-6)
    assert high[0] - low[0] == pytest.approx(2.0, rel=0.01)
    assert low[1] == pytest.approx(0, abs=1e-6)
    turned = placed.world_from_sfm.rotation @ frame
    assert turned @ [0, 0, 1] @ [0, 0, 1] > 0.9999
    bottom = np.degrees(
        np.arctan2(*(turned @ Rotation.from_euler("z", lean, True).as_matrix() @ [1, 0, 0])[[1, 0]])
    )
    assert abs(bottom) < 0.2


def test_a_relief_on_the_floor_has_its_top_where_the_pictures_have() -> None:
    """Photographed from above while walking around its lower edge: +Z is the floor's normal."""
    lying = Rotation.from_euler("x", -90, degrees=True).as_matrix()
    points, _ = carved()
    scene = scene_before(points, lying, 40)
    up = up_on(lying @ [0, 0, 1.0], np.array([0, 1.0, 0]), scene, {})
    assert up @ lying @ [0, 1.0, 0] > 0.999


def test_advice_for_a_relief_asks_for_nothing_behind_it() -> None:
    points, _ = carved()
    grid = np.arange(160 * 260).reshape(160, 260)
    a, b, c = grid[:-1, :-1].ravel(), grid[:-1, 1:].ravel(), grid[1:, :-1].ravel()
    mesh = Mesh(points.astype(np.float32), np.stack([a, b, c], 1).astype(np.int32))
    agreeing = np.where((points[:, 0] > 0.4) & (points[:, 1] > 0.3), 2.0, 8.0)
    found = relief_facts(scene_before(points, np.eye(3), 40), mesh, agreeing)
    assert found["from_left_deg"] == pytest.approx(20, abs=0.5)
    told = facts() | {"relief": found}
    said = " ".join(advice(told))
    assert "around the object" not in said
    assert "at the upper right" in said
    assert "to the left and to the right" in said
    assert "facing" not in said
    wide = " ".join(relief_lines(told | {"relief": found | {"from_left_deg": 40, "from_right_deg": 40}}))
    assert "surer" not in wide


def test_masks_measure_a_relief_whose_surface_overshoots(tmp_path: Path) -> None:
    """A slab of 2 x 1.2 whose surface was made 9 mm too wide at each side and 4 mm too high: the masks know better."""
    slab = trimesh.creation.box((2.0, 1.2, 0.2))
    slab.apply_translation([0, 0, -0.1])
    stage = Stage(
        Mesh(slab.vertices.astype(np.float32), slab.faces.astype(np.int32)), np.ones((8, 3), np.float32)
    )
    camera = Pinhole(1200, 900, 900.0, 900.0, 600.0, 450.0)
    views = []
    for k, x in enumerate(np.linspace(-0.7, 0.7, 6)):
        pose = look_at(np.array([x, 0.1, 1.9]), np.array([0.7 * x, 0, 0]))
        mask = tmp_path / f"{k}.png"
        Image.fromarray((stage.depth(camera, pose) > 0).astype(np.uint8) * 255).save(mask)
        views.append(View(f"{k}.jpg", camera, pose, mask, mask))
    points, _ = carved(deep=0.02)
    wide = points * [2.018 / 2, 1.208 / 1.2, 1]
    front, up = np.array([0, 0, 1.0]), np.array([0, 1.0, 0])
    plain = place_relief(wide.astype(np.float32), front, up, 1200.0)
    known = place_relief(wide.astype(np.float32), front, up, 1200.0, views=views)
    assert plain.size is not None and known.size is not None
    assert plain.size[0] == pytest.approx(2.018 / 1.208 * 1.2, abs=0.004)  # by the surface alone
    assert known.size[:2] == pytest.approx([2.0, 1.2], abs=0.003)
    assert known.world_from_sfm.scale == pytest.approx(1.0, abs=0.003)


def test_without_masks_or_with_none_of_an_edge_the_surface_is_measured(tmp_path: Path) -> None:
    points, _ = carved()
    views = scene_before(points, np.eye(3)).views
    low, high = extent(points)
    assert np.array_equal(masked_extent(views, low, high, points), [low, high])
    everything = tmp_path / "all.png"
    Image.fromarray(np.full((300, 400), 255, np.uint8)).save(everything)
    full = [replace(v, mask=everything) for v in views]
    assert np.array_equal(masked_extent(full, low, high, points), [low, high])
