"""Pairs of large sets, blocks, and cameras against their truth on a few sample photos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipelines.console import Console
from pipelines.parallel import run_each, workers_within
from sculpt3d.compare.registration import robust_umeyama
from sculpt3d.errors import ResourceError
from sculpt3d.models.colmap import camera_poses
from sculpt3d.photos.check import check_photos
from sculpt3d.sfm.cameras import SfmParams, map_cameras
from sculpt3d.sfm.matching import BLOCK, _blocks, similar_pairs
from sculpt3d.sfm.result import load_sfm
from tests.conftest import ROOT


def test_similar_photos_find_each_other() -> None:
    """Five places of six photos each, shuffled; the photos of a place share most of their descriptors."""
    rng = np.random.default_rng(0)
    places = [rng.integers(0, 256, (300, 128)) for _ in range(5)]
    place_of = rng.permutation(np.repeat(np.arange(5), 6))
    photos = []
    for k in place_of:
        seen = places[k][rng.permutation(300)[:200]] + rng.normal(0, 6, (200, 128))
        photos.append(np.clip(seen, 0, 255).astype(np.uint8))
    pairs = similar_pairs(photos, 5)
    wanted = {(i, j) for i in range(30) for j in range(i + 1, 30) if place_of[i] == place_of[j]}
    assert len(wanted & pairs) / len(wanted) > 0.95
    assert all(i < j for i, j in pairs)


def test_blocks_hold_every_pair_once_and_few_photos() -> None:
    pairs = [(i, j) for i in range(40) for j in range(i + 1, 40)]
    blocks = _blocks(pairs)
    assert sorted(p for block in blocks for p in block) == pairs
    assert max(len({i for pair in block for i in pair}) for block in blocks) <= 2 * BLOCK


def test_cameras_are_where_they_were(small_photos: Path, tmp_path: Path) -> None:
    photo_set = check_photos(small_photos, tmp_path / "photos", each=run_each(2))
    found = map_cameras(photo_set, tmp_path / "sfm", SfmParams(max_features=3000), run_each(2))
    assert found == load_sfm(tmp_path / "sfm")
    assert len(found.registered) == 22
    assert found.attempts == ("plain: 22 of 22 photos",)  # nothing stronger was tried
    assert found.still_share == 0  # no turntable: the matches are those of all features
    assert not (tmp_path / "sfm" / "plain" / "moving").exists()
    mine, true = camera_poses(found.model), camera_poses(ROOT / "sample_data" / "truth" / "cameras")
    names = sorted(mine)
    a, b = (np.array([poses[n].source_origin for n in names]) for poses in (mine, true))
    residual = np.linalg.norm(robust_umeyama(a, b).apply(a) - b, axis=1)
    assert np.median(residual) < 0.001  # 1 mm at 660 mm
    assert residual.max() < 0.004


def test_workers_stay_within_memory() -> None:
    assert workers_within(8, 100.0, 5.0) == 8
    assert workers_within(8, 4.0, 5.0) == 2
    with pytest.raises(ResourceError, match="memory"):
        workers_within(8, 1.0, 24.0)


def test_time_left_learns_from_a_past_run(tmp_path: Path) -> None:
    console = Console("quiet")
    console.plan(["cameras", "depth", "texture"])
    (tmp_path / "report.json").write_text('{"stages": [{"name": "texture", "seconds": 600}]}')
    console.start("depth")
    console.finished["cameras"] = 35.0
    before = console.seconds_left(0.0)
    console.learn(tmp_path / "report.json")
    after = console.seconds_left(0.0)
    assert before is not None
    assert after is not None
    assert after > before + 400
    console.learn(tmp_path / "missing.json")
