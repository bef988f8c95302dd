"""Asks once what a unit of the file is, where the file does not say; with how large the model would be."""

from __future__ import annotations

from imgui_bundle import imgui

from sculpt3d.desk.units import MM_OF
from viewer.language import _
from viewer.panels.panel import Seen, Send
from viewer.shell import widgets as w
from viewer.shell.foot import large
from viewer.shell.places import Box


def draw_question(seen: Seen, send: Send, box: Box) -> None:
    """At the top of the picture."""
    s = seen.scale
    imgui.set_next_window_pos(imgui.ImVec2(box.left + box.width / 2, box.top + 12 * s), pivot=imgui.ImVec2(0.5, 0))
    imgui.set_next_window_size(imgui.ImVec2(min(560 * s, box.width - 24 * s), 0))
    flags = imgui.WindowFlags_
    how = flags.no_decoration | flags.no_move | flags.no_saved_settings | flags.no_focus_on_appearing | flags.no_nav
    imgui.push_style_var(imgui.StyleVar_.window_rounding, 8 * s)
    imgui.push_style_var(imgui.StyleVar_.window_border_size, 1.0)
    imgui.begin("###question", None, how)
    with w.font(seen.letters.bold, 0):
        imgui.text_unformatted(_("What is a unit of this file?"))
    w.words(_("The file does not say it. The answer is kept, and the model is then, corner to corner:"), seen.theme.faint)
    options = [(unit, f"{unit}: {large(seen, mm)}") for unit, mm in MM_OF.items()]
    taken = w.choice("units", options, "", len(options))
    if taken is not None:
        send(f"unit {taken}")
    if imgui.button(f"{_('I do not know; show no lengths')}###none"):
        send("unit none")
    imgui.end()
    imgui.pop_style_var(2)
