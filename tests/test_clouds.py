"""Thinning on clouds whose density is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import cKDTree

from sculpt3d import clouds
from sculpt3d.clouds import evened, pixel_size, spacing_in, thinned, without_loners
from sculpt3d.geometry import Rigid3
from sculpt3d.types import Pinhole, PointCloud, Scene, Spacing, SparsePoints, View


def two_densities(skins: tuple[float, ...] = (0.0,)) -> PointCloud:
    """A unit square, its right half eight times as dense as its left one; every skin but the first faces down."""
    rng = np.random.default_rng(3)
    x = np.concatenate([rng.uniform(0, 0.5, 20_000), rng.uniform(0.5, 1, 160_000)])
    parts = [np.c_[x, rng.uniform(0, 1, len(x)), np.full(len(x), z)] for z in skins]
    normal = np.concatenate([np.tile([0.1, 0.1, 1.0 if z == skins[0] else -1.0], (len(x), 1)) for z in skins])
    n = len(normal)
    return PointCloud(
        np.concatenate(parts).astype(np.float32),
        (normal / np.linalg.norm(normal, axis=1, keepdims=True)).astype(np.float32),
        np.full((n, 3), 90, np.uint8),
        np.full(n, 4, np.int32),
        rng.uniform(0.1, 1, n).astype(np.float32),
    )


def test_density_is_even_and_no_two_points_are_close() -> None:
    found = evened(two_densities(), 0.02)
    apart = cKDTree(found.xyz).query(found.xyz, k=2)[0][:, 1]
    assert apart.min() >= 0.6 * 0.02
    left, right = (found.xyz[:, 0] < 0.5).sum(), (found.xyz[:, 0] > 0.5).sum()
    assert 0.9 < left / right < 1.1
    hole = cKDTree(found.xyz).query(two_densities().xyz)[0]
    assert hole.max() < 1.5 * 0.02


def test_two_skins_nearer_than_the_spacing_stay_apart() -> None:
    found = evened(two_densities((0.0, 0.004)), 0.02)
    assert set(np.round(found.xyz[:, 2], 6).tolist()) == {0.0, np.float32(0.004).round(6).item()}
    up = found.normal[:, 2] > 0
    assert np.allclose(found.xyz[up, 2], 0, atol=1e-7)


def test_blocks_give_what_one_piece_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = thinned(two_densities(), 0.03)
    monkeypatch.setattr(clouds, "BLOCK", 7_001)
    pieces = thinned(two_densities(), 0.03)
    for name in ("xyz", "normal", "rgb", "views", "error"):
        assert np.allclose(getattr(whole, name), getattr(pieces, name), atol=1e-6), name


def test_spacing_in_pixels_and_millimetres() -> None:
    look_down = Rigid3(np.diag([1.0, -1.0, -1.0]), np.array([0.0, 0.0, 2.0]))
    views = tuple(
        View(str(i), Pinhole(100, 100, 500.0, 500.0, 50, 50), look_down, Path("a.png")) for i in range(3)
    )
    none = np.zeros(0, np.int32)
    scene = Scene(views, SparsePoints(np.zeros((0, 3)), np.zeros(0, np.float32), np.zeros(1, np.int32), none))
    cloud = two_densities()
    assert pixel_size(scene, cloud) == pytest.approx(2 / 500)
    assert spacing_in(Spacing(3, "gsd"), scene, cloud) == pytest.approx(6 / 500)
    assert spacing_in(Spacing(3, "mm"), scene, cloud) == pytest.approx(0.003)


def test_loners_go_and_the_surface_stays() -> None:
    surface, rng = two_densities(), np.random.default_rng(1)
    loose = rng.uniform([0, 0, 0.2], [1, 1, 1.2], (500, 3)).astype(np.float32)
    n = len(surface.xyz)
    both = PointCloud(
        np.concatenate([surface.xyz, loose]),
        np.concatenate([surface.normal, surface.normal[:500]]),
        np.concatenate([surface.rgb, surface.rgb[:500]]),
        np.concatenate([surface.views, surface.views[:500]]),
        np.concatenate([surface.error, surface.error[:500]]),
    )
    found = without_loners(both, 0.006)
    assert (found.xyz[:, 2] == 0).sum() > 0.9999 * n
    assert (found.xyz[:, 2] > 0).sum() < 5
