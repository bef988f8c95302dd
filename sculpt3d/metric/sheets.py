"""Sheets to print: markers, scale bars and a turntable mat in exact millimetres, each page with a ruler to check the printer."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sculpt3d.errors import InputError
from sculpt3d.files import write_atomic
from sculpt3d.metric.markers import how_many
from sculpt3d.metric.ring_codes import CODES, DOT, RING, RINGS, SECTORS
from sculpt3d.metric.targets import draw_marker

A4 = (210.0, 297.0)  # mm
MARGIN, GAP, LABEL = 12.0, 4.0, 4.0  # mm
RULER = 100.0  # mm, between the centres of the two markers at its ends
RULER_SIDE = 12.0  # mm
_CELLS = {
    "4x4": 6,
    "5x5": 7,
    "6x6": 8,
    "36h11": 8,
    "36h12": 8,
    "16h5": 6,
    "ring": 10,
}  # across, black border included


@dataclass(frozen=True)
class Sheet:
    """family of the markers; size_mm: side of the black square, or across the black disc; first: number of the first marker;
    count: of loose markers. bar_mm: instead, pairs of markers that far apart; mat_mm: instead, markers on a circle of that
    diameter."""

    family: str = "4x4_50"
    size_mm: float = 20.0
    first: int = 0
    count: int = 24
    bar_mm: float | None = None
    mat_mm: float | None = None


@dataclass(frozen=True)
class Placed:
    """A marker's centre on its page, mm from the lower left."""

    page: int
    number: int
    x: float
    y: float


def ruler_numbers(family: str) -> tuple[int, int]:
    """The family's last two numbers mark the ends of the ruler."""
    return how_many(family) - 2, how_many(family) - 1


def write_sheet(path: Path, sheet: Sheet) -> list[Placed]:
    """A PDF, and for bars a CSV of their nominal lengths beside it. Raises `InputError` where the paper is too small."""
    page, placed = _layout(sheet)
    data = io.BytesIO()
    paper = _paper(data, page)
    for number in range(max(p.page for p in placed) + 1):
        _page(paper, page, sheet, [p for p in placed if p.page == number])
        paper.showPage()
    paper.save()
    write_atomic(path, data.getvalue())
    if sheet.bar_mm is not None:
        rows = [
            f"{a.number},{b.number},{sheet.bar_mm:g},0.5,control"
            for a, b in zip(placed[::2], placed[1::2], strict=True)
        ]
        head = "# as drawn; measure each printed bar and write its own length and sigma\n"
        text = head + "marker1,marker2,distance_mm,sigma_mm,use\n" + "\n".join(rows) + "\n"
        write_atomic(path.with_suffix(".csv"), text.encode())
    return placed


def _layout(sheet: Sheet) -> tuple[tuple[float, float], list[Placed]]:
    """Paper (width, height) in mm and where the markers lie."""
    side = sheet.size_mm * (1 + 2 / _cells(sheet.family))  # with a white rim of one cell
    if not 5 <= sheet.size_mm <= 180:
        raise InputError("Markers are 5 to 180 mm large; give --size-mm in that range")
    last = ruler_numbers(sheet.family)[0]
    if sheet.bar_mm is not None:
        page, found = _bars(sheet, side)
    elif sheet.mat_mm is not None:
        page, found = A4, _mat(sheet, side)
    else:
        page, found = A4, _grid(sheet, side)
    if sheet.first < 0 or max(p.number for p in found) >= last:
        raise InputError(
            f"{sheet.family} has markers 0 to {last - 1} to give; ask for fewer, or take a larger family"
        )
    return page, found


