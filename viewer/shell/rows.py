"""A list of what a desk keeps: each row can be chosen, hidden, named and deleted."""

from __future__ import annotations

from typing import Any

from imgui_bundle import imgui

from viewer.language import _
from viewer.panels.panel import Seen, Send
from viewer.shell import signs
from viewer.shell import widgets as w
from viewer.state.desk import Item, Kind
from viewer.state.names import shown_name


def draw_row(seen: Seen, send: Send, item: Item, one: Any, dot: Any = None) -> bool:
    """Eye, name, what is deleted; whether it is the one that is chosen. dot: a colour before it."""
    chosen = seen.desk.selected == item
    square, gap = imgui.get_frame_height(), imgui.get_style().item_inner_spacing.x
    hidden = getattr(one, "hidden", None)
    with w.coloured(button=(0, 0, 0, 0), border=(0, 0, 0, 0)):
        if hidden is not None:
            with w.coloured(text=seen.theme.faint if hidden else seen.theme.ink):
                if imgui.button(f"{signs.HIDDEN if hidden else signs.SHOWN}###eye", imgui.ImVec2(square * 1.2, 0)):
                    send("change", item, hidden=not hidden)
            w.tip(_("Show it") if hidden else _("Hide it"))
            imgui.same_line(0, gap)
        if dot is not None:
            at = imgui.get_cursor_screen_pos()
            middle = imgui.ImVec2(at.x + square * 0.35, at.y + square / 2)
            imgui.get_window_draw_list().add_circle_filled(middle, square * 0.22, w.code(dot), 20)
            imgui.dummy(imgui.ImVec2(square * 0.7, square))
            imgui.same_line(0, gap)
        room = imgui.get_content_region_avail().x - square * 1.2 - gap
        imgui.push_style_var(imgui.StyleVar_.button_text_align, imgui.ImVec2(0, 0.5))
        name = shown_name(one.name) if hasattr(one, "name") else _title(one)
        if w.toggle(f"{_plain(name)}###name", chosen, imgui.ImVec2(room, 0)):
            send("select", None if chosen else item)
        imgui.pop_style_var()
        imgui.same_line(0, gap)
        if imgui.button(f"{signs.DELETE}###delete", imgui.ImVec2(square * 1.2, 0)):
            send("delete", item)
        w.tip(_("Delete it; Ctrl+Z brings it back"))
    return chosen


def draw_name(seen: Seen, send: Send, item: Item, one: Any, name: str = "name", title: str = "") -> None:
    """A field of text of the chosen one, taken when the hand leaves it."""
    w.label(title or _("Name"))
    now = getattr(one, name)
    told = w.written(seen.memory, f"{name} of {item}", shown_name(now) if name == "name" else now)
    if told is not None:
        send("change", item, **{name: told})


def draw_heading(seen: Seen, send: Send, kind: Kind, count: int) -> None:
    """How many there are, all hidden or shown at once, and back and forth."""
    square = imgui.get_frame_height() * 1.2
    veiled = kind in seen.desk.veiled
    with w.coloured(button=(0, 0, 0, 0), border=(0, 0, 0, 0)):
        if imgui.button(f"{signs.HIDDEN if veiled else signs.SHOWN}###veil", imgui.ImVec2(square, 0)):
            send("veil", kind)
        w.tip(_("Show all") if veiled else _("Hide all"))
        imgui.same_line()
        imgui.text_disabled(str(count))
        imgui.same_line()
        room = imgui.get_content_region_avail().x - 2 * square - 4 * seen.scale
        imgui.dummy(imgui.ImVec2(max(room - imgui.get_style().item_spacing.x, 0), 1))
        imgui.same_line()
        with w.greyed(not seen.desk.past):
            if imgui.button(f"{signs.UNDO}###undo", imgui.ImVec2(square, 0)):
                send("undo edit")
        w.tip(_("Undo") + "  (Ctrl+Z)")
        imgui.same_line(0, 4 * seen.scale)
        with w.greyed(not seen.desk.future):
            if imgui.button(f"{signs.REDO}###redo", imgui.ImVec2(square, 0)):
                send("redo edit")
        w.tip(_("Redo") + "  (Ctrl+Y)")


def _title(one: Any) -> str:
    """Of a note: its first line."""
    return str(one.text).splitlines()[0] if one.text else ""


def _plain(text: str) -> str:
    """imgui reads ## as the end of what is shown."""
    return text.replace("##", "# #") or " "
