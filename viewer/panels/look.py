"""How the surface is shown."""

from __future__ import annotations

from viewer.language import _
from viewer.modes import modes
from viewer.modes.mode import Mode
from viewer.panels.panel import LOOK, Panel, Seen, Send
from viewer.shell import widgets as w
from viewer.state.keymap import marked

GROUPS = (marked("Colour"), marked("Shape"), marked("Reading the surface"))
COLUMNS = 3
_OF_THE_FILE = ("textured", "plain")


def group_of(mode: Mode) -> str:
    if mode.measure is not None:
        return GROUPS[2]
    return GROUPS[0] if mode.name in _OF_THE_FILE else GROUPS[1]


def _draw(seen: Seen, send: Send) -> None:
    for group in GROUPS:
        those = [m for m in modes().values() if group_of(m) == group]
        w.words(_(group), seen.theme.faint)
        options = [(m.name, _(m.name).capitalize()) for m in those]
        tips = [f"{_(m.says)}  ({m.key.removeprefix('_')})" for m in those]
        taken = w.choice(group, options, seen.state.mode, COLUMNS, tips)
        if taken is not None:
            send(f"mode {taken}")
    w.words(_(modes()[seen.state.mode].says), seen.theme.faint)


PANEL = Panel("mode", marked("Way of looking"), LOOK, 10, _draw)
