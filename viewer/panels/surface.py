"""What a mode that measures the surface is asked: its radius and the ends of its colours."""

from __future__ import annotations

from imgui_bundle import imgui

from viewer.language import _
from viewer.language.library import of_library
from viewer.modes import mode
from viewer.panels.panel import LOOK, Panel, Seen, Send
from viewer.shell import widgets as w
from viewer.shell.legend import draw_legend
from viewer.state.keymap import marked


def _wanted(seen: Seen) -> bool:
    return mode(seen.state.mode).measure is not None


def _draw(seen: Seen, send: Send) -> None:
    if seen.field is None:
        w.words(_("Measuring the surface ..."), seen.theme.faint)
    _radius(seen, send)
    if seen.field is not None and seen.field.colours:
        draw_legend(seen.field, seen.theme, seen.scale)
        _limits(seen, send)
        w.words(of_library(seen.field.said), seen.theme.faint)


def _radius(seen: Seen, send: Send) -> None:
    """In mm where the model has a unit; sent in the model's own, when the hand lets go: measuring takes its time."""
    mm = 1000 * (seen.document.unit_m or 0.001)
    unit = "mm" if seen.document.unit_m else _("units")
    own = seen.state.shown.radius
    size = 2 * seen.state.home.radius * mm
    automatic = own is None
    if w.check(_("Radius as the model asks"), automatic):
        send(f"radius {size / mm / 100!r}" if automatic else "radius auto")
    if own is None:
        return
    w.label(_("Radius"))
    shown = seen.memory.get("radius", None)
    value = own * mm if shown is None else shown
    new = w.sliding("radius", value, size / 2000, size / 10, f"%.3g {unit}", log=True)
    w.tip(_("What is larger counts as the form, what is smaller as relief"))
    if new is not None:
        seen.memory.put("radius", new)
    if imgui.is_item_deactivated_after_edit():
        send(f"radius {(new if new is not None else value) / mm!r}")
        seen.memory.put("radius", None)


def _limits(seen: Seen, send: Send) -> None:
    field, shown = seen.field, seen.state.shown
    assert field is not None
    automatic = shown.low is None and shown.high is None
    if w.check(_("Colours as the surface has values"), automatic):
        send(f"limits {field.low!r} {field.high!r}" if automatic else "limits auto")
    if automatic:
        return
    step = max(field.high - field.low, 1e-9) / 200
    for name, value in (("low", field.low), ("high", field.high)):
        w.label(_("Lowest") if name == "low" else _("Highest"))
        new = w.dragged(name, value, step, -1e12, 1e12, f"%.4g {of_library(field.unit)}")
        if new is not None:
            low, high = (new, field.high) if name == "low" else (field.low, new)
            if low < high:
                send(f"limits {low!r} {high!r}")


PANEL = Panel("surface", marked("Reading the surface"), LOOK, 15, _draw, _wanted)
