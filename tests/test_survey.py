"""Known lengths in the bundle of a photo set whose truth is known: metres, honest sigmas, and sentences for what contradicts."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sculpt3d._pycolmap import pycolmap
from sculpt3d.errors import InputError
from sculpt3d.metric.reconstruction import adjusted_model
from sculpt3d.metric.survey import Survey, survey
from sculpt3d.metric.tables import Bar, KnownPoint
from sculpt3d.metric.targets import Sighting
from tests.conftest import SHARED

SET = SHARED / "rendered" / "gutenberg"
TIES = 500


@pytest.fixture(scope="module")
def truth() -> dict[str, np.ndarray]:
    if not SET.is_dir():
        pytest.skip("the rendered set with targets is not here")
    rows = csv.DictReader((SET / "targets.csv").open())
    return {r["target"][1:]: np.array([float(r[k]) for k in "xyz"]) for r in rows}


def noisy(seed: int, px: float = 0.2, scale: float = 0.37) -> tuple[Any, dict[str, list[Sighting]]]:
    """The true cameras in another unit with noisy pixels, and markers as a detector sees them."""
    rng = np.random.default_rng(seed)
    model = pycolmap.Reconstruction(str(SET / "truth_colmap"))
    for i in model.reg_image_ids():
        for point in model.images[i].points2D:
            point.xy = point.xy + rng.normal(0, px, 2)
    model.transform(pycolmap.Sim3d(np.c_[scale * np.eye(3), [1.0, 2, 3]]))
    seen: dict[str, list[Sighting]] = {}
    for row in csv.DictReader((SET / "target_pixels.csv").open()):
        centre = np.array([float(row["x"]), float(row["y"])]) + rng.normal(0, 0.04, 2)
        seen.setdefault(row["image"], []).append(
            Sighting("4x4_50", int(row["target"][1:]), np.zeros((4, 2)), centre)
        )
    return model, seen


def bars_of(truth: dict[str, np.ndarray], seed: int) -> list[Bar]:
    """Two to scale by and four to check, each known to a twentieth of a millimetre."""
    rng = np.random.default_rng(seed)
    found = []
    for a, b, use in (("0", "1", "control"), ("0", "2", "control"), ("1", "3", "check"), ("0", "3", "check"),
                      ("2", "3", "check"), ("1", "2", "check")):  # fmt: skip
        length = 1000 * float(np.linalg.norm(truth[a] - truth[b])) + rng.normal(0, 0.05)
        found.append(Bar(a, b, length, 0.05, use))
    return found


def test_check_bars_lie_within_what_is_stated(truth: dict[str, np.ndarray]) -> None:
    """Scale to two hundredths of a percent, check bars off by their sigma: within twice it at least nine times of ten."""
    off, scales = [], []
    for seed in range(2):
        model, seen = noisy(seed)
        found = survey(model, seen, bars_of(truth, seed), ties=TIES)
        off += [abs(t.found_mm - t.known_mm) / t.sigma_mm for t in found.told if t.use == "check"]
        scales.append(_size(found, truth))
        assert 0.15 < found.noise_px[0] < 0.25 and found.noise_px[1] < 0.08
        assert 0.00003 < found.scale_sigma < 0.0003 and found.photos["4x4_50:1"] >= 15
    assert np.mean(np.array(off) < 2) >= 0.85
    assert np.abs(np.array(scales) - 1).max() < 0.0002


def _size(found: Survey, truth: dict[str, np.ndarray]) -> float:
    """Of the four markers together, against the truth."""
    mine = found.adjusted.network.points[-4:]
    true = np.array([truth[k] for k in "0123"])
    return float(np.linalg.norm(mine - mine.mean(0)) / np.linalg.norm(true - true.mean(0)))


def test_the_model_comes_back_in_metres(truth: dict[str, np.ndarray], tmp_path: Path) -> None:
    model, seen = noisy(1)
    found = survey(model, seen, bars_of(truth, 1), ties=TIES)
    moved = adjusted_model(model, found.adjusted.network)
    true = pycolmap.Reconstruction(str(SET / "truth_colmap"))
    sizes = []
    for m in (moved, true):
        eye = np.array([m.images[i].projection_center() for i in sorted(m.reg_image_ids())])
        sizes.append(np.linalg.norm(eye - eye.mean(0)))
    assert sizes[0] / sizes[1] == pytest.approx(1, abs=5e-4)
    assert len(moved.points3D) == len(true.points3D) and moved.compute_mean_reprojection_error() < 0.35


def test_control_points_give_the_users_own_frame(truth: dict[str, np.ndarray]) -> None:
    model, seen = noisy(2)
    known = []
    for name in "0123":
        x, y, z = (1000 * truth[name] + [5000, 0, -200]).tolist()
        known.append(KnownPoint(name, (x, y, z), (0.1, 0.1, 0.1), "check" if name == "3" else "control"))
    found = survey(model, seen, (), known, ties=TIES)
    check = [t for t in found.told if t.use == "check"]
    assert len(check) == 3 and max(abs(t.found_mm - t.known_mm) for t in check) < 0.5


def test_what_contradicts_is_said(truth: dict[str, np.ndarray]) -> None:
    model, seen = noisy(3)
    good = bars_of(truth, 3)
    for factor, word in ((1000.0, "metres for millimetres"), (25.4, "inches"), (1 / 25.4, "inches")):
        third = Bar("1", "3", 1000 * float(np.linalg.norm(truth["1"] - truth["3"])) * factor, 0.05)
        with pytest.raises(InputError, match=word):
            survey(model, seen, [*good[:2], third], ties=TIES)
    wrong = replace(good[1], length_mm=good[1].length_mm + 3)
    with pytest.raises(InputError, match=r"times its sigma\); measure it again"):
        survey(model, seen, [good[0], wrong, replace(good[2], use="control")], ties=TIES)
    with pytest.raises(InputError, match="Marker 9 is in no photo"):
        survey(model, seen, [Bar("0", "9", 100)], ties=TIES)
    one = {name: shots if k < 1 else [] for k, (name, shots) in enumerate(seen.items())}
    with pytest.raises(InputError, match="fewer than 2"):
        survey(model, one, good[:1], ties=TIES)
