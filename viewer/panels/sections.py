"""Planes that cut the model: dragged, by three places or by numbers; several, each with its name."""

from __future__ import annotations

import numpy as np
from imgui_bundle import imgui

from sculpt3d.desk.section import Section
from sculpt3d.desk.slicing import Plane
from viewer.language import _
from viewer.language.library import of_library
from viewer.panels.panel import MEASURE, Panel, Seen, Send
from viewer.shell import signs
from viewer.shell import widgets as w
from viewer.shell.quantities import worded
from viewer.shell.rows import draw_heading, draw_name, draw_row
from viewer.shell.tool_buttons import draw_tools
from viewer.state.desk import Item
from viewer.state.keymap import marked

_AXES = ("x", "y", "z")


def _draw(seen: Seen, send: Send) -> None:
    draw_tools(seen, send, "section", 1)
    _across(seen, send)
    found = seen.desk.content.sections
    draw_heading(seen, send, "sections", len(found))
    for k, one in enumerate(found):
        imgui.push_id(k)
        item: Item = ("sections", k)
        if draw_row(seen, send, item, one):
            draw_name(seen, send, item, one)
            _numbers(seen, send, item, one)
        _profiles(seen, one)
        imgui.pop_id()


def _across(seen: Seen, send: Send) -> None:
    """Through the middle, across an axis."""
    middle = np.array(seen.state.home.target) + seen.document.offset
    wide = (imgui.get_content_region_avail().x - 2 * imgui.get_style().item_spacing.x) / 3
    for k, axis in enumerate(_AXES):
        if k:
            imgui.same_line()
        if imgui.button(f"{_('across {axis}').format(axis=axis)}###{axis}", imgui.ImVec2(wide, 0)):
            normal = np.eye(3)[k]
            send("add", "sections", Section(Plane(normal, float(normal @ middle)), cut=True))


def _numbers(seen: Seen, send: Send, item: Item, one: Section) -> None:
    mm = seen.desk.bench.mm
    unit, by = ("mm", mm) if mm else ("", 1.0)
    size = 2 * seen.state.home.radius * by
    w.label(_("Place"))
    place = w.dragged("place", one.plane.distance * by, size / 400, -1e9, 1e9, f"%.2f {unit}")
    w.tip(_("Along the plane's normal, in the file's own coordinates"))
    if place is not None:
        send("change", item, plane=Plane(one.plane.normal, place / by))
    _normal(seen, send, item, one)
    if w.check(_("Cut the model"), one.cut):
        send("change", item, cut=not one.cut)
    imgui.same_line()
    if imgui.button(f"{_('Other side')}###flip"):
        send("flip", item)
    if w.check(_("A stack of profiles"), one.every_mm is not None):
        send("change", item, every_mm=None if one.every_mm is not None else max(size / 20, 1e-6), count=10)
    if one.every_mm is not None:
        w.label(_("Every"))
        every = w.dragged("every", one.every_mm, size / 2000, size / 1e5, 1e9, f"%.3g {unit}")
        if every is not None:
            send("change", item, every_mm=every)
        w.label(_("How many"))
        count = w.dragged("count", one.count, 0.1, 1, 1000, "%.0f")
        if count is not None:
            send("change", item, count=round(count))
    for ending in ("DXF", "SVG", "CSV"):
        if imgui.button(f"{signs.EXPORT} {ending}###{ending}"):
            send(f"export section {ending.lower()} {item[1] + 1}")
        imgui.same_line()
    imgui.new_line()


def _normal(seen: Seen, send: Send, item: Item, one: Section) -> None:
    """Typed; of any length but none."""
    w.label(_("Normal"))
    values = w.numbers(seen.memory, f"normal of {item}", [float(v) for v in one.plane.normal])
    if values is not None and any(values):
        normal = np.array(values) / np.linalg.norm(values)
        foot = one.plane.normal * one.plane.distance
        send("change", item, plane=Plane(normal, float(normal @ foot)))


def _profiles(seen: Seen, one: Section) -> None:
    found = seen.desk.bench.cut(one)
    imgui.indent(imgui.get_frame_height())
    if found is None:
        w.words("…", seen.theme.faint)
    elif isinstance(found, str):
        w.words(of_library(found), seen.theme.warn)
    else:
        for profile in found[:1]:
            for quantity in (profile.area, profile.perimeter):
                w.words(f"{_(quantity.name)}: {worded(quantity)}")
        if len(found) > 1:
            w.words(_("and {n} more").format(n=len(found) - 1), seen.theme.faint)
    imgui.unindent(imgui.get_frame_height())


PANEL = Panel("sections", marked("Sections"), MEASURE, 20, _draw)
