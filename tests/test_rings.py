"""Coded rings: drawn askew at known places they are read and measured to a hundredth of a pixel, and nothing else is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.spatial.transform import Rotation

from sculpt3d.metric.ring_codes import CODES, SECTORS, is_black, number_of, turned
from sculpt3d.metric.rings import find_rings
from tests.conftest import ROOT, SHARED

SIZE, FOCAL = 220, 1500.0


def picture(number: int, radius_px: float, turn: Rotation, at: np.ndarray, seed: int) -> np.ndarray:
    """A disc of that radius, turned before the camera, its middle at pixel `at`; light, blur and noise as photos have."""
    rng = np.random.default_rng(seed)
    k = np.array([[FOCAL, 0, at[0]], [0, FOCAL, at[1]], [0, 0, 1]])
    axes = turn.as_matrix() @ np.diag([1.0, -1.0, -1.0])
    pixel_from_paper = k @ np.c_[axes[:, :2], [0, 0, FOCAL / radius_px]]
    fine = (np.arange(SIZE * 6) + 0.5) / 6
    pixels = np.stack(np.meshgrid(fine, fine), -1)
    paper = np.concatenate([pixels, np.ones_like(pixels[..., :1])], -1) @ np.linalg.inv(pixel_from_paper).T
    black = is_black(number, paper[..., :2] / paper[..., 2:])
    low, high = rng.uniform(15, 60), rng.uniform(150, 235)
    lit = np.where(black, low, high).reshape(SIZE, 6, SIZE, 6).mean((1, 3)) * np.linspace(0.85, 1.05, SIZE)
    lit = cv2.GaussianBlur(lit, (0, 0), 0.7) + rng.normal(0, 2, (SIZE, SIZE))
    return np.clip(lit + 0.5, 0, 255).astype(np.uint8)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 63), st.floats(24, 70), st.floats(0, 0.95), st.floats(0, 6.3), st.integers(0, 2**31))
def test_read_and_measured_from_any_side(
    number: int, radius: float, tilt: float, way: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    turn = Rotation.from_euler("zxz", [way, tilt, rng.uniform(0, 6.3)])
    at = SIZE / 2 + rng.uniform(-4, 4, 2)
    (found,) = find_rings(picture(number, radius, turn, at, seed))
    assert found.number == number and np.linalg.norm(found.centre - at) < 0.12


def test_the_centre_has_no_bias_though_the_ellipses_have() -> None:
    off, plain = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        turn = Rotation.from_euler("zxz", [rng.uniform(0, 6.3), 0.9, 0.4])  # always askew to the same side
        at = SIZE / 2 + rng.uniform(-4, 4, 2)
        (found,) = find_rings(picture(seed, 55, turn, at, seed))
        off.append(found.centre - at)
        plain.append(found.corners.mean(0) - at)
    assert np.abs(np.mean(off, 0)).max() < 0.02 and np.median(np.linalg.norm(off, axis=1)) < 0.03
    assert np.linalg.norm(np.mean(plain, 0)) > 0.5  # what the rim alone says


def test_codes_differ_in_four_sectors_however_they_are_turned() -> None:
    assert len(CODES) == 64 and len({t for c in CODES for t in turned(c)}) == 64 * SECTORS
    for n, code in enumerate(CODES):
        assert [number_of(t) for t in turned(code)] == [n] * SECTORS
        for other in CODES[:n]:
            assert min((code ^ t).bit_count() for t in turned(other)) >= 4


def test_a_hidden_sector_or_a_mirrored_target_is_no_other_target() -> None:
    clean = picture(7, 60, Rotation.identity(), np.full(2, SIZE / 2), 0)
    hidden = clean.copy()
    hidden[:, : SIZE // 2 - 24] = 120
    assert find_rings(hidden) == []
    assert all(s.number != 7 for s in find_rings(np.ascontiguousarray(clean[:, ::-1])))
    both = np.concatenate([clean, clean], 1)
    assert find_rings(both) == []  # one number twice


def test_photos_without_targets_have_none() -> None:
    photos = sorted((ROOT / "sample_data" / "photos").glob("*.jpg"))[:4]
    photos += sorted((SHARED / "photos" / "sakharov").glob("*.jpg"))[:4]
    photos += sorted((SHARED / "rendered" / "gutenberg" / "images").glob("*.jpg"))[:4]
    for path in photos:
        assert find_rings(np.asarray(Image.open(path).convert("L"))) == [], path


@pytest.mark.parametrize("value", [0, 128, 255])
def test_an_even_picture_has_none(value: int) -> None:
    assert find_rings(np.full((64, 64), value, np.uint8)) == []
