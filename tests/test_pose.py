"""Poses found without a start, against the known one; what cannot be told apart is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh
from conftest import ROOT, SHARED
from scipy.spatial.transform import Rotation

from sculpt3d.compare.evaluate import evaluate
from sculpt3d.compare.points import Points, box, with_and_without_ground
from sculpt3d.compare.pose import Found, find_pose
from sculpt3d.compare.registration import register
from sculpt3d.compare.search import evenly_turned
from sculpt3d.errors import InputError
from sculpt3d.geometry import F64, Sim3

NOISE = 0.001  # of the largest side: a photo's pixel on the object


def round_head(frequency: float = 9.0) -> trimesh.Trimesh:
    """A ball with 3 % of relief."""
    ball, rng = trimesh.creation.icosphere(5, 0.15), np.random.default_rng(3)
    unit = np.asarray(ball.vertices) / 0.15
    waves = sum(
        np.sin(unit @ (frequency * k / np.linalg.norm(k)) + rng.uniform(0, 6))
        for k in rng.normal(size=(30, 3))
    )
    ball.vertices = ball.vertices * (1 + 0.03 * waves / np.abs(waves).max())[:, None]
    return ball


def vase(handles: bool) -> trimesh.Trimesh:
    z = np.linspace(0, 1, 120)
    r = 0.12 + 0.06 * np.sin(3.2 * z + 0.4) + 0.02 * np.sin(9 * z)
    body = trimesh.creation.revolve(np.c_[np.r_[0, r, 0], np.r_[0, z / 2, 0.5]], sections=128)
    parts = [body]
    for radius, yaw in ((0.03, 0.0), (0.022, 2.6)) if handles else ():
        ring = trimesh.creation.torus(radius, 0.008, 48, 24)
        ring.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, [1, 0, 0]))
        ring.apply_translation([0.185, 0, 0.3])
        ring.apply_transform(trimesh.transformations.rotation_matrix(yaw, [0, 0, 1]))
        parts.append(ring)
    return trimesh.util.concatenate(parts)


def points_of(mesh: trimesh.Trimesh, count: int = 100_000, seed: int = 0) -> Points:
    xyz, face = trimesh.sample.sample_surface(mesh, count, seed=seed)
    return Points(np.asarray(xyz), np.asarray(mesh.face_normals[face]))


def reconstructed(
    mesh: trimesh.Trimesh, seed: int, base: float = 0.05, ground: bool = False
) -> tuple[Points, Sim3]:
    """Noisy points without the lowest `base` of the height, in a frame of their own; and truth_from_them."""
    rng = np.random.default_rng(seed)
    made, size = points_of(mesh, seed=seed), float(mesh.extents.max())
    up = int(np.argmax(mesh.extents))
    low = mesh.bounds[0, up] + base * mesh.extents[up]
    made = made.take(made.xyz[:, up] > low)
    xyz = made.xyz + made.normal * rng.normal(0, NOISE * size, (len(made.xyz), 1))
    normal = made.normal
    if ground:
        floor = rng.uniform(-1.2, 1.2, (60_000, 3)) * size + mesh.bounds.mean(0)
        floor[:, up] = low + rng.normal(0, NOISE * size, len(floor))
        xyz, normal = np.r_[xyz, floor], np.r_[normal, np.tile(np.eye(3)[up], (len(floor), 1))]
    scale = float(np.exp(rng.uniform(-3, 3)))
    from_truth = Sim3(scale, Rotation.random(random_state=seed).as_matrix(), rng.normal(size=3) * 5 * scale)
    return Points(from_truth.apply(xyz), normal @ from_truth.rotation.T), from_truth.inverse()


def agrees(mesh: trimesh.Trimesh, made: Points, known: Sim3, scale: bool = True) -> Found:
    """The found pose, refined, is what the known start comes to, and a proper turn."""
    truth = points_of(mesh)
    found = find_pose(made, truth, scale)
    best = register(made.xyz, truth.xyz, truth.normal, scale, found.target_from_source)
    sure = register(made.xyz, truth.xyz, truth.normal, scale, known)
    assert np.linalg.det(best.rotation) == pytest.approx(1)
    low, high = box(truth.xyz)
    at = known.apply(made.xyz)
    on = made.xyz[((at > low) & (at < high)).all(1)][:5000]
    apart = np.linalg.norm(best.apply(on) - sure.apply(on), axis=1)
    assert apart.max() < 0.3 * NOISE * float(mesh.extents.max())  # a third of a pixel: nothing to F
    return found


def test_rotations_are_spread_evenly() -> None:
    turns = Rotation.from_matrix(evenly_turned(2000))
    asked = Rotation.random(300, random_state=1)
    nearest = np.array([(turns * a.inv()).magnitude().min() for a in asked])
    assert np.degrees(nearest).max() < 17


@pytest.mark.parametrize("base", [0.05, 0.25])
def test_a_nearly_round_head(base: float) -> None:
    head = round_head()
    assert not agrees(head, *reconstructed(head, 257, base)).rivals


def test_a_vase_with_two_small_handles_and_a_quarter_missing() -> None:
    mesh = vase(handles=True)
    assert not agrees(mesh, *reconstructed(mesh, 2, 0.25)).rivals


def test_what_only_the_model_has_takes_no_part() -> None:
    mesh = vase(handles=True)
    made, known = reconstructed(mesh, 3, ground=True)
    assert [len(p.xyz) < 0.7 * len(made.xyz) for p in with_and_without_ground(made)] == [False, True]
    agrees(mesh, made, known)


def test_a_vase_without_handles_is_ambiguous() -> None:
    """It fits at any turn about its axis: told, and kept as it came where that is as good."""
    mesh = vase(handles=False)
    truth, made = points_of(mesh), points_of(mesh, seed=1)
    found = find_pose(made, truth, True)
    assert found.rivals
    assert "ambiguous" in str(found.note())
    assert np.abs(found.target_from_source.matrix() - np.eye(4)).max() < 0.01
    for pose in found.rivals:  # all of them keep the axis
        assert abs(pose.rotation[2, 2]) > 0.999


def test_strays_do_not_matter() -> None:
    mesh = vase(handles=True)
    made, known = reconstructed(mesh, 4)
    far = np.random.default_rng(0).normal(size=(40, 3))
    strays = Points(
        np.r_[made.xyz, made.xyz[:40] + 1e4 * far / known.scale], np.r_[made.normal, made.normal[:40]]
    )
    agrees(mesh, strays, known)


def test_a_mirrored_model_is_never_mirrored_back() -> None:
    mesh = vase(handles=True)
    mesh.vertices[:, 2] *= 1 + 4 * mesh.vertices[:, 0] * (mesh.vertices[:, 1] > 0)  # no plane of symmetry
    truth = points_of(mesh)
    found = find_pose(Points(truth.xyz * [-1, 1, 1], truth.normal * [-1, 1, 1]), truth, True)
    assert np.linalg.det(found.target_from_source.rotation) == pytest.approx(1)


def test_units_that_differ_are_named_where_the_scale_is_kept() -> None:
    truth = points_of(vase(handles=True), 20_000)
    with pytest.raises(InputError, match=r"1e\+03 times as large.*sim3"):
        find_pose(Points(1000 * truth.xyz, truth.normal), truth, False)


def moved(mesh: trimesh.Trimesh, matrix: F64, path: Path) -> Path:
    other = mesh.copy()
    other.apply_transform(matrix)
    other.export(path)
    return path


def test_evaluate_without_cameras_in_other_frames_and_units(tmp_path: Path) -> None:
    """Z up for Y up, millimetres, a stray triangle without area: F as in the same frame."""
    mesh = vase(handles=True)
    truth = moved(mesh, np.eye(4), tmp_path / "t.ply")
    turn = Rotation.from_euler("x", -90, degrees=True).as_matrix()
    matrix = np.eye(4)
    matrix[:3, :3] = 1000 * turn
    far = trimesh.Trimesh([[9.0, 9, 9]] * 3, [[0, 1, 2]], process=False)
    found = evaluate(
        moved(trimesh.util.concatenate([mesh, far]), matrix, tmp_path / "m.ply"), truth, (0.2,), "sim3"
    )
    assert found.scores[0].f > 0.999
    assert found.scale_error_percent == pytest.approx(99900, rel=1e-4)
    assert found.align_seconds is not None
    assert not any("ambiguous" in note for note in found.notes)
    whole = np.array(found.truth_from_model)
    assert whole[:3, :3] @ matrix[:3, :3] == pytest.approx(np.eye(3), abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["DeChalon", "EpicMetro", "Gutenberg", "Hermes", "Nymph", "Plato", "figure"])
def test_scans_from_any_start(name: str) -> None:
    path = (
        ROOT / "sample_data" / "truth" / "figure.ply"
        if name == "figure"
        else SHARED / "scans" / f"{name}.glb"
    )
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    mesh = trimesh.load(path, force="mesh")
    for seed in range(4):
        agrees(mesh, *reconstructed(mesh, seed))
