"""Shared truth: a painted sphere photographed from known cameras, and a small run of the whole pipeline."""

from __future__ import annotations

import pipelines  # noqa: F401  # isort: skip  # before NumPy: it sets how many threads BLAS takes

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from PIL import Image

from pipelines.parallel import run_each
from sculpt3d.geometry import Rigid3
from sculpt3d.mvs.depth import estimate_depths
from sculpt3d.mvs.maps import DepthFolder
from sculpt3d.synthetic import Look, Stage, ring
from sculpt3d.types import Mesh, Pinhole, Scene, SparsePoints, View

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
CAMERA = Pinhole(320, 240, 420.0, 420.0, 160.0, 120.0)


@dataclass(frozen=True)
class Ball:
    """A unit sphere with a speckled skin; `colour` is linear (V, 3)."""

    mesh: Mesh
    colour: np.ndarray
    scene: Scene


def speckled_ball(subdivisions: int = 6) -> tuple[Mesh, np.ndarray]:
    ball = trimesh.creation.icosphere(subdivisions)
    mesh = Mesh(ball.vertices.astype(np.float32), ball.faces.astype(np.int32))
    rng = np.random.default_rng(1)
    waves = sum(
        np.sin(mesh.vertices @ rng.normal(size=(3, 6)) * f + rng.uniform(0, 6, 6)) for f in (6, 12, 25)
    )
    grey = 0.35 * np.exp(0.25 * waves.sum(1) / np.sqrt(9))
    return mesh, np.clip(grey[:, None] * [1.0, 0.9, 0.7], 0.02, 0.95).astype(np.float32)


@pytest.fixture(scope="session")
def ball(tmp_path_factory: pytest.TempPathFactory) -> Ball:
    folder = tmp_path_factory.mktemp("ball")
    mesh, colour = speckled_ball()
    stage = Stage(mesh, colour)
    poses = [*ring(np.zeros(3), 4.0, 5, 24), *ring(np.zeros(3), 4.0, 50, 8)]
    views = []
    for i, pose in enumerate(poses):
        path = folder / f"{i:02d}.png"
        Image.fromarray(stage.photograph(CAMERA, pose, Look(ambient=1.0), samples=2)).save(path)
        views.append(View(path.name, CAMERA, pose, path))
    return Ball(mesh, colour, Scene(tuple(views), ball_points(poses)))


def ball_points(poses: list[Rigid3], count: int = 800) -> SparsePoints:
    """Exact tie points on the sphere with the views that see them."""
    xyz = np.random.default_rng(2).normal(size=(count, 3))
    xyz /= np.linalg.norm(xyz, axis=1, keepdims=True)
    facing = np.array([(p.source_origin / np.linalg.norm(p.source_origin)) @ xyz.T > 0.5 for p in poses])
    lists = [np.flatnonzero(facing[:, k]) for k in range(count)]
    keep = [k for k in range(count) if len(lists[k]) >= 2]
    start = np.concatenate([[0], np.cumsum([len(lists[k]) for k in keep])])
    return SparsePoints(
        xyz[keep],
        np.zeros(len(keep), np.float32),
        start.astype(np.int32),
        np.concatenate([lists[k] for k in keep]).astype(np.int32),
    )


@pytest.fixture(scope="session")
def small_photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample photos at half their size: 22 of them, enough for a whole run in a minute."""
    folder = tmp_path_factory.mktemp("photos")
    for path in sorted((ROOT / "sample_data" / "photos").glob("*.jpg"))[:22]:
        with Image.open(path) as photo:
            photo.resize((photo.width // 2, photo.height // 2), Image.Resampling.LANCZOS).save(
                folder / path.name, quality=95, exif=photo.getexif()
            )
    return folder


def no_points() -> SparsePoints:
    return SparsePoints(
        np.zeros((0, 3)), np.zeros(0, np.float32), np.zeros(1, np.int32), np.zeros(0, np.int32)
    )


def some_views(scene: Scene, numbers: list[int]) -> Scene:
    """Without tie points: the frusta's common ground stands in."""
    return Scene(tuple(scene.views[i] for i in numbers), no_points())


@pytest.fixture(scope="session")
def depths(ball: Ball, tmp_path_factory: pytest.TempPathFactory) -> DepthFolder:
    """The ball's depth maps, of all 32 views."""
    return estimate_depths(ball.scene, tmp_path_factory.mktemp("depths"), each=run_each(2))


@pytest.fixture
def cube(tmp_path: Path) -> Path:
    """100 mm; a PLY that says it is in metres."""
    from hands import saved

    return saved(tmp_path / "cube.ply", trimesh.creation.box([0.1, 0.1, 0.1]), ("metres",))


@pytest.fixture
def windows() -> Iterator[list[Any]]:
    """Put windows in: they are closed in the end."""
    made: list[Any] = []
    yield made
    for one in made:
        one.desk.bench.close()
        one.window.close()
