"""A lens that no formula follows: its grid is found by what tie points held back say, carried, and taken out of photos."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sculpt3d.errors import UnreadableFile
from sculpt3d.metric.pixels import clicks_by_formula, seen_by_formula
from sculpt3d.metric.tables import Click, Known
from sculpt3d.metric.targets import Sighting
from sculpt3d.models.residual_grid import NAME, ResidualGrid, copy_grids, read_grids, write_grids
from sculpt3d.sfm._colmap import pycolmap
from sculpt3d.sfm.distortion import eligible, find_distortion
from sculpt3d.sfm.ripples import find_ripples
from sculpt3d.sfm.undistort import undistort
from tests.networks import SIZE, bundle, lens


def _wave(amplitude: float, periods: float) -> Any:
    """Shifts (N, 2) by place, as a software correction in blocks leaves them."""

    def moved(photo: int, local: np.ndarray, uv: np.ndarray) -> np.ndarray:
        x, y = 2 * np.pi * periods * uv.T / SIZE[0]
        return amplitude * np.stack([np.sin(x + 1) * np.cos(0.7 * y), np.cos(0.8 * x) * np.sin(y + 0.5)], 1)

    return moved


def _places(margin: int = 300) -> np.ndarray:
    x, y = np.meshgrid(np.linspace(margin, SIZE[0] - margin, 15), np.linspace(margin, SIZE[1] - margin, 15))
    return np.stack([x.ravel(), y.ravel()], 1)


def test_a_pattern_that_no_formula_follows_is_found_and_what_is_left_is_the_noise() -> None:
    model = bundle([lens("SIMPLE_RADIAL", -0.05)], moved=_wave(0.5, 3), noise_px=0.2)
    found, grids, (told,) = find_ripples(model, eligible(model))
    noise = (
        0.2 * np.sqrt(2 * np.log(2)) * np.sqrt(1 + 3 / 13)
    )  # median length, and what the held-back point's own place adds
    assert told.photos == 16 and told.before_px > 0.33 and told.after_px < 1.05 * noise
    at = _places()
    shape = np.linalg.norm(grids[1].at(at), axis=1)
    assert 0.2 < np.sqrt((shape**2).mean()) < 0.6
    assert np.abs(grids[1].by_formula(grids[1].own(at)) - at).max() < 1e-6
    assert found.compute_mean_reprojection_error() < 0.75 * model.compute_mean_reprojection_error()


@pytest.mark.parametrize("true", [lens("SIMPLE_RADIAL", -0.05), lens("OPENCV", -0.12, 0.1, 0.004, -0.003)])
def test_a_lens_that_a_formula_follows_has_no_grid(true: Any) -> None:
    model = bundle([true])
    ours = eligible(model)
    best, _ = find_distortion(model)
    assert find_ripples(best, ours) == (best, {}, ())


def _grid(seed: int = 0, size: tuple[int, int] = (160, 120), height: float = 0.4) -> ResidualGrid:
    return ResidualGrid(np.random.default_rng(seed).uniform(-height, height, (6, 7, 2)), size)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.floats(-20, 180), st.floats(-20, 140))
def test_there_and_back_is_the_same_place(seed: int, x: float, y: float) -> None:
    grid, at = _grid(seed), np.array([[x, y]])
    assert np.abs(grid.own(grid.by_formula(at)) - at).max() < 1e-6
    assert np.abs(grid.at(at)).max() <= 0.4 + 1e-12  # splines stay within their coefficients


def _model(folder: Path, size: tuple[int, int], params: list[float]) -> None:
    model = pycolmap.Reconstruction()
    camera = pycolmap.Camera(model="SIMPLE_RADIAL", width=size[0], height=size[1], params=params, camera_id=1)
    model.add_camera_with_trivial_rig(camera)
    for k in range(2):
        image = pycolmap.Image(name=f"{k}.png", camera_id=1, image_id=k + 1)
        model.add_image_with_trivial_frame(
            image, pycolmap.Rigid3d(pycolmap.Rotation3d(), np.array([0.1 * k, 0, 0]))
        )
    folder.mkdir()
    model.write(str(folder))


def test_photos_are_straightened_by_the_grid(tmp_path: Path) -> None:
    size, grid = (160, 120), _grid(3, height=2.0)
    _model(tmp_path / "sparse", size, [200.0, 80.0, 60.0, 0.0])
    (tmp_path / "images").mkdir()
    x, y = np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5)
    seen = np.stack([x.ravel(), y.ravel()], 1)

    def drawn(at: np.ndarray) -> np.ndarray:
        return (128 + 100 * np.sin(at[:, 0] / 7) * np.sin(at[:, 1] / 9)).reshape(y.shape)

    photo = np.round(drawn(grid.by_formula(seen))).astype(np.uint8)
    for k in range(2):
        Image.fromarray(np.dstack([photo] * 3)).save(tmp_path / "images" / f"{k}.png")
    errors = {}
    for name in ("without", "with"):
        undistort(tmp_path / "sparse", tmp_path / "images", tmp_path / name)
        flat = np.asarray(Image.open(tmp_path / name / "images" / "0.png").convert("L"), float)
        errors[name] = np.abs(flat - drawn(seen))[4:-4, 4:-4].max()
        assert not (tmp_path / name / "sparse" / NAME).exists()  # straight photos leave nothing
        write_grids(tmp_path / "sparse", {1: grid})
    assert errors["without"] > 12 and errors["with"] < 2


def test_markers_and_clicks_come_as_the_formula_has_them(tmp_path: Path) -> None:
    grid = _grid(5, height=2.0)
    _model(tmp_path / "sparse", (160, 120), [200.0, 80.0, 60.0, 0.0])
    model = pycolmap.Reconstruction(str(tmp_path / "sparse"))
    true = np.array([[40.0, 30], [60, 30], [60, 50], [40, 50], [50, 40]])
    own = grid.own(true)
    seen = {
        "0.png": [Sighting("ring_64", 3, own[:-1], own[-1])],
        "not placed.png": [Sighting("ring_64", 4, own[:-1], own[-1])],
    }
    moved = seen_by_formula(model, {1: grid}, seen)
    assert np.abs(moved["0.png"][0].corners - true[:-1]).max() < 1e-6
    assert np.abs(moved["0.png"][0].centre - true[-1]).max() < 1e-6
    assert moved["not placed.png"][0] is seen["not placed.png"][0]
    known = Known(clicks=(Click("tip", "0.png", (float(own[0, 0]), float(own[0, 1]))),))
    assert np.abs(np.array(clicks_by_formula(model, {1: grid}, known).clicks[0].xy) - true[0]).max() < 1e-6


def test_the_file_beside_the_model_is_carried_and_a_strangers_is_bounded(tmp_path: Path) -> None:
    _model(tmp_path / "sparse", (160, 120), [200.0, 80.0, 60.0, 0.0])
    assert read_grids(tmp_path / "sparse") == {}
    write_grids(tmp_path / "sparse", {1: _grid(7)})
    (tmp_path / "other").mkdir()
    copy_grids(tmp_path / "sparse", tmp_path / "other")
    assert (tmp_path / "other" / NAME).read_bytes() == (tmp_path / "sparse" / NAME).read_bytes()
    read = read_grids(tmp_path / "sparse")[1]
    assert (read.shifts == _grid(7).shifts).all() and read.size == (160, 120)
    for wrong in ("{}", "[", '{"cameras": {"1": {"size": [160, 120], "shifts": [[[1, 2]]]}}}', '{"cameras": {"a": 1}}',
                  '{"cameras": {"1": {"size": [160, 120], "shifts": ' + str([[[9e9, 0.0]] * 4] * 4) + "}}}",
                  '{"cameras": {"1": {"size": [160, 120], "shifts": ' + str([[[0.0, 0.0]] * 300] * 4) + "}}}"):  # fmt: skip
        (tmp_path / "sparse" / NAME).write_text(wrong)
        with pytest.raises(UnreadableFile, match="residual grids"):
            read_grids(tmp_path / "sparse")
