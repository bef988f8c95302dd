"""A question over the picture, with an answer a button: a unit that the file does not say, a view that is not saved yet."""

from __future__ import annotations

from collections.abc import Sequence

from imgui_bundle import imgui

from sculpt3d.desk.units import MM_OF
from viewer.language import _
from viewer.panels.panel import Seen, Send
from viewer.shell import widgets as w
from viewer.shell.foot import large
from viewer.shell.places import Box

Answers = Sequence[tuple[str, str]]  # a command and what stands on its button


def ask_unit(seen: Seen, send: Send, box: Box) -> None:
    """Once, where the file does not say it; with how large the model would be."""
    title = _("What is a unit of this file?")
    says = _("The file does not say it. The answer is kept, and the model is then, corner to corner:")
    units = [(f"unit {unit}", f"{unit}: {large(seen, mm)}") for unit, mm in MM_OF.items()]
    _draw(seen, send, box, title, says, units, [("unit none", _("I do not know; show no lengths"))])


def ask_save(seen: Seen, send: Send, box: Box) -> None:
    """Before a desk is left on which something was measured or cut since it was saved."""
    title = _("Save what was measured?")
    says = _("Measurements and sections are saved beside the model, in {name}; notes are saved already.").format(
        name=f"{seen.document.name}.view.json"
    )
    yes, no, back = ("leave saved", _("Save")), ("leave unsaved", _("Do not save")), ("stay", _("Back to the model"))
    _draw(seen, send, box, title, says, [yes, no, back], [])


def _draw(seen: Seen, send: Send, box: Box, title: str, says: str, answers: Answers, more: Answers) -> None:
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
        imgui.text_unformatted(title)
    w.words(says, seen.theme.faint)
    taken = w.choice("answers", answers, answers[0][0] if not more else "")
    if taken is not None:
        send(taken)
    for command, text in more:
        if imgui.button(f"{text}###{command}"):
            send(command)
    imgui.end()
    imgui.pop_style_var(2)
