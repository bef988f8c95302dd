"""Every row of the table of small inputs that came out wrong, in every command that shows or measures models."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sculpt3d.colour import linear
from sculpt3d.compare.evaluate import evaluate
from sculpt3d.models.document import Document
from sculpt3d.types import U8
from tests.cases_table import CASES, FAR, TABLE, Case, spots
from tests.pictures import WAYS, ssim
from viewer.app import view
from viewer.drawing.picture import framed
from viewer.files.loading import load
from viewer.state.commands import State
from viewer.state.sides import SIDES

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason=f"{CASES} is not here")
SIZE = (160, 160)
MAGENTA = ((1.0, 0.0, 1.0), (1.0, 0.0, 1.0))
every = pytest.mark.parametrize("case", TABLE, ids=lambda c: c.file)
coloured = pytest.mark.parametrize("case", [c for c in TABLE if c.looks], ids=lambda c: c.file)


def from_side(document: Document, side: str) -> State:
    return replace(framed(document, SIZE, SIDES[side]), mode="plain", sky=MAGENTA)


def seen(pixels: U8, state: State, xyz: np.ndarray) -> np.ndarray:
    """(N, 3) colours where points (N, 3) in the document's local coordinates fall."""
    height, width = pixels.shape[:2]
    clip = np.c_[xyz, np.ones(len(xyz))] @ (state.camera.projection(width, height) @ state.camera.view()).T
    column = (clip[:, 0] / clip[:, 3] + 1) / 2 * width
    row = (1 - clip[:, 1] / clip[:, 3]) / 2 * height
    return pixels[row.astype(int), column.astype(int)].astype(int)


@every
def test_the_document_holds_all_of_it(case: Case) -> None:
    document = load(CASES / case.file)
    assert sum(len(p.faces) for p in document.parts) == case.triangles
    xyz = document.points().astype(np.float64) + document.offset
    assert np.ptp(xyz, axis=0) == pytest.approx(case.size_m, abs=1e-5 if case.file != "utm.obj" else 1.1e-4)
    assert any(p.material.texture is not None for p in document.parts) == case.textured
    assert document.offset.any() == case.far
    if case.far:
        assert any("local" in note for note in document.notes)
        assert (xyz.min(0) + xyz.max(0)) / 2 == pytest.approx([FAR[0], FAR[1] + 0.2, FAR[2]], abs=1e-4)


@coloured
@pytest.mark.parametrize("way", WAYS)
def test_every_side_has_its_colours(case: Case, way: str) -> None:
    document = load(CASES / case.file)
    for side, quarters in case.looks.items():
        state = from_side(document, side)
        found = seen(WAYS[way](document, state, SIZE), state, spots(side) - document.offset)
        wanted = [(255, 0, 255) if colour is None else colour for colour in quarters]
        assert np.abs(found - wanted).max() <= 2, (side, found.tolist())


@coloured
def test_view_shows_the_same_colours_under_light(case: Case, tmp_path: Path) -> None:
    """Light makes a colour brighter or darker, and no other."""
    view(CASES / case.file, tmp_path / "a.png", SIZE)
    document = load(CASES / case.file)
    found = seen(np.asarray(Image.open(tmp_path / "a.png")), framed(document, SIZE), spots("front"))
    light, wanted = linear(found.astype(np.uint8)), linear(np.array(case.looks["front"], np.uint8))
    light, wanted = (c / c.max(1, keepdims=True) for c in (light, wanted))
    assert np.abs(light - wanted).max() < 0.02


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("one", "other", "mode"), [
    ("local.ply", "utm.ply", "textured"),
    ("stray.ply", "utm.obj", "textured"),
    ("local.ply", "stray.ply", "clay"),
    ("local.ply", "split.ply", "clay"),
    ("floatcol.ply", "le_crlf.ply", "textured"),
    ("floatcol.ply", "le_mixed.ply", "textured"),
    ("floatcol.ply", "vcol.obj", "textured"),
    ("ref.glb", "strip.glb", "clay"),
    ("ref.glb", "uv1.glb", "textured"),
    ("st.ply", "back.obj", "textured"),
])  # fmt: skip
def test_the_same_thing_in_two_files_gives_the_same_picture(
    way: str, one: str, other: str, mode: str
) -> None:
    pictures = []
    for name in (one, other):
        document = load(CASES / name)
        pictures.append(WAYS[way](document, replace(framed(document, SIZE), mode=mode), SIZE))
    assert ssim(*pictures) > 0.995


@pytest.mark.parametrize("case", [c for c in TABLE if c.looks], ids=lambda c: c.file)
def test_evaluate_measures_the_block(case: Case) -> None:
    """Every block is the first one's shape; the figures are of 400,000 samples, in millimetres."""
    found = evaluate(CASES / case.file, CASES / "ref.glb", (0.1,))
    assert found.accuracy_mm.max < 0.01
    assert found.completeness_mm.max < 0.01
    assert found.scores[0].f == 1


@pytest.mark.parametrize(("model", "truth"), [
    ("utm.ply", "utm.ply"), ("utm.obj", "utm.ply"), ("split.ply", "stray.ply"), ("stray.ply", "local.ply"),
])  # fmt: skip
def test_evaluate_measures_the_statue(model: str, truth: str) -> None:
    found = evaluate(CASES / model, CASES / truth, (0.1,))
    assert found.accuracy_mm.max < (0.1 if model == "utm.obj" else 0.01)  # it has four decimals of a metre
    assert np.array(found.truth_from_model) == pytest.approx(np.eye(4), abs=1e-9)


def test_evaluate_takes_the_difference_of_offsets_into_the_transform() -> None:
    found = evaluate(CASES / "utm.ply", CASES / "local.ply", (0.1,), align="rigid")
    assert found.accuracy_mm.p90 < 0.01
    corner = np.array([*FAR, 1.0])
    assert np.array(found.truth_from_model) @ corner == pytest.approx([0, 0, 0, 1], abs=1e-4)
