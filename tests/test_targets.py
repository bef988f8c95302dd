"""Printed markers: named right, and their centres where the renderer put them."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sculpt3d.metric.square_fit import edges_of, fit_square
from sculpt3d.metric.targets import FAMILIES, crossing, draw_marker, find_squares

GUTENBERG = Path(__file__).parents[2] / "shared" / "data" / "rendered" / "gutenberg"


def test_centres_of_rendered_targets() -> None:
    """Pixels as COLMAP counts them; OpenCV's own corners scatter by .3."""
    if not GUTENBERG.is_dir():
        pytest.skip("the rendered set with targets is not here")
    true: dict[str, dict[int, tuple[float, float]]] = {}
    for row in csv.DictReader((GUTENBERG / "target_pixels.csv").open()):
        true.setdefault(row["image"], {})[int(row["target"][1:])] = (float(row["x"]), float(row["y"]))
    off = []
    for name, where in true.items():
        grey = cv2.imread(
            str(GUTENBERG / "images" / name), cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION
        )
        for seen in find_squares(grey, ("4x4_50",)):
            assert seen.number in where
            off.append(seen.centre - where[seen.number])
    assert len(off) >= 60
    assert np.abs(np.median(off, axis=0)).max() <= 0.02
    assert np.median(np.linalg.norm(off, axis=1)) <= 0.025
    assert np.linalg.norm(off, axis=1).max() < 0.5


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from(sorted(FAMILIES)), st.booleans(), st.booleans())
def test_any_view_of_a_sheet(seed: int, family: str, invert_light: bool, rounded: bool) -> None:
    """A marker under a random perspective, light and blur: its own number, its corners to a twentieth of a pixel.

    rounded: printed from a picture whose cells are not all equally wide, off by up to .06 px here.
    """
    rng = np.random.default_rng(seed)
    number = int(rng.integers(0, 30))
    cells = cv2.aruco.getPredefinedDictionary(FAMILIES[family]).markerSize + 2
    side = 400 if rounded else 400 // cells * cells
    sheet = np.full((side + 160, side + 160), 235, np.uint8)
    sheet[80:-80, 80:-80] = np.where(draw_marker(family, number, side) > 0, 235, 20)
    corners = 80 + side * np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)
    middle, size, turn = rng.uniform(150, 250, 2), rng.uniform(35, 80), rng.uniform(0, 2 * np.pi)
    c, s = np.cos(turn), np.sin(turn)
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) @ np.array([[c, s], [-s, c]])
    there = middle + size * square * rng.uniform(0.9, 1.1, (4, 1))
    big = 4  # drawn four times as large and averaged, as a lens and sensor would
    map_ = cv2.getPerspectiveTransform(corners.astype(np.float32), (big * there).astype(np.float32))
    edge = np.diag([1, 1, 1.0])
    edge[:2, 2] = -0.5  # warpPerspective counts from pixels' centres
    drawn = cv2.warpPerspective(
        sheet, edge @ map_ @ np.linalg.inv(edge), (400 * big, 400 * big), borderValue=150
    )
    photo = cv2.resize(drawn, (400, 400), interpolation=cv2.INTER_AREA).astype(float)
    shade = np.linspace(0.6, 1, 400) if invert_light else np.ones(400)
    photo = np.clip(
        cv2.GaussianBlur(photo * shade, (0, 0), 0.6) + rng.normal(0, 1.5, photo.shape), 0, 255
    ).astype(np.uint8)
    found = [s for s in find_squares(photo, (family,)) if s.number == number]
    assert len(found) == 1
    assert np.linalg.norm(found[0].corners - there, axis=1).max() < (0.12 if rounded else 0.05)
    assert np.linalg.norm(found[0].centre - crossing(there)) < (0.08 if rounded else 0.02)


def test_a_marker_half_behind_something_keeps_its_place() -> None:
    """A finger over an edge: the places beside it are outvoted; where most of the pattern is gone there is no marker."""
    cells = draw_marker("4x4_50", 7, 6)
    sheet = np.full((200, 200), 230, np.uint8)
    sheet[50:146, 50:146] = np.where(draw_marker("4x4_50", 7, 96) > 0, 230, 25)
    corners = 50 + 96 * np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)
    behind = sheet.copy()
    behind[80:200, 135:200] = 90
    fitted = fit_square(behind, corners + np.array([0.4, -0.3]), edges_of(cells))
    assert fitted is not None and np.abs(fitted - corners).max() < 0.1
    behind[:, 90:] = 90
    assert fit_square(behind, corners, edges_of(cells)) is None
