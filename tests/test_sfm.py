"""Pairs of large sets, blocks, and cameras against their truth on a few sample photos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.spatial import cKDTree

from pipelines.console import Console
from pipelines.parallel import run_each, workers_within
from sculpt3d.compare.registration import robust_umeyama
from sculpt3d.errors import ResourceError
from sculpt3d.models.colmap import camera_poses
from sculpt3d.photos.check import check_photos
from sculpt3d.sfm.cameras import SfmParams, map_cameras
from sculpt3d.sfm.coarse import ALIKE, PARTNERS, _common, chosen
from sculpt3d.sfm.feature_files import read_features
from sculpt3d.sfm.features import FeatureParams, extract_features
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


def test_photos_with_little_in_common_are_not_matched() -> None:
    """Two rooms of twelve photos; one pair across is alike. Every photo keeps its likeliest partners."""
    n, rng = 24, np.random.default_rng(0)
    room = np.repeat([0, 1], 12)
    common = np.where(room[:, None] == room, rng.integers(ALIKE, 200, (n, n)), rng.integers(3, ALIKE, (n, n)))
    common = np.triu(common, 1)
    common[3, 20] = ALIKE
    common += common.T
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    kept = chosen(common, pairs)
    assert {(i, j) for i, j in pairs if room[i] == room[j]} | {(3, 20)} == set(kept)
    lonely = chosen(common // 100, pairs)
    assert all(sum(k in pair for pair in lonely) >= PARTNERS for k in range(n))


def test_coarse_features_find_their_own_among_strangers() -> None:
    rng = np.random.default_rng(0)
    mine = rng.normal(size=(900, 128))
    seen = np.concatenate([mine[:200] + rng.normal(0, 0.3, (200, 128)), rng.normal(size=(700, 128))])
    a, b, strange = (_described(x) for x in (mine, seen[rng.permutation(900)], rng.normal(size=(900, 128))))
    assert _common(a, b) >= 190
    assert _common(a, b) == _common(b, a)
    assert _common(a, strange) < 3
    assert _common(a, a[:1]) == 0


def _described(x: np.ndarray) -> np.ndarray:
    """As SIFT writes them: whole numbers, of norm 512."""
    x = np.abs(x)
    return np.round(512 * x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.uint8)


def test_large_photos_are_sampled_as_coarsely_as_their_features_are(tmp_path: Path) -> None:
    """Whatever the sampling, the features that are asked for are the coarsest there are, at the same places."""
    rng = np.random.default_rng(0)
    noise = sum(
        np.asarray(Image.fromarray(rng.normal(0, 1, (960 // s, 1280 // s)).astype(np.float32)).resize((1280, 960), 3))
        for s in (2, 4, 8, 16)
    )
    (tmp_path / "photos").mkdir()
    for k in range(3):  # a set wants three
        picture = np.clip(128 + 30 * np.roll(noise, 40 * k, 1), 0, 255).astype(np.uint8)
        Image.fromarray(picture).convert("RGB").save(tmp_path / "photos" / f"{k}.png")
    photo_set = check_photos(tmp_path / "photos", tmp_path / "checked")
    kept, whole = (
        read_features(extract_features(photo_set, tmp_path / name, FeatureParams(count))[0])
        for name, count in (("few", 400), ("all", 40000))
    )
    scale = np.sqrt(kept.area())
    coarse = whole.affine[np.sqrt(whole.area()) > 1.2 * scale.min(), :2]
    assert 400 <= len(kept.affine) < len(whole.affine) / 4
    assert scale.min() > 2  # of those that are seen when the photo is doubled only, none
    off = cKDTree(kept.affine[:, :2]).query(coarse)[0]
    assert (off < 0.5 * scale.min()).mean() > 0.8
    assert np.median(off) < 0.15


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
