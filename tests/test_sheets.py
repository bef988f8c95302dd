"""Printed sheets: rendered at a known resolution, every marker is found where the sheet says, to a hundredth of a millimetre."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from sculpt3d.errors import InputError
from sculpt3d.metric.markers import find_markers
from sculpt3d.metric.sheets import RULER, Placed, Sheet, ruler_numbers, write_sheet
from sculpt3d.metric.tables import read_bars

DPI = 600


def centres(pdf: Path, family: str) -> dict[int, np.ndarray]:
    """mm from the lower left of the first page."""
    if shutil.which("pdftoppm") is None:
        pytest.skip("pdftoppm (Debian: poppler-utils) is not here to draw the sheet")
    command = ["pdftoppm", "-r", str(DPI), "-gray", "-png", "-f", "1", "-l", "1", pdf, pdf.with_suffix("")]
    subprocess.run(command, check=True)
    page = cv2.imread(str(next(pdf.parent.glob("*.png"))), cv2.IMREAD_GRAYSCALE)
    page = cv2.GaussianBlur(page, (0, 0), 1.0)  # as a lens would
    found = find_markers(page, (family,))
    return {s.number: np.array([s.centre[0], page.shape[0] - s.centre[1]]) * 25.4 / DPI for s in found}


@pytest.mark.parametrize(
    "sheet",
    [
        Sheet(),
        Sheet("apriltag_36h11", 25, 5, 12),
        Sheet(bar_mm=200),
        Sheet("6x6_250", 15, bar_mm=120),
        Sheet(mat_mm=140, count=12),
        Sheet("ring_64", 18, 3, 30),
        Sheet("ring_64", 20, bar_mm=150),
    ],
    ids=["grid", "apriltags", "bars", "short bars", "mat", "rings", "ring bars"],
)
def test_what_is_printed_is_where_it_is_said_to_be(tmp_path: Path, sheet: Sheet) -> None:
    placed = [p for p in write_sheet(tmp_path / "sheet.pdf", sheet) if p.page == 0]
    found = centres(tmp_path / "sheet.pdf", sheet.family)
    a, b = ruler_numbers(sheet.family)
    assert np.linalg.norm(found[a] - found[b]) == pytest.approx(RULER, abs=0.02)
    assert set(found) == {p.number for p in placed} | {a, b}
    meant = {p.number: np.array([p.x, p.y]) for p in placed}
    shift = found[placed[0].number] - meant[placed[0].number]
    assert np.abs(shift).max() < 25.4 / DPI  # the page itself is rounded to whole pixels
    for number, place in meant.items():
        assert found[number] - shift == pytest.approx(place, abs=0.03)
    if sheet.bar_mm is not None:
        bars = read_bars(tmp_path / "sheet.csv")
        assert [b.length_mm for b in bars] == [sheet.bar_mm] * (len(placed) // 2)
        for bar in bars:
            assert np.linalg.norm(found[int(bar.first)] - found[int(bar.second)]) == pytest.approx(
                sheet.bar_mm, abs=0.02
            )


def test_the_same_sheet_is_the_same_file(tmp_path: Path) -> None:
    first, again = (
        write_sheet(tmp_path / n, Sheet()) and (tmp_path / n).read_bytes() for n in ("a.pdf", "b.pdf")
    )
    assert first == again


@pytest.mark.parametrize(
    "sheet", [Sheet(size_mm=200), Sheet(count=60), Sheet(bar_mm=400), Sheet(mat_mm=500), Sheet(first=49)]
)
def test_what_does_not_fit_is_refused(tmp_path: Path, sheet: Sheet) -> None:
    with pytest.raises(InputError):
        write_sheet(tmp_path / "no.pdf", sheet)
    assert not list(tmp_path.iterdir())


def test_many_markers_take_several_pages(tmp_path: Path) -> None:
    placed: list[Placed] = write_sheet(tmp_path / "many.pdf", Sheet("6x6_250", 40, count=40))
    assert max(p.page for p in placed) >= 2
    assert [p.number for p in placed] == list(range(40))
