"""A second file against the first: how they are laid on each other, what changed, in which colours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from imgui_bundle import imgui

from sculpt3d.desk.comparison import Comparison, How
from sculpt3d.desk.units import MM_OF
from viewer.language import _
from viewer.language.library import of_library
from viewer.panels.panel import COMPARE, Panel, Seen, Send
from viewer.shell import signs
from viewer.shell import widgets as w
from viewer.shell.legend import draw_legend
from viewer.shell.tool_buttons import draw_tools
from viewer.state.keymap import marked
from viewer.state.second import compared

_REGISTER = (("auto", marked("Automatic")), ("none", marked("As it is")), ("pairs", marked("Pairs")))
_COLOURS = (("deviation", marked("Deviation")), ("change", marked("Significant")))


def _draw(seen: Seen, send: Send) -> None:
    if w.wide_button(f"{signs.COMPARE}  {_('Choose a second model ...')}###choose", seen.desk.content.comparison is None):
        send("compare")
    if seen.desk.content.comparison is None:
        w.words(_("Or drop it into the window with Shift held."), seen.theme.faint)
        return
    path, how = seen.desk.content.comparison
    _sides(seen, send, path)
    _how(seen, send, how)
    draw_tools(seen, send, "compare", 2)
    found = compared(seen.desk.bench, path, how)
    if found is None:
        w.words(_("Comparing ..."), seen.theme.faint)
    elif isinstance(found, str):
        w.words(of_library(found), seen.theme.wrong)
        _unit(seen, send, how)
    else:
        _result(seen, send, found)


def _sides(seen: Seen, send: Send, path: Path) -> None:
    options = [("a", seen.document.name), ("b", path.stem)]
    taken = w.choice("side", options, seen.desk.side)
    if taken is not None:
        send("side", taken)
    taken = w.choice("colours", [(k, _(t)) for k, t in _COLOURS], seen.state.mode)
    if taken is not None:
        send(f"mode {taken}")


def _how(seen: Seen, send: Send, how: How) -> None:
    w.label(_("Laid on"))
    now = how.register if isinstance(how.register, str) else "pairs"
    taken = w.picked("register", [(k, _(t)) for k, t in _REGISTER if k != "pairs" or how.pairs], now)
    if taken is not None:
        send("compare", register=taken)
    if w.check(_("M3C2 with its level of detection"), how.with_m3c2):
        send("compare", with_m3c2=not how.with_m3c2)
    if how.stable is not None and imgui.button(f"{_('Forget the stable area')}###stable"):
        send("compare", stable=None)


def _unit(seen: Seen, send: Send, how: How) -> None:
    """Where the two files' units do not fit, or the second says none."""
    w.label(_("Unit of the second"))
    taken = w.picked("unit b", [(u, u) for u in MM_OF], how.unit_b or "-")
    if taken is not None:
        send("compare", unit_b=taken)


def _result(seen: Seen, send: Send, found: Comparison) -> None:
    if seen.field is not None and seen.state.mode in dict(_COLOURS):
        limit = seen.field.high
        draw_legend(replace(seen.field), seen.theme, seen.scale)
        w.label(_("Limits ±"))
        new = w.dragged("limits", limit, limit / 100, 1e-6, 1e6, "%.3g mm")
        if new is not None:
            send(f"limits {-new!r} {new!r}")
    registration = found.registration
    w.words(f"{_('Laid on')}: {of_library(registration.how)}; ± {2 * found.registration_sigma():.3f} mm", seen.theme.faint)
    patches = found.change.patches
    w.words(_("Nothing changed for sure.") if not patches else _("Changed for sure: {n} places").format(n=len(patches)))
    for patch in patches[:6]:
        w.words(f"{patch.peak:+.2f} ± {patch.plus_minus:.2f} mm, {patch.area / 100:.2f} cm²")
    for note in found.notes():
        w.words(of_library(note), seen.theme.warn)
    if w.wide_button(f"{signs.EXPORT}  {_('Report, tables and coloured model ...')}###report"):
        send("export comparison")


PANEL = Panel("comparing", marked("Two states"), COMPARE, 10, _draw)
