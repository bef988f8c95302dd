"""Scores on surfaces whose distance is known, and against a second opinion where there is one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh

from sculpt3d.compare.evaluate import evaluate
from sculpt3d.errors import InputError, UnreadableFile


def sphere(radius: float, path: Path, z: float = 0.0) -> Path:
    ball = trimesh.creation.icosphere(5, radius)
    ball.apply_translation([0, 0, z])
    ball.export(path)
    return path


def test_a_shell_one_millimetre_off(tmp_path: Path) -> None:
    found = evaluate(sphere(0.101, tmp_path / "m.ply"), sphere(0.100, tmp_path / "t.ply"), (0.9, 1.1))
    assert found.accuracy_mm.median == pytest.approx(1.0, abs=0.02)
    assert found.completeness_mm.median == pytest.approx(1.0, abs=0.02)
    assert found.chamfer_mm == pytest.approx(1.0, abs=0.02)
    assert [s.f for s in found.scores] == pytest.approx([0, 1], abs=1e-3)


def test_half_a_sphere_is_accurate_and_half_complete(tmp_path: Path) -> None:
    half = trimesh.creation.icosphere(5, 0.1)
    half.update_faces(half.triangles_center[:, 2] > 0)
    half.export(tmp_path / "m.ply")
    score = evaluate(tmp_path / "m.ply", sphere(0.1, tmp_path / "t.ply"), (0.5,)).scores[0]
    assert score.precision == pytest.approx(1.0, abs=1e-3)
    assert score.recall == pytest.approx(0.5, abs=0.01)


def test_floor_is_left_out_on_both_sides(tmp_path: Path) -> None:
    score = evaluate(
        sphere(0.1, tmp_path / "m.ply"), sphere(0.1, tmp_path / "t.ply", 0.0), (1.0,), floor_mm=0.0, up="z"
    )
    assert score.scores[0].f == pytest.approx(1, abs=1e-3)


def test_alignment_finds_a_similarity(tmp_path: Path) -> None:
    shape = trimesh.util.concatenate(
        [trimesh.creation.box((0.1, 0.2, 0.05)), trimesh.creation.icosphere(3, 0.06)]
    )
    shape = shape.subdivide().subdivide()
    shape.export(tmp_path / "t.ply")
    moved = shape.copy()
    moved.apply_transform(trimesh.transformations.rotation_matrix(0.4, [1, 2, 3]))
    moved.apply_scale(7.0)
    moved.export(tmp_path / "m.ply")
    found = evaluate(tmp_path / "m.ply", tmp_path / "t.ply", (0.5,), align="sim3")
    assert found.scores[0].f > 0.99
    assert found.scale_error_percent == pytest.approx(600, abs=2)


def test_unusable_files(tmp_path: Path) -> None:
    (tmp_path / "x.ply").write_bytes(b"garbage")
    with pytest.raises(UnreadableFile):
        evaluate(tmp_path / "x.ply", sphere(1, tmp_path / "t.ply"))
    with pytest.raises(InputError, match="align"):
        evaluate(sphere(0.1, tmp_path / "far.ply", 100.0), tmp_path / "t.ply")


FAR = np.array([465123.25, 5530987.5, 210.5])


def far_ply(path: Path, vertices: np.ndarray, faces: np.ndarray) -> Path:
    """In doubles, metres."""
    head = (
        f"ply\nformat ascii 1.0\ncomment metres\nelement vertex {len(vertices)}\nproperty double x\nproperty double y\n"
        f"property double z\nelement face {len(faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    )
    rows = [f"{x:.17g} {y:.17g} {z:.17g}" for x, y, z in vertices] + [f"3 {a} {b} {c}" for a, b, c in faces]
    path.write_text(head + "\n".join(rows) + "\n")
    return path


def test_far_coordinates_cost_no_digits(tmp_path: Path) -> None:
    """A shell one millimetre off, both at UTM coordinates, where float32 counts in half metres."""
    ball = trimesh.creation.icosphere(5)
    model = far_ply(tmp_path / "m.ply", 0.101 * ball.vertices + FAR, ball.faces)
    truth = far_ply(tmp_path / "t.ply", 0.100 * ball.vertices + FAR, ball.faces)
    found = evaluate(model, truth, (0.9, 1.1))
    assert found.accuracy_mm.median == pytest.approx(1.0, abs=0.02)
    assert found.completeness_mm.median == pytest.approx(1.0, abs=0.02)
    assert np.array(found.truth_from_model) == pytest.approx(np.eye(4), abs=1e-9)
    above = evaluate(model, truth, (1.1,), floor_mm=1000 * (FAR[2] + 0.05), up="z")
    assert above.scores[0].f == pytest.approx(1, abs=1e-3)
    with pytest.raises(InputError, match="Nothing"):
        evaluate(model, truth, floor_mm=1000 * (FAR[2] + 0.2), up="z")


@pytest.mark.parametrize("far", ["model", "truth", "both"])
def test_the_difference_of_offsets_is_part_of_the_transform(tmp_path: Path, far: str) -> None:
    ball = trimesh.creation.icosphere(3, 0.06)
    ball.apply_translation([0.03, 0.07, 0.02])
    shape = trimesh.util.concatenate([trimesh.creation.box((0.1, 0.2, 0.05)).subdivide().subdivide(), ball])
    turn = trimesh.transformations.rotation_matrix(0.02, [1, 2, 3])[:3, :3]
    v, here = np.asarray(shape.vertices), np.zeros(3)
    of_model, of_truth = {"model": (FAR, here), "truth": (here, FAR), "both": (FAR, FAR + here + 9)}[far]
    model = far_ply(tmp_path / "m.ply", v @ turn.T + of_model, shape.faces)
    truth = far_ply(tmp_path / "t.ply", v + of_truth, shape.faces)
    found = evaluate(model, truth, (0.5,), align="rigid")
    assert found.accuracy_mm.p90 < 0.05
    moved = np.c_[v @ turn.T + of_model, np.ones(len(v))] @ np.array(found.truth_from_model).T
    assert np.abs(moved[:, :3] - (v + of_truth)).max() < 1e-4
    with pytest.raises(InputError, match="align"):
        evaluate(model, truth)


def test_all_parts_are_measured_by_their_area(tmp_path: Path) -> None:
    """Of two balls in a GLB one is in the truth: a fifth of the model's surface is not."""
    large, small = trimesh.creation.icosphere(4, 0.1), trimesh.creation.icosphere(4, 0.05)
    small.apply_translation([0.12, 0, 0])
    scene = trimesh.Scene([large, small])
    scene.export(tmp_path / "m.glb")
    found = evaluate(tmp_path / "m.glb", sphere(0.1, tmp_path / "t.ply"), (0.2,)).scores[0]
    inside = trimesh.sample.sample_surface(small, 100_000, seed=1)[0][:, 0] < 0.11  # nearer than the margin
    assert found.recall == pytest.approx(1, abs=1e-3)
    assert found.precision == pytest.approx(1 / (1 + inside.mean() / 4), abs=0.01)
