"""A picture to publish: what `sculpt3d render` is asked, filled in; the command itself is shown and is what runs."""

from __future__ import annotations

import shlex
from typing import Any

from imgui_bundle import imgui

from viewer.language import _
from viewer.panels.panel import PUBLISH, Panel, Seen, Send
from viewer.plates.asked import Asked, options_of
from viewer.shell import signs
from viewer.shell import widgets as w
from viewer.state.keymap import marked

_SIZES = (("seen", marked("As seen")), ("px", marked("mm a pixel")), ("print", marked("1 : n")))
_GROUNDS = (
    ("grey", marked("Grey")), ("white", marked("White")), ("black", marked("Black")), ("transparent", marked("Transparent"))
)  # fmt: skip


def _draw(seen: Seen, send: Send) -> None:
    asked: Asked = seen.memory.get("publish", Asked())
    asked = _scale(seen, asked)
    asked = _paper(asked)
    asked = _marks(asked)
    seen.memory.put("publish", asked)
    options = options_of(asked, seen.letters.chinese)
    if w.wide_button(f"{signs.PUBLISH}  {_('Write the picture ...')}###write", primary=True):
        send("publish " + shlex.join(options))
    w.words(_("The same without a window:"), seen.theme.faint)
    w.words(f"sculpt3d render {seen.path.name} --state {seen.document.name}.view.json {shlex.join(options)} -o ...",
            seen.theme.faint)


def _scale(seen: Seen, asked: Asked) -> Asked:
    taken = w.choice("size", [(k, _(t)) for k, t in _SIZES], asked.size)
    asked = _with(asked, size=taken)
    if asked.size != "seen" and seen.document.unit_m is None:
        w.words(_("The model has no scale; say its unit first (in the line at the foot)."), seen.theme.warn)
    if asked.size == "px":
        w.label(_("mm a pixel"))
        asked = _with(asked, mm_per_px=w.dragged("mm", asked.mm_per_px, 0.005, 0.001, 1000, "%.3f"))
    elif asked.size == "print":
        w.label("1 :")
        asked = _with(asked, n=w.dragged("n", asked.n, 0.05, 0.01, 10000, "%.2f"))
        w.label(_("Dots an inch"))
        asked = _with(asked, dpi=w.dragged("dpi", asked.dpi, 5, 72, 1200, "%.0f"))
    else:
        w.label(_("Width"))
        asked = _with(asked, width=_whole(w.dragged("width", asked.width, 10, 64, 16384, "%.0f px")))
        w.label(_("Height"))
        asked = _with(asked, height=_whole(w.dragged("height", asked.height, 10, 64, 16384, "%.0f px")))
    return asked


def _paper(asked: Asked) -> Asked:
    w.label(_("Ground"))
    asked = _with(asked, ground=w.picked("ground", [(k, _(t)) for k, t in _GROUNDS], asked.ground))
    if w.check(_("Six sides on one sheet"), asked.sheet):
        asked = _with(asked, sheet=not asked.sheet, sweep=False)
    if w.check(_("The light goes round: GIF, MP4 or a folder"), asked.sweep):
        asked = _with(asked, sweep=not asked.sweep, sheet=False)
    if asked.sweep:
        w.label(_("Pictures"))
        asked = _with(asked, steps=_whole(w.dragged("steps", asked.steps, 1, 2, 360, "%.0f")))
    return asked


def _marks(asked: Asked) -> Asked:
    for name, text in (("bar", _("Scale bar")), ("up", _("Arrow where up is")), ("legend", _("Colour bar"))):
        if w.check(text, getattr(asked, name)):
            asked = _with(asked, **{name: not getattr(asked, name)})
    w.label(_("Caption"))
    changed, caption = imgui.input_text("##caption", asked.caption)
    return _with(asked, caption=caption if changed else None)


def _with(asked: Asked, **values: Any) -> Asked:
    """Changed where a value is not None."""
    return asked.changed(**{k: v for k, v in values.items() if v is not None})


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


PANEL = Panel("publish", marked("Picture to publish"), PUBLISH, 10, _draw)
