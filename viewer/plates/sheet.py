"""Six views at one scale on one sheet, unfolded as a box is: top above the front, the right side to its right."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sculpt3d.errors import InputError
from sculpt3d.models.document import Document
from sculpt3d.types import U8
from viewer.drawing.picture import Drawer, whole
from viewer.plates.scale import MOST_PIXELS, extents, true_to_scale
from viewer.state.commands import State
from viewer.state.sides import SIDES

_CELLS = {"top": (1, 0), "left": (0, 1), "front": (1, 1), "right": (2, 1), "back": (3, 1), "bottom": (1, 2)}


@dataclass(frozen=True)
class Grid:
    """Widths of the four columns and heights of the three rows, each with its gap, in pixels."""

    columns: tuple[int, ...]
    rows: tuple[int, ...]

    @property
    def size(self) -> tuple[int, int]:
        return sum(self.columns), sum(self.rows)


def grid(document: Document, state: State, units_per_px: float, letters: int) -> Grid:
    """At that scale; under each view there is a line for its name. Raises `InputError` where it is too large."""
    wide, high, deep = extents(document, state.camera.towards(0, 0))[1] / units_per_px
    gap = max(8.0, 0.05 * float(max(wide, high, deep)))
    w, d = (int(np.ceil(v + gap)) for v in (wide, deep))
    h, line = int(np.ceil(high + gap)), 2 * letters
    found = Grid((d, w, d, w), (d + line, h + line, d + line))
    if max(found.size) > MOST_PIXELS:
        raise InputError(
            f"At that scale the sheet would be {found.size[0]} x {found.size[1]} pixels, and {MOST_PIXELS} a side is the most; "
            f"take pixels {max(found.size) / MOST_PIXELS:.3g} times as large or more"
        )
    return found


def fitting_sheet(document: Document, state: State, size: tuple[int, int], letters: int) -> float:
    """Units a pixel at which the sheet fits a size, to a thousandth."""
    wide, high, deep = extents(document, state.camera.towards(0, 0))[1]
    low = max(2 * (wide + deep) / size[0], (high + 2 * deep) / size[1]) * 0.9
    tries = low * 1.001 ** np.arange(4000)
    for units in tries:
        columns, rows = _sizes((wide, high, deep), float(units), letters)
        if columns <= size[0] and rows <= size[1]:
            return float(units)
    raise InputError(f"Six views have no room on {size[0]} x {size[1]}; give a larger --size")


def _sizes(box: tuple[float, float, float], units: float, letters: int) -> tuple[int, int]:
    wide, high, deep = (v / units for v in box)
    gap = max(8.0, 0.05 * max(wide, high, deep))
    w, d, h = (int(np.ceil(v + gap)) for v in (wide, deep, high))
    return 2 * (w + d), h + 2 * d + 6 * letters


def draw_sheet(
    draws: Drawer,
    document: Document,
    state: State,
    units_per_px: float,
    letters: int,
    ink: tuple[int, int, int],
    size: tuple[int, int],
) -> U8:
    """(H, W, 3) of that size, the views in its middle; the ground is the state's lower colour."""
    cells = grid(document, state, units_per_px, letters)
    width, height = size
    across, down = (width - cells.size[0]) // 2, (height - cells.size[1]) // 2
    sheet = np.empty((height, width, 3), np.uint8)
    sheet[:] = np.round(np.array(state.sky[0]) * 255)
    names = []
    for side, (column, row) in _CELLS.items():
        room = cells.columns[column], cells.rows[row] - 2 * letters
        camera, _ = true_to_scale(document, state.camera.towards(*SIDES[side]), units_per_px, room)
        left, top = across + sum(cells.columns[:column]), down + sum(cells.rows[:row])
        pixels = whole(draws, replace(state, camera=camera), room)
        sheet[top : top + room[1], left : left + room[0]] = pixels
        names.append((side, left + room[0] // 2, top + room[1] + letters))
    image = Image.fromarray(sheet)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(letters)
    for side, x, y in names:
        pen.text((x, y), side, ink, font, anchor="mm")
    return np.array(image)
