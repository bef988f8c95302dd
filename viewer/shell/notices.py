"""What is told, as cards over the picture, each to be closed."""

from __future__ import annotations

from imgui_bundle import imgui

from viewer.language import _
from viewer.language.library import of_library
from viewer.shell import signs
from viewer.shell import widgets as w
from viewer.shell.places import Box
from viewer.shell.theme import Rgba, Theme
from viewer.shell.told import Notice

_MOST = 4  # shown at once; the others wait


def draw_notices(
    notices: tuple[Notice, ...], busy: tuple[str, ...], box: Box, theme: Theme, scale: float
) -> int | None:
    """Above the lower edge of `box`; the place of one that was closed, else None."""
    closed = None
    wide = min(460 * scale, box.width - 24 * scale)
    foot = box.top + box.height - 12 * scale
    x = box.left + 12 * scale
    for k, text in enumerate(busy):
        foot -= _card(f"busy{k}", signs.WAIT, theme.chosen, of_library(text), x, foot, 0, theme, scale, False)[1]
    for k in reversed(range(max(0, len(notices) - _MOST), len(notices))):
        sign, colour = {
            "wrong": (signs.WRONG, theme.wrong), "note": (signs.NOTE, theme.warn), "done": (signs.DONE, theme.chosen)
        }[notices[k].kind]  # fmt: skip
        clicked, high = _card(f"notice{k}", sign, colour, of_library(notices[k].text), x, foot, wide, theme, scale, True)
        closed = k if clicked else closed
        foot -= high
    return closed


def _card(
    name: str, sign: str, colour: Rgba, text: str, x: float, foot: float, wide: float, theme: Theme, scale: float, closes: bool
) -> tuple[bool, float]:
    """Whether it was closed, and how high it is with the gap above it."""
    imgui.set_next_window_pos(imgui.ImVec2(x, foot), pivot=imgui.ImVec2(0, 1))
    imgui.set_next_window_size(imgui.ImVec2(wide, 0))
    flags = imgui.WindowFlags_
    how = flags.no_decoration | flags.no_move | flags.no_saved_settings | flags.no_focus_on_appearing | flags.no_nav
    imgui.push_style_var(imgui.StyleVar_.window_rounding, 6 * scale)
    imgui.push_style_var(imgui.StyleVar_.window_border_size, 1.0)
    imgui.begin(f"###{name}", None, how | (0 if wide else flags.always_auto_resize))
    imgui.text_colored(imgui.ImVec4(*colour), sign)
    imgui.same_line(0, 10 * scale)
    clicked = False
    if closes:
        room = imgui.get_content_region_avail().x - 26 * scale
        imgui.begin_group()
        imgui.push_text_wrap_pos(imgui.get_cursor_pos_x() + room)
        imgui.text_unformatted(text)
        imgui.pop_text_wrap_pos()
        imgui.end_group()
        imgui.same_line(imgui.get_window_width() - 32 * scale)
        with w.coloured(button=(0, 0, 0, 0), border=(0, 0, 0, 0), text=theme.faint):
            clicked = imgui.small_button(f"{signs.CLOSE}###close")
        w.tip(_("I have read it"))
    else:
        imgui.text_unformatted(text)
    high = imgui.get_window_height() + 8 * scale
    imgui.end()
    imgui.pop_style_var(2)
    return clicked, high
