"""What the report says of the cameras' network, on networks whose faults are known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipelines.network_words import lens_pictures, network_facts, network_lines
from sculpt3d.metric.adjust import lens_covariances
from sculpt3d.metric.quality import GRID, Photo, Quality, network_quality, residual_map
from sculpt3d.metric.reconstruction import network_of
from tests.networks import SIZE, bundle, lens


def lines_of(quality: Quality) -> list[str]:
    return network_lines({"network": network_facts(quality, {})})


@pytest.fixture(scope="module")
def sound() -> Any:
    return bundle([lens("SIMPLE_RADIAL", 0.02)], noise_px=0.3)


def test_a_sound_network_is_told_nothing(sound: Any) -> None:
    quality = network_quality(sound)
    assert lines_of(quality) == []
    assert len(quality.lenses) == 1
    assert quality.lenses[0].rms_px == pytest.approx(0.3 * 2**0.5, rel=0.1)
    assert quality.lenses[0].pattern_px < 0.03
    assert 0 < (quality.lenses[0].focal_sigma or 0) < 0.001
    assert not quality.doming and not quality.suspicious


def test_the_map_shows_what_the_lens_leaves() -> None:
    """Half a pixel to the right in the picture's left third, noise elsewhere: both are in the map, noise is no pattern."""
    rng = np.random.default_rng(0)
    uv = rng.uniform(0, 1, (40_000, 2)) * SIZE
    noise = rng.normal(0, 0.5, (40_000, 2))
    clean = residual_map(uv, noise, *SIZE)
    assert clean[1] < 0.02
    shifted = noise + np.where(uv[:, :1] < SIZE[0] / 3, [0.5, 0.0], 0.0)
    grid, pattern = residual_map(uv, shifted, *SIZE)
    assert grid.shape == (*GRID, 2)
    assert grid[:, :4, 0] == pytest.approx(0.5, abs=0.12)
    assert grid[:, 4:] == pytest.approx(0.0, abs=0.12)
    assert pattern == pytest.approx(0.5 / 3**0.5, abs=0.03)


def test_cells_without_residuals_stay_empty() -> None:
    grid, pattern = residual_map(np.zeros((20, 2)), np.ones((20, 2)), 100, 200)
    assert grid.shape == (*GRID[::-1], 2)
    assert np.isfinite(grid[..., 0]).sum() == 1
    assert pattern == pytest.approx(2**0.5)
    assert residual_map(np.zeros((0, 2)), np.zeros((0, 2)), 10, 10)[1] == 0


def test_a_pattern_is_named_with_its_camera(sound: Any) -> None:
    quality = network_quality(sound)
    bent = replace(quality, lenses=(quality.lenses[0], replace(quality.lenses[0], pattern_px=0.4)))
    said = " ".join(lines_of(bent))
    assert "Camera 2 leaves a pattern of 0.40 px" in said
    captions = [words for words, _ in lens_pictures(bent)]
    assert len(captions) == 2 and "arrows x" in captions[0]


def test_sigmas_of_a_lens_follow_the_noise() -> None:
    """Twice the noise, twice the sigma; and the true focal length lies within four of them."""
    sigmas = []
    for noise in (0.2, 0.4):
        model = bundle([lens("SIMPLE_RADIAL", 0.02)], noise_px=noise, seed=3)
        covariance = lens_covariances(network_of(model, 2000))[0]
        sigmas.append(float(np.sqrt(covariance[0, 0])))
        camera = next(iter(model.cameras.values()))
        assert abs(camera.params[0] - 1300.0) < 4 * sigmas[-1] + 0.5
    assert sigmas[1] == pytest.approx(2 * sigmas[0], rel=0.15)


def test_parallel_cameras_may_dome_and_turned_ones_less() -> None:
    quality = Quality((), (), (), 0.0, 4.0, False)
    assert "camera on its side" in " ".join(lines_of(quality))
    assert "on its side" not in " ".join(lines_of(replace(quality, turned=True)))
    assert lines_of(replace(quality, axis_spread_deg=30.0)) == []


def test_photos_that_hang_by_a_thread_are_named() -> None:
    weak = Photo("IMG_7.jpg", 9, 1.4, 20.0)
    said = lines_of(Quality((), (weak,), (), 0.0, 60.0, True))
    assert said[0].startswith("IMG_7.jpg hangs on few tie points or fits badly: leave it out")
    narrow = tuple(Photo(f"{k}.jpg", 500, 0.3, 1.0) for k in range(5))
    assert "0.jpg, 1.jpg, 2.jpg and 2 more photos" in lines_of(Quality((), (), narrow, 0.1, 60.0, True))[0]
    assert "step sideways" in lines_of(Quality((), (), narrow, 0.6, 60.0, True))[0]


def test_a_photo_that_lost_its_points_is_found(sound: Any) -> None:
    from sculpt3d.sfm._colmap import pycolmap

    model = pycolmap.Reconstruction(sound)
    image = model.images[sorted(model.reg_image_ids())[3]]
    seen = [k for k, p in enumerate(image.points2D) if p.has_point3D()]
    for k in seen[: int(len(seen) * 0.95)]:
        model.delete_observation(image.image_id, k)
    assert [p.name for p in network_quality(model).suspicious] == [image.name]
