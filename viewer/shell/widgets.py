"""What panels are made of: rows with a label, choices side by side, signs; all sizes follow the letters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from imgui_bundle import imgui

from viewer.shell.places import Box
from viewer.shell.theme import Rgba

LABEL = 0.36  # of the width, of the names before fields


def code(colour: Rgba, alpha: float = 1.0) -> int:
    """As imgui's pen takes a colour."""
    r, g, b, a = colour
    return imgui.color_convert_float4_to_u32(imgui.ImVec4(r, g, b, a * alpha))


@contextmanager
def coloured(**colours: Rgba) -> Iterator[None]:
    """imgui's colours, by their names, inside."""
    for name, colour in colours.items():
        imgui.push_style_color(getattr(imgui.Col_, name), imgui.ImVec4(*colour))
    try:
        yield
    finally:
        imgui.pop_style_color(len(colours))


@contextmanager
def font(letters: Any, size: float = 0.0) -> Iterator[None]:
    """Inside in that font; size: pixels at 96 dots an inch, 0 as it is."""
    imgui.push_font(letters, size)
    try:
        yield
    finally:
        imgui.pop_font()


@contextmanager
def greyed(off: bool) -> Iterator[None]:
    imgui.begin_disabled(off)
    try:
        yield
    finally:
        imgui.end_disabled()


def words(text: str, colour: Rgba | None = None) -> None:
    """Wrapped at the panel's edge; never read as a format."""
    imgui.push_text_wrap_pos(0.0)
    if colour is None:
        imgui.text_unformatted(text)
    else:
        with coloured(text=colour):
            imgui.text_unformatted(text)
    imgui.pop_text_wrap_pos()


def label(text: str) -> None:
    """A field's name before it; the field takes the rest of the line."""
    start = imgui.get_cursor_pos_x()
    full = imgui.get_content_region_avail().x
    imgui.align_text_to_frame_padding()
    imgui.text_unformatted(text)
    wide = imgui.calc_text_size(text).x + imgui.get_style().item_spacing.x
    imgui.same_line(start + max(LABEL * full, wide))
    imgui.set_next_item_width(-1)


def tip(text: str) -> None:
    """About the thing before, when the hand rests on it."""
    if text and imgui.is_item_hovered(imgui.HoveredFlags_.delay_short | imgui.HoveredFlags_.allow_when_disabled):
        imgui.begin_tooltip()
        imgui.push_text_wrap_pos(imgui.get_font_size() * 20)
        imgui.text_unformatted(text)
        imgui.pop_text_wrap_pos()
        imgui.end_tooltip()


def choice(name: str, options: Sequence[tuple[str, str]], now: str, columns: int = 0, tips: Sequence[str] = ()) -> str | None:
    """Options (value, words) side by side, that which is `now` filled; the value a person took, else None."""
    columns = columns or len(options)
    full, gap = imgui.get_content_region_avail().x, 3.0 * imgui.get_style().font_scale_dpi
    wide = (full - gap * (columns - 1)) / columns
    taken = None
    imgui.push_id(name)
    imgui.push_style_var(imgui.StyleVar_.item_spacing, imgui.ImVec2(gap, gap))
    for k, (value, text) in enumerate(options):
        if k % columns:
            imgui.same_line()
        if toggle(f"{text}###{value}", value == now, imgui.ImVec2(wide, 0)):
            taken = value
        tip(tips[k] if tips else (text if imgui.calc_text_size(text).x > wide else ""))
    imgui.pop_style_var()
    imgui.pop_id()
    return taken


def tabs(options: Sequence[tuple[str, str, str]], now: str, seen: Any) -> str | None:
    """(value, words, sign) side by side, the sign over small words; the value a person took, else None."""
    scale, full = seen.scale, imgui.get_content_region_avail().x
    wide, high = full / len(options), 46 * scale
    pen, taken, small = imgui.get_window_draw_list(), None, 12.0
    for k, (value, text, sign) in enumerate(options):
        if k:
            imgui.same_line(0, 0)
        at = imgui.get_cursor_screen_pos()
        if imgui.invisible_button(f"tab {value}", imgui.ImVec2(wide, high)):
            taken = value
        on, over = value == now, imgui.is_item_hovered()
        if on or over:
            corner = imgui.ImVec2(at.x + wide, at.y + high)
            pen.add_rect_filled(at, corner, code(seen.theme.field if on else seen.theme.field_over), 5 * scale)
        ink = code(seen.theme.chosen if on else seen.theme.ink if over else seen.theme.faint)
        for words_, size, top in ((sign, 16.0, 7), (text, small, 26)):
            with font(seen.letters.plain, size):
                x = at.x + (wide - imgui.calc_text_size(words_).x) / 2
                pen.add_text(imgui.ImVec2(x, at.y + top * scale), ink, words_)
        if on:
            left, right, foot = at.x + 8 * scale, at.x + wide - 8 * scale, at.y + high
            pen.add_rect_filled(imgui.ImVec2(left, foot - 2 * scale), imgui.ImVec2(right, foot), ink)
    return taken


