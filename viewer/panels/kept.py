"""Cameras that were kept, by name."""

from __future__ import annotations

from imgui_bundle import imgui

from viewer.language import _
from viewer.panels.panel import CAMERA, Panel, Seen, Send
from viewer.shell import signs
from viewer.shell import widgets as w
from viewer.state.keymap import marked


def _draw(seen: Seen, send: Send) -> None:
    if not seen.state.bookmarks:
        w.words(_("None yet. A kept camera is saved with the view."), seen.theme.faint)
    square = imgui.get_frame_height()
    gap = imgui.get_style().item_inner_spacing.x
    for k, mark in enumerate(seen.state.bookmarks, 1):
        imgui.push_id(k)
        if w.toggle(f"{signs.GO}###go", mark.camera == seen.state.camera, imgui.ImVec2(square * 1.3, 0)):
            send(f"go {k}")
        w.tip(_("Look from there"))
        imgui.same_line(0, gap)
        imgui.set_next_item_width(imgui.get_content_region_avail().x - square * 1.3 - gap)
        name = w.written(seen.memory, f"kept {k}", mark.name, 200)
        if name is not None and name.strip():
            send(f"rename {k} {name}")
        imgui.same_line(0, gap)
        if imgui.button(f"{signs.DELETE}###forget", imgui.ImVec2(square * 1.3, 0)):
            send(f"forget {k}")
        w.tip(_("Forget it"))
        imgui.pop_id()
    if w.wide_button(f"{signs.KEEP}  {_('Keep this camera')}###keep"):
        send("bookmark")


PANEL = Panel("kept", marked("Kept cameras"), CAMERA, 20, _draw)
