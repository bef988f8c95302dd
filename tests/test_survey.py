"""Known lengths in the bundle of a photo set whose truth is known: metres, honest sigmas, and sentences for what contradicts."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.surveying import _by_ruler, _ruler_mm, sentences, up_by_targets
from sculpt3d._pycolmap import pycolmap
from sculpt3d.errors import InputError
from sculpt3d.metric.reconstruction import adjusted_model, markers_in
from sculpt3d.metric.survey import Survey, survey
from sculpt3d.metric.tables import Bar, Click, Known, KnownPoint
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


def bars_of(truth: dict[str, np.ndarray], seed: int) -> tuple[Bar, ...]:
    """Two to scale by and four to check, each known to a twentieth of a millimetre."""
    rng = np.random.default_rng(seed)
    found = []
    for a, b, use in (("0", "1", "control"), ("0", "2", "control"), ("1", "3", "check"), ("0", "3", "check"),
                      ("2", "3", "check"), ("1", "2", "check")):  # fmt: skip
        length = 1000 * float(np.linalg.norm(truth[a] - truth[b])) + rng.normal(0, 0.05)
        found.append(Bar(a, b, length, 0.05, use))
    return tuple(found)


def test_check_bars_lie_within_what_is_stated(truth: dict[str, np.ndarray]) -> None:
    """Scale to two hundredths of a percent, check bars off by their sigma: within twice it at least nine times of ten."""
    off, scales = [], []
    for seed in range(2):
        model, seen = noisy(seed)
        found = survey(model, seen, Known(bars_of(truth, seed)), ties=TIES)
        off += [abs(t.found_mm - t.known_mm) / t.sigma_mm for t in found.told if t.use == "check"]
        scales.append(_size(found, truth))
        assert 0.15 < found.noise_px[0] < 0.25 and found.noise_px[1] < 0.08
        assert 0.00003 < found.scale_sigma < 0.0003 and found.photos["4x4_50:1"] >= 15
    assert np.mean(np.array(off) < 2) >= 0.85
    assert np.abs(np.array(scales) - 1).max() < 0.0002


def _size(found: Survey, truth: dict[str, np.ndarray]) -> float:
    """Of the four markers together, against the truth."""
    mine = found.network.points[-4:]
    true = np.array([truth[k] for k in "0123"])
    return float(np.linalg.norm(mine - mine.mean(0)) / np.linalg.norm(true - true.mean(0)))


def test_the_model_comes_back_in_metres(truth: dict[str, np.ndarray], tmp_path: Path) -> None:
    model, seen = noisy(1)
    found = survey(model, seen, Known(bars_of(truth, 1)), ties=TIES)
    moved = adjusted_model(model, found.network)
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
    found = survey(model, seen, Known(points=tuple(known)), ties=TIES)
    check = [t for t in found.told if t.use == "check"]
    assert len(check) == 3 and max(abs(t.found_mm - t.known_mm) for t in check) < 0.5


def test_what_contradicts_is_said(truth: dict[str, np.ndarray]) -> None:
    model, seen = noisy(3)
    good = bars_of(truth, 3)
    for factor, word in ((1000.0, "metres for millimetres"), (25.4, "inches"), (1 / 25.4, "inches")):
        third = Bar("1", "3", 1000 * float(np.linalg.norm(truth["1"] - truth["3"])) * factor, 0.05)
        with pytest.raises(InputError, match=word):
            survey(model, seen, Known((*good[:2], third)), ties=TIES)
    wrong = replace(good[1], length_mm=good[1].length_mm + 3)
    with pytest.raises(InputError, match=r"times its sigma\); measure it again"):
        survey(model, seen, Known((good[0], wrong, replace(good[2], use="control"))), ties=TIES)
    with pytest.raises(InputError, match="Marker 9 is in no photo"):
        survey(model, seen, Known((Bar("0", "9", 100),)), ties=TIES)
    one = {name: shots if k < 1 else [] for k, (name, shots) in enumerate(seen.items())}
    with pytest.raises(InputError, match="fewer than 2"):
        survey(model, one, Known(good[:1]), ties=TIES)


def test_control_far_from_the_origin_loses_nothing(truth: dict[str, np.ndarray]) -> None:
    """As maps have it: half a million metres east, four million north."""
    model, seen = noisy(2)
    east = np.array([500_000.0, 4_000_000.0, 1100.0])
    points = []
    for name in "0123":
        x, y, z = (1000 * (truth[name] + east)).tolist()
        points.append(KnownPoint(name, (x, y, z), (0.1, 0.1, 0.1), "check" if name == "3" else "control"))
    found = survey(model, seen, Known(points=tuple(points)), ties=TIES)
    assert np.abs(found.origin - east).max() < 10
    assert np.abs(found.network.points[-4:]).max() < 10
    check = [t for t in found.told if t.use == "check"]
    assert len(check) == 3 and max(abs(t.found_mm - t.known_mm) for t in check) < 0.5


def test_points_clicked_in_photos_serve_where_there_are_no_markers(truth: dict[str, np.ndarray]) -> None:
    """Clicked to a pixel in four photos each: the scale to a third of a percent, and said so."""
    off = []
    for seed in range(3):
        model, seen = noisy(seed)
        rng = np.random.default_rng(seed)
        clicks = [
            Click("abcd"[s.number], photo, tuple((s.centre + rng.normal(0, 1, 2)).tolist()))
            for number in range(4)
            for photo, s in [(p, s) for p in sorted(seen) for s in seen[p] if s.number == number][::4]
        ]
        names = {"0": "a", "1": "b", "2": "c", "3": "d"}
        bars = tuple(replace(b, first=names[b.first], second=names[b.second]) for b in bars_of(truth, seed))
        found = survey(model, {}, Known(bars, clicks=tuple(clicks)), ties=TIES)
        assert 0.0005 < found.scale_sigma < 0.004 and found.noise_px[2] >= 1
        off += [(_size(found, truth) - 1) / found.scale_sigma]
        off += [(t.found_mm - t.known_mm) / t.sigma_mm for t in found.told if t.use == "check"]
    assert np.mean(np.abs(off) < 2) >= 0.85
    with pytest.raises(InputError, match="none of the photos"):
        survey(
            model,
            {},
            Known(bars, clicks=(*clicks[:-1], replace(clicks[-1], photo="elsewhere.jpg"))),
            ties=TIES,
        )


def test_what_does_not_hold_together_is_only_rescaled_and_says_so(truth: dict[str, np.ndarray]) -> None:
    """A photo given twice: points that only these two see have no place."""
    model, seen = noisy(1)
    first = sorted(model.reg_image_ids())[0]
    old = model.images[first]
    copy = pycolmap.Image(name="again.jpg", camera_id=old.camera_id, image_id=9999)
    copy.points2D = pycolmap.Point2DList([pycolmap.Point2D(old.points2D[k].xy) for k in range(3)])
    model.add_image_with_trivial_frame(copy, old.cam_from_world())
    track = pycolmap.Track([pycolmap.TrackElement(9999, 0)])
    model.images[first].points2D.append(pycolmap.Point2D(model.images[9999].points2D[0].xy))
    track.add_element(first, len(model.images[first].points2D) - 1)
    model.add_point3D(old.projection_center() + old.viewing_direction(), track)
    found = survey(model, seen, Known(bars_of(truth, 1)), ties=100_000)
    assert not found.in_bundle and found.redundancy == 0
    assert abs(_size(found, truth) - 1) < 3 * found.scale_sigma < 0.02
    one = survey(model, seen, Known(bars_of(truth, 1)[:1]), ties=100_000)  # fits itself: what is unsure is the marker
    assert not one.in_bundle and one.scale_sigma > 0.05 / one.told[0].known_mm
    names = [KnownPoint(n, tuple((1000 * truth[n]).tolist()), (0.5, 0.5, 0.5)) for n in "0123"]
    control = survey(model, seen, Known(points=tuple(names)), ties=100_000)
    assert not control.in_bundle and len(control.told) == 12 and 0.0005 < control.scale_sigma < 0.005
    assert abs(_size(control, truth) - 1) < 3 * control.scale_sigma
    facts = {"scale_sigma": found.scale_sigma, "in_bundle": False, "ruler_mm": None}
    assert "only brought to their size" in sentences(facts)[0]


def test_markers_on_the_floor_say_what_is_up(truth: dict[str, np.ndarray]) -> None:
    model, seen = noisy(0, scale=1.0)
    placed = markers_in(model, seen)
    assert {k: np.round(np.array(v) - [1, 2, 3], 3).tolist() for k, v in placed.items()} == {
        f"4x4_50:{k}": pytest.approx(np.round(xyz, 3).tolist(), abs=0.0011) for k, xyz in truth.items()
    }
    leaning = np.array([0.0, np.sin(0.3), np.cos(0.3)])
    facts = {"control": False, "placed": placed}
    up = up_by_targets(facts, leaning, must=False)
    assert up is not None and np.degrees(np.arccos(up[2])) < 0.3
    assert up_by_targets(facts, np.array([1.0, 0.0, 0.0]), must=False) is None  # markers on a wall
    few = {"control": False, "placed": dict(list(placed.items())[:3])}
    assert up_by_targets(few, leaning, must=False) is None
    with pytest.raises(InputError, match="only 3 markers"):
        up_by_targets(few, leaning, must=True)
    heap = {k: [*v[:2], v[2] + 0.1 * n] for n, (k, v) in enumerate(placed.items())}
    with pytest.raises(InputError, match="one plane"):
        up_by_targets({"control": False, "placed": heap | {"4x4_50:9": [0.0, 0.0, 0.4]}}, leaning, must=True)


def test_the_sheets_ruler_tells_a_print_of_the_wrong_size() -> None:
    """Bars measured one by one, and a sheet that came out at 97 %."""
    placed = {"4x4_50:48": [0.0, 0.0, 0.0], "4x4_50:49": [0.097, 0.0, 0.0], "4x4_50:0": [0.0, 0.1, 0.0],
              "4x4_50:1": [0.194, 0.1, 0.0]}  # fmt: skip
    assert _ruler_mm(placed) == pytest.approx(97)
    facts = {"scale_sigma": 1e-4, "in_bundle": True, "ruler_mm": 97.0}
    assert "printed at 97.0 %" in sentences(facts)[0]
    assert not sentences(facts | {"ruler_mm": 100.2})
    assert "0-1 200.0 mm" in _by_ruler(placed, Known((Bar("0", "1", 200.0),)))
    assert _ruler_mm({"4x4_50:0": [0, 0, 0]}) is None
