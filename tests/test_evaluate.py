"""Scores on surfaces whose distance is known, and against a second opinion where there is one."""

from __future__ import annotations

from pathlib import Path

import pytest
import trimesh

from sculpt3d.errors import InputError, UnreadableFile
from sculpt3d.evaluate import evaluate


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
