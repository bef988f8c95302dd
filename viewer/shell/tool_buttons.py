"""Buttons of tools, and what the one in hand asks for next."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from imgui_bundle import imgui

from viewer.language import _
from viewer.panels.panel import Seen, Send
from viewer.shell import widgets as w
from viewer.state.desk import LOOK
from viewer.tools import tools
from viewer.tools.tool import Tool

_ORDER = (
    "distance", "chain", "geodesic", "angle", "height", "lean", "area", "volume", "flatness", "circle", "sphere", "cylinder",
    "plane", "note point", "note line", "note region",
)  # fmt: skip
_OWN = {"section": "section", "pairs": "compare", "stable": "compare", "photos": "photos"}


def room_of(name: str) -> str:
    """The panel that has a tool: a new one is for measuring where nobody says otherwise."""
    return "note" if name.startswith("note") else _OWN.get(name, "measure")


def tools_of(room: str) -> list[Tool]:
    """As they are used: lengths first; those that are new last."""
    those = [t for t in tools().values() if room_of(t.name) == room]
    return sorted(those, key=lambda t: _ORDER.index(t.name) if t.name in _ORDER else len(_ORDER))


def draw_tools(seen: Seen, send: Send, room: str, columns: int, short: Callable[[str], str] = str) -> None:
    """A press takes one into the hand, a second puts it down."""
    those = tools_of(room)
    options = [(t.name, short(_(t.name)).capitalize()) for t in those]
    tips = [f"{_(t.says)}  ({keys_shown(t.key)})" for t in those]
    taken = w.choice(room, options, seen.desk.tool, columns, tips)
    if taken is not None:
        send("tool", LOOK if taken == seen.desk.tool else taken)
    if seen.desk.tool in [t.name for t in those]:
        _in_hand(seen, send)


def keys_shown(keys: str) -> str:
    """ "shift+D" as a person writes it."""
    *held, name = keys.split("+")
    return "+".join((*(h.title() for h in held), name.removeprefix("_").upper()))


def _in_hand(seen: Seen, send: Send) -> None:
    own, draft = tools()[seen.desk.tool], seen.desk.draft
    w.words(_(own.says), seen.theme.faint)
    if own.drag is not None and own.name != "section":
        _brush(seen, send)
    given = len(draft.points) + len(draft.strokes)
    wide = (imgui.get_content_region_avail().x - imgui.get_style().item_spacing.x) / 2
    with w.greyed(not draft):
        if imgui.button(f"{_('Take back')}###back", imgui.ImVec2(wide, 0)):
            send("step back")
        imgui.same_line()
        if w.toggle(f"{_('Finish')} ({given})###finish", bool(draft), imgui.ImVec2(wide, 0)):
            send("finish")


def _brush(seen: Seen, send: Send) -> None:
    """Its radius in mm, or in the file's unit where that is none."""
    mm = seen.desk.bench.mm
    size = 2 * seen.state.home.radius * (mm or 1.0)
    w.label(_("Brush"))
    new = w.sliding("brush", seen.desk.settings.brush_mm, size / 2000, size / 5, f"%.3g {'mm' if mm else ''}", log=True)
    w.tip(_("Radius of the brush"))
    if new is not None:
        send("set", brush_mm=new)


def shorter(names: Sequence[str]) -> Callable[[str], str]:
    """Without a word that all of them have."""

    def short(name: str) -> str:
        for start in names:
            name = name.replace(start, "")
        return name.strip()

    return short
