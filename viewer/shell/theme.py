"""Two calm themes: neutral greys, for colours are judged beside them, and one blue for what is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from imgui_bundle import imgui

Rgba = tuple[float, float, float, float]


def _code(text: str, alpha: float = 1.0) -> Rgba:
    r, g, b = (int(text[k : k + 2], 16) / 255 for k in (0, 2, 4))
    return r, g, b, alpha


@dataclass(frozen=True)
class Theme:
    """ground: of panels; field: of what is filled in; edge: between things; ink, faint: words; chosen: what is on; on_chosen:
    words on it; good, warn, wrong: what is told."""

    name: str
    ground: Rgba
    field: Rgba
    field_over: Rgba
    edge: Rgba
    ink: Rgba
    faint: Rgba
    chosen: Rgba
    on_chosen: Rgba
    warn: Rgba
    wrong: Rgba


DARK = Theme(
    "dark", _code("222326"), _code("303236"), _code("3b3e43"), _code("3a3c40"), _code("e8e8e6"), _code("9fa2a6"),
    _code("4a8ec2"), _code("ffffff"), _code("e0b050"), _code("e07a5f"),
)  # fmt: skip
LIGHT = Theme(
    "light", _code("f3f3f1"), _code("ffffff"), _code("e6e8ea"), _code("d2d3d1"), _code("202226"), _code("65696f"),
    _code("2b6ca3"), _code("ffffff"), _code("96650a"), _code("b23a1e"),
)  # fmt: skip
THEMES = {t.name: t for t in (DARK, LIGHT)}


def wear(theme: Theme, scale: float) -> None:
    """The theme and sizes of the current context; scale: pixels of the window's units a pixel at 96 dots an inch."""
    style = imgui.Style()
    style.font_size_base, style.font_scale_dpi = 15.0, scale
    for name, value in _SIZES.items():
        setattr(style, name, imgui.ImVec2(*value) if isinstance(value, tuple) else value)
    for name, colour in _colours(theme).items():
        style.set_color_(getattr(imgui.Col_, name), imgui.ImVec4(*colour))
    style.scale_all_sizes(scale)
    _take(style)


_SIZES: dict[str, Any] = {
    "window_padding": (12.0, 10.0), "frame_padding": (8.0, 5.0), "item_spacing": (8.0, 7.0), "item_inner_spacing": (6.0, 5.0),
    "window_rounding": 0.0, "child_rounding": 4.0, "frame_rounding": 4.0, "popup_rounding": 5.0, "grab_rounding": 4.0,
    "tab_rounding": 4.0, "scrollbar_rounding": 6.0, "scrollbar_size": 11.0, "grab_min_size": 11.0, "window_border_size": 0.0,
    "frame_border_size": 1.0, "popup_border_size": 1.0, "child_border_size": 1.0, "indent_spacing": 14.0,
    "separator_text_border_size": 1.0, "tab_bar_border_size": 0.0, "disabled_alpha": 0.45, "cell_padding": (6.0, 4.0),
}  # fmt: skip


def _colours(t: Theme) -> dict[str, Rgba]:
    def clear(colour: Rgba, alpha: float) -> Rgba:
        return (*colour[:3], alpha)

    none = (0.0, 0.0, 0.0, 0.0)
    return {
        "text": t.ink, "text_disabled": t.faint, "window_bg": t.ground, "child_bg": none, "popup_bg": t.ground,
        "border": t.edge, "frame_bg": t.field, "frame_bg_hovered": t.field_over, "frame_bg_active": t.field_over,
        "button": t.field, "button_hovered": t.field_over, "button_active": clear(t.chosen, 0.6),
        "header": clear(t.chosen, 0.22), "header_hovered": t.field_over, "header_active": clear(t.chosen, 0.35),
        "check_mark": t.chosen, "checkbox_selected_bg": t.field,
        "slider_grab": t.chosen, "slider_grab_active": t.chosen, "separator": t.edge,
        "separator_hovered": t.chosen, "separator_active": t.chosen, "scrollbar_bg": none, "scrollbar_grab": t.field_over,
        "scrollbar_grab_hovered": t.faint, "scrollbar_grab_active": t.faint, "tab": none, "tab_hovered": t.field_over,
        "tab_selected": t.field, "tab_selected_overline": t.chosen, "text_selected_bg": clear(t.chosen, 0.35),
        "nav_cursor": t.chosen, "modal_window_dim_bg": (0.0, 0.0, 0.0, 0.35), "table_border_light": t.edge,
        "table_border_strong": t.edge, "table_row_bg": none, "table_row_bg_alt": clear(t.field, 0.5), "table_header_bg": t.field,
        "menu_bar_bg": t.ground, "title_bg": t.ground, "title_bg_active": t.ground, "plot_histogram": t.chosen,
        "plot_lines": t.chosen, "input_text_cursor": t.ink, "drag_drop_target": t.chosen,
    }  # fmt: skip


def _take(style: Any) -> None:
    """imgui's own style is changed in place; another object cannot be put there."""
    own = imgui.get_style()
    for name in dir(style):
        value = getattr(style, name)
        if not name.startswith("_") and not callable(value) and name not in {"color_", "hover_flags_for_tooltip_mouse"}:
            setattr(own, name, value)
    for k in range(imgui.Col_.count):
        own.set_color_(k, style.color_(k))
