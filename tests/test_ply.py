from pathlib import Path

import numpy as np
import pytest
import trimesh

from sculpt3d.errors import UnreadableFile
from sculpt3d.models.ply import read_cloud, read_mesh, write_cloud, write_mesh
from sculpt3d.types import Mesh, PointCloud


def cloud(n: int) -> PointCloud:
    rng = np.random.default_rng(n)
    return PointCloud(
        rng.normal(size=(n, 3)).astype("f4"),
        rng.normal(size=(n, 3)).astype("f4"),
        rng.integers(0, 255, (n, 3), dtype=np.uint8),
        rng.integers(0, 9, n, dtype=np.int32),
        rng.random(n).astype("f4"),
    )


@pytest.mark.parametrize("n", [0, 1, 1000])
def test_cloud_round_trip(tmp_path: Path, n: int) -> None:
    write_cloud(tmp_path / "c.ply", cloud(n))
    back = read_cloud(tmp_path / "c.ply")
    for name in ("xyz", "normal", "rgb", "views", "error"):
        np.testing.assert_array_equal(getattr(back, name), getattr(cloud(n), name))


def test_mesh_round_trip_and_another_reader(tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(2)
    mesh = Mesh(
        ball.vertices.astype("f4"),
        ball.faces.astype("i4"),
        np.full((len(ball.vertices), 3), 9, np.uint8),
        np.arange(len(ball.vertices)) % 2 == 0,
    )
    write_mesh(tmp_path / "m.ply", mesh)
    back = read_mesh(tmp_path / "m.ply")
    np.testing.assert_array_equal(back.faces, mesh.faces)
    np.testing.assert_array_equal(back.filled, mesh.filled)
    other = trimesh.load(tmp_path / "m.ply", process=False)
    np.testing.assert_allclose(other.vertices, mesh.vertices)


@pytest.mark.parametrize(
    "damage",
    [
        lambda b: b[:-1],
        lambda b: b"garbage" + b,
        lambda b: b[:40],
        lambda b: b.replace(b"vertex 10", b"vertex -1"),
    ],
)
def test_broken_files_are_named(tmp_path: Path, damage) -> None:
    path = tmp_path / "c.ply"
    write_cloud(path, cloud(10))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UnreadableFile, match=r"c\.ply"):
        read_cloud(path)
