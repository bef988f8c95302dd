"""The lens model is chosen by what tie points held back say: each true lens is found, and no more than it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from sculpt3d.sfm._colmap import pycolmap
from sculpt3d.sfm.distortion import _sound, find_distortion
from sculpt3d.sfm.shutter import rolling_shutter
from tests.networks import FOCAL, SIZE, bundle, lens

# Three ripples over the picture, as phones leave them: r (1 + 16.7 r2 - 236 r4 + 2779 r6) / (1 + 16.4 r2 - 232 r4 + 2758 r6).
RIPPLE = (16.7111, -235.8261, 0.0, 0.0, 2778.8716, 16.377, -232.4362, 2758.4767)


def _off(model: Any, true: Any, camera_id: int = 1) -> float:
    """Pixels between two lenses where points lie, a turn of the camera apart (largest)."""
    x, y = np.meshgrid(np.linspace(-500, 500, 15), np.linspace(-500, 500, 15))
    grid = np.stack([x.ravel(), y.ravel()], 1)[np.hypot(x, y).ravel() < 500] + np.array(SIZE) / 2
    a, b = (np.asarray(c.cam_from_img(grid)) for c in (true, model.cameras[camera_id]))
    a, b = (np.c_[r, np.ones(len(r))] / np.sqrt((r**2).sum(1) + 1)[:, None] for r in (a, b))
    turn = Rotation.align_vectors(a, b)[0]
    return float(np.linalg.norm(turn.apply(b) - a, axis=1).max() * FOCAL)


@pytest.mark.parametrize(
    ("true", "form"),
    [
        (lens("SIMPLE_RADIAL", -0.05), None),
        (lens("RADIAL", -0.12, 0.25), "RADIAL"),
        (lens("OPENCV", -0.12, 0.1, 0.004, -0.003), "OPENCV"),
        (lens("FULL_OPENCV", *RIPPLE), "FULL_OPENCV"),
        (lens("SIMPLE_RADIAL", -0.1, 24.0, -15.0), "SIMPLE_RADIAL with its axis"),
    ],
)
def test_the_simplest_form_that_explains_the_tie_points(true: Any, form: str | None) -> None:
    model = bundle([true])
    found, bent = find_distortion(model)
    assert [b.form for b in bent] == ([] if form is None else [form])
    if form is None:
        assert found is model
    else:
        assert bent[0].photos == 16 and bent[0].after_px < 0.95 * bent[0].before_px
        assert _off(found, true) < 0.5 * _off(model, true)
        assert found.compute_mean_reprojection_error() < model.compute_mean_reprojection_error()


def test_each_camera_by_itself_and_few_photos_stay_simple() -> None:
    plain, rippled = lens("SIMPLE_RADIAL", -0.05), lens("FULL_OPENCV", *RIPPLE, camera_id=2)
    found, bent = find_distortion(bundle([plain, rippled], count=20))
    assert [(b.photos, b.form) for b in bent] == [(10, "FULL_OPENCV")]
    assert [str(found.cameras[c].model.name) for c in (1, 2)] == ["SIMPLE_RADIAL", "FULL_OPENCV"]
    few = bundle([rippled], count=5)
    assert find_distortion(few) == (few, ())


def test_a_lens_that_folds_or_runs_away_at_the_rim_is_not_taken() -> None:
    simple = lens("SIMPLE_RADIAL", 0.0)
    assert _sound(lens("RADIAL", -0.05, 0.02), simple)
    assert not _sound(lens("RADIAL", 0.0, -2.0), simple)  # turns back before the corner
    assert not _sound(lens("RADIAL", 0.3, 0.3), simple)  # a sixth off at the corner
    assert not _sound(lens("FULL_OPENCV", 0, 0, 0, 0, 0, -3.0, 0, 0), simple)  # a pole inside the picture


def test_a_calibration_that_is_not_ours_is_left_alone() -> None:
    model = bundle([lens("RADIAL", -0.12, 0.25)])
    given = pycolmap.Reconstruction(model)
    params = np.array(given.cameras[1].params)
    params[1] += 3.0
    given.cameras[1].params = params
    assert find_distortion(given) == (given, ())


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("kind", ["turn", "shift"])
def test_lines_read_one_after_the_other_are_named_and_along_which_side(axis: int, kind: str) -> None:
    camera, motion = lens("SIMPLE_RADIAL", -0.05), np.random.default_rng(1).normal(0, 0.005, (16, 3))

    def moved(photo: int, local: np.ndarray, uv: np.ndarray) -> np.ndarray:
        late = uv[:, axis] / SIZE[axis] - 0.5
        way = (
            np.cross(motion[photo], local)
            if kind == "turn"
            else np.tile(2.4 * motion[photo], (len(local), 1))
        )
        return np.asarray(camera.img_from_cam(local + way * late[:, None])) - np.asarray(
            camera.img_from_cam(local)
        )

    found = rolling_shutter(bundle([camera], moved=moved))
    assert found is not None and found.axis == axis and found.photos > 12 and 3 < found.moved_px < 10


def test_what_a_lens_leaves_is_no_rolling_shutter() -> None:
    assert rolling_shutter(bundle([lens("SIMPLE_RADIAL", -0.05)])) is None
    assert rolling_shutter(bundle([lens("FULL_OPENCV", *RIPPLE)])) is None
    assert rolling_shutter(bundle([lens("OPENCV", -0.12, 0.1, 0.004, -0.003)])) is None