def _grid(sheet: Sheet, side: float) -> list[Placed]:
    across = int((A4[0] - 2 * MARGIN + GAP) // (side + GAP))
    down = int((A4[1] - 2 * MARGIN - _foot() + GAP) // (side + LABEL + GAP))
    if not across or not down:
        raise InputError(f"A marker of {sheet.size_mm:g} mm does not fit A4; give a smaller --size-mm")
    found = []
    for k in range(sheet.count):
        page, place = divmod(k, across * down)
        row, column = divmod(place, across)
        x = MARGIN + side / 2 + column * (side + GAP)
        y = A4[1] - MARGIN - side / 2 - row * (side + LABEL + GAP)
        found.append(Placed(page, sheet.first + k, x, y))
    return found


def _bars(sheet: Sheet, side: float) -> tuple[tuple[float, float], list[Placed]]:
    assert sheet.bar_mm is not None
    long = sheet.bar_mm + side + 2 * MARGIN
    page = A4 if long <= A4[0] else A4[::-1]
    if long > page[0] or sheet.bar_mm < side + 1:
        most = A4[1] - side - 2 * MARGIN
        raise InputError(
            f"Bars of {sheet.size_mm:g} mm markers on A4 are {side + 1:.0f} to {most:.0f} mm long; give another --bar-mm"
        )
    rows = int((page[1] - 2 * MARGIN - _foot() + GAP) // (side + LABEL + GAP))
    found = []
    for k in range(min(rows, max(1, sheet.count // 2))):
        y = page[1] - MARGIN - side / 2 - k * (side + LABEL + GAP)
        for end in range(2):
            found.append(Placed(0, sheet.first + 2 * k + end, MARGIN + side / 2 + end * sheet.bar_mm, y))
    return page, found


def _mat(sheet: Sheet, side: float) -> list[Placed]:
    assert sheet.mat_mm is not None
    radius = sheet.mat_mm / 2
    if 2 * radius + 1.5 * side > A4[0] - 2 * MARGIN or radius < side:
        most = A4[0] - 2 * MARGIN - 1.5 * side
        raise InputError(
            f"On A4 a ring of {sheet.size_mm:g} mm markers is {2 * side:.0f} to {most:.0f} mm wide; give another --mat-mm"
        )
    count = min(sheet.count, int(2 * np.pi * radius // (1.5 * side)))
    middle = (A4[0] / 2, (A4[1] + _foot()) / 2)
    turns = 2 * np.pi * np.arange(count) / count
    return [
        Placed(
            0, sheet.first + k, middle[0] + radius * float(np.sin(a)), middle[1] + radius * float(np.cos(a))
        )
        for k, a in enumerate(turns)
    ]


def _foot() -> float:
    """Height of the ruler's strip."""
    return RULER_SIDE + 14.0


def _cells(family: str) -> int:
    return next(n for name, n in _CELLS.items() if name in family)


def _paper(data: io.BytesIO, page: tuple[float, float]) -> Any:
    from reportlab.lib.units import mm
    from reportlab.pdfgen.canvas import Canvas

    paper = Canvas(data, pagesize=(page[0] * mm, page[1] * mm), invariant=1)
    paper.setTitle("Sculpt3D targets")
    return paper


def _page(paper: Any, page: tuple[float, float], sheet: Sheet, placed: list[Placed]) -> None:
    from reportlab.lib.units import mm

    paper.scale(mm, mm)
    for p in placed:
        _marker(paper, sheet.family, p.number, p.x, p.y, sheet.size_mm)
    if sheet.bar_mm is not None:
        paper.setLineWidth(0.1)
        for a, b in zip(placed[::2], placed[1::2], strict=True):
            rim = sheet.size_mm * (0.5 + 1 / _cells(sheet.family))
            paper.line(a.x + rim, a.y, b.x - rim, b.y)
            paper.setFont("Helvetica", 3)
            paper.drawCentredString(
                (a.x + b.x) / 2,
                a.y + 1,
                f"centre to centre as drawn {sheet.bar_mm:g} mm, measured: ____________ mm",
            )
    _ruler(paper, page, sheet.family)


def _marker(paper: Any, family: str, number: int, x: float, y: float, size: float) -> None:
    """Its cells as filled squares: exact at any printer's resolution."""
    n = _cells(family)
    step = size / n
    paper.setFont("Helvetica", 2.5)
    paper.setFillGray(0)
    paper.drawCentredString(x, y - size / 2 - step - 2.5, f"{family}:{number}")
    if family == RINGS:
        _rings(paper, number, x, y, size / 2)
        return
    cells = draw_marker(family, number, n)
    for row, column in zip(*np.nonzero(cells == 0), strict=True):
        # a hair wider than a cell, so that no white line shows between two
        left, low = x - size / 2 + column * step, y + size / 2 - (row + 1) * step
        wide, high = (step + 0.01 if k + 1 < n else step for k in (column, row))
        paper.rect(left, low - (high - step), wide, high, stroke=0, fill=1)


def _rings(paper: Any, number: int, x: float, y: float, radius: float) -> None:
    """Disc, white sectors, the disc again inside them, and the dot."""
    paper.circle(x, y, radius, stroke=0, fill=1)
    paper.setFillGray(1)
    wide, turn = radius * RING[1], 360 / SECTORS
    white = [k for k in range(SECTORS) if CODES[number] >> k & 1]
    for k in white:
        both = (
            2 if (k + 1) % SECTORS in white else 1
        )  # neighbours in one piece, so that no line shows between them
        paper.wedge(x - wide, y - wide, x + wide, y + wide, k * turn, both * turn, stroke=0, fill=1)
    paper.setFillGray(0)
    paper.circle(x, y, radius * RING[0], stroke=0, fill=1)
    paper.setFillGray(1)
    paper.circle(x, y, radius * DOT, stroke=0, fill=1)
    paper.setFillGray(0)


def _ruler(paper: Any, page: tuple[float, float], family: str) -> None:
    y, left = MARGIN + RULER_SIDE / 2, page[0] / 2 - RULER / 2
    for number, x in zip(ruler_numbers(family), (left, left + RULER), strict=True):
        _marker(paper, family, number, x, y, RULER_SIDE)
    paper.setLineWidth(0.15)
    base = y + RULER_SIDE / 2 + 3
    paper.line(left, base, left + RULER, base)
    for k in range(int(RULER) + 1):
        paper.line(left + k, base, left + k, base + (4 if k % 10 == 0 else 2.5 if k % 5 == 0 else 1.5))
    paper.setFont("Helvetica", 3)
    says = f"From end to end and from marker to marker {RULER:g} mm: print at 100 %, then check with a steel ruler"
    paper.drawCentredString(page[0] / 2, base + 5, says)
