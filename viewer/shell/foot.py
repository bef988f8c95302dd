"""The line at the foot: scale bar, name, how much there is, unit, how it is looked at."""

from __future__ import annotations

from imgui_bundle import imgui

from sculpt3d.desk.units import MM_OF, Scale
from viewer.files.loading import is_cloud
from viewer.language import _, several
from viewer.language.library import of_library
from viewer.modes import mode
from viewer.panels.panel import Seen, Send
from viewer.shell import widgets as w
from viewer.state.commands import scale_bar
from viewer.state.lamps import Lamp


def draw_foot(seen: Seen, send: Send, picture_height: float) -> None:
    imgui.align_text_to_frame_padding()
    draw_scale(seen, picture_height)
    imgui.same_line(0, 24 * seen.scale)
    imgui.text_unformatted(seen.document.name)
    w.tip(str(seen.path))
    for text in (_amount(seen), _mode(seen)):
        imgui.same_line(0, 18 * seen.scale)
        imgui.text_disabled(text) if text else None
    imgui.same_line(0, 18 * seen.scale)
    _unit(seen, send)
    light = "   ".join(lamp_words(lamp) for lamp in seen.state.lamps) if mode(seen.state.mode).lit else ""
    room = imgui.get_content_region_avail().x - 18 * seen.scale
    imgui.same_line(0, 18 * seen.scale)
    if imgui.calc_text_size(light).x <= imgui.get_content_region_avail().x and room > 0:
        imgui.text_disabled(light)


def lamp_words(lamp: Lamp) -> str:
    """Where it stands and to what it is fixed."""
    to = _("fixed to the camera") if lamp.fixed == "camera" else _("fixed to the object") + f" ({_(lamp.side)})"
    return f"{_(lamp.kind.capitalize())} {lamp.azimuth:.0f}° / {lamp.elevation:.0f}°, {to}"


def draw_scale(seen: Seen, picture_height: float) -> None:
    """A bar as long as it says at the middle of the model, in a picture that high."""
    length, text = scale_bar(seen.state, round(picture_height), seen.document.unit_m, 120 * seen.scale)
    at = imgui.get_cursor_screen_pos()
    high = imgui.get_frame_height()
    if length:
        pen, ink, s = imgui.get_window_draw_list(), w.code(seen.theme.ink), seen.scale
        y = round(at.y + 0.62 * high)
        pen.add_rect_filled(imgui.ImVec2(at.x, y), imgui.ImVec2(at.x + length, y + 2 * s), ink)
        for x in (at.x, at.x + length - s):
            pen.add_rect_filled(imgui.ImVec2(x, y - 5 * s), imgui.ImVec2(x + s, y + 2 * s), ink)
        imgui.dummy(imgui.ImVec2(length, high))
        w.tip(_("As long as it says at the middle of the model"))
        imgui.same_line(0, 8 * seen.scale)
        imgui.align_text_to_frame_padding()
    imgui.text_unformatted(text if length else _("no scale"))


def _amount(seen: Seen) -> str:
    parts = seen.document.parts
    triangles = sum(len(p.faces) for p in parts)
    points = sum(len(p.vertices) for p in parts if is_cloud(p))
    told = [several("{n} triangle", "{n} triangles", triangles)] if triangles else []
    return ", ".join(told + ([several("{n} point", "{n} points", points)] if points else []))


def _mode(seen: Seen) -> str:
    return _("orthographic") if seen.state.camera.flat else ""


def _unit(seen: Seen, send: Send) -> None:
    """A button, for it can be said here."""
    own = None if seen.document.unit_m is None else 1000 * seen.document.unit_m
    known = own is not None
    none = not known and bool(seen.document.unit_source)
    text = _("unit: {unit}").format(unit=Scale(own, "").name) if known else _("unit: none") if none else _("unit: not said")
    colour = seen.theme.faint if known else seen.theme.warn
    with w.coloured(text=colour, button=(0, 0, 0, 0), border=(0, 0, 0, 0)):
        if imgui.small_button(f"{text}###unit"):
            imgui.open_popup("unit")
    if none:
        w.tip(_("It was made without a scale; sculpt3d adjust gives it one from lengths that were measured"))
    elif known:
        w.tip(_("Who says so: {source}").format(source=of_library(seen.document.unit_source)))
    else:
        w.tip(_("Say what a unit of the file is"))
    if imgui.begin_popup("unit"):
        w.words(_("A unit of the file is"), seen.theme.faint)
        for unit, mm in MM_OF.items():
            if imgui.menu_item(f"1 {unit}###{unit}", large(seen, mm), own == mm)[0]:
                send(f"unit {unit}")
        imgui.end_popup()


def large(seen: Seen, mm: float) -> str:
    """How large the model is, corner to corner, where a unit is so many mm."""
    size = 2 * seen.state.home.radius * mm
    return f"{size / 1000:.3g} m" if size >= 1000 else f"{size:.3g} mm"
