"""A colour bar with its ends, of what the colours of a mode mean."""

from __future__ import annotations

import numpy as np
from imgui_bundle import imgui

from sculpt3d.desk.field import Field, coloured
from viewer.language.library import of_library
from viewer.shell.theme import Theme
from viewer.shell.widgets import code

_STEPS = 32


def draw_legend(field: Field, theme: Theme, scale: float) -> None:
    """As wide as the panel; below it the values at the ends and in the middle."""
    corner, wide = imgui.get_cursor_screen_pos(), imgui.get_content_region_avail().x
    high = 14 * scale
    pen = imgui.get_window_draw_list()
    bar(pen, field, corner.x, corner.y, wide, high)
    imgui.dummy(imgui.ImVec2(wide, high))
    left = imgui.get_cursor_screen_pos()
    for share, at in ((0.0, 0.0), (0.5, 0.5), (1.0, 1.0)):
        text = f"{field.low + share * (field.high - field.low):.3g}"
        text = f"{text} {of_library(field.unit)}".strip() if share == 1.0 else text
        x = left.x + at * (wide - imgui.calc_text_size(text).x)
        pen.add_text(imgui.ImVec2(x, left.y - 3 * scale), code(theme.faint), text)
    imgui.dummy(imgui.ImVec2(wide, imgui.get_font_size()))


def bar(pen: object, field: Field, x: float, y: float, wide: float, high: float) -> None:
    """The colours from the lowest value to the highest."""
    shares = np.arange(_STEPS + 1) / _STEPS
    codes = [code((float(r), float(g), float(b), 1.0)) for r, g, b in coloured(shares, field.colours)]
    for k in range(_STEPS):
        a, b = x + wide * k / _STEPS, x + wide * (k + 1) / _STEPS
        pen.add_rect_filled_multi_color(  # type: ignore[attr-defined]
            imgui.ImVec2(a, y), imgui.ImVec2(b, y + high), codes[k], codes[k + 1], codes[k + 1], codes[k]
        )