def toggle(text: str, on: bool, size: Any = None) -> bool:
    """A button that is filled while it is on."""
    style = imgui.get_style()
    if not on:
        return bool(imgui.button(text, size))
    chosen, white = style.color_(imgui.Col_.check_mark), (1.0, 1.0, 1.0, 1.0)
    full = (chosen.x, chosen.y, chosen.z, 1.0)
    with coloured(button=full, button_hovered=full, button_active=full, border=full, text=white):
        return bool(imgui.button(text, size))


def wide_button(text: str, primary: bool = False) -> bool:
    return toggle(text, primary, imgui.ImVec2(-1, 0))


def check(text: str, on: bool) -> bool:
    """Whether it was changed."""
    return bool(imgui.checkbox(text, on)[0])


def sliding(name: str, value: float, low: float, high: float, shown: str = "%.2f", log: bool = False) -> float | None:
    """The new value, None where it was left."""
    flags = imgui.SliderFlags_.always_clamp | (imgui.SliderFlags_.logarithmic if log else 0)
    changed, new = imgui.slider_float(f"##{name}", value, low, high, shown, flags)
    return float(new) if changed else None


def dragged(name: str, value: float, speed: float, low: float, high: float, shown: str = "%.1f") -> float | None:
    """A number that is dragged or, after a double click, written; None where it was left."""
    flags = imgui.SliderFlags_.always_clamp
    changed, new = imgui.drag_float(f"##{name}", value, speed, low, high, shown, flags)
    return float(new) if changed else None


def picked(name: str, options: Sequence[tuple[str, str]], now: str) -> str | None:
    """From a list that opens; the value taken, else None."""
    taken = None
    if imgui.begin_combo(f"##{name}", dict(options).get(now, now)):
        for value, text in options:
            if imgui.selectable(f"{text}###{value}", value == now)[0]:
                taken = value
        imgui.end_combo()
    return taken


def written(memory: Any, name: str, value: str, longest: int = 10_000) -> str | None:
    """A field of text; what was written once the hand leaves it or presses Enter, None until then. memory: keeps it meanwhile."""
    kept = memory.get(name, None)
    changed, text = imgui.input_text(f"##{name}", value if kept is None else kept)
    if changed:
        memory.put(name, text[:longest])
    if imgui.is_item_deactivated_after_edit():
        told = memory.get(name, None)
        memory.put(name, None)
        return None if told is None or told == value else str(told)
    if kept is not None and not imgui.is_item_active():
        memory.put(name, None)  # left by Escape
    return None


def numbers(memory: Any, name: str, values: Sequence[float], shown: str = "%.4f") -> tuple[float, ...] | None:
    """Three numbers, taken as `written` takes a text."""
    kept = memory.get(name, None)
    changed, new = imgui.input_float3(f"##{name}", list(values if kept is None else kept), shown)
    if changed:
        memory.put(name, tuple(float(v) for v in new))
    if imgui.is_item_deactivated_after_edit():
        told = memory.get(name, None)
        memory.put(name, None)
        return None if told is None else tuple(told)
    return None


def spaced(share: float = 0.5) -> None:
    imgui.dummy(imgui.ImVec2(0, imgui.get_font_size() * share))


def in_the_middle(box: Box, wide: float, high: float, scale: float) -> None:
    """The next window in the middle of `box`, with a rim; two style variables to pop."""
    imgui.set_next_window_pos(
        imgui.ImVec2(box.left + box.width / 2, box.top + box.height / 2), pivot=imgui.ImVec2(0.5, 0.5)
    )
    imgui.set_next_window_size(imgui.ImVec2(wide, high))
    imgui.push_style_var(imgui.StyleVar_.window_rounding, 8 * scale)
    imgui.push_style_var(imgui.StyleVar_.window_border_size, 1.0)
