"""How the surface is shown."""

from __future__ import annotations

from viewer.language import _
from viewer.modes import modes
from viewer.modes.mode import Mode
from viewer.panels.panel import LOOK, Panel, Seen, Send
from viewer.shell import widgets as w
from viewer.state.keymap import marked

COLOUR, SHAPE, SURFACE = marked("Colour"), marked("Shape"), marked("Reading the surface")
SURE, TWO = marked("How sure it is"), marked("Two states")
GROUPS = (COLOUR, SHAPE, SURFACE, SURE, TWO)
COLUMNS = 3
_OWN = {
    "textured": COLOUR, "plain": COLOUR, "uncertainty": SURE, "views": SURE, "filled": SURE, "deviation": TWO, "change": TWO,
}  # fmt: skip


def group_of(mode: Mode) -> str:
    """A new mode that measures is for reading the surface, any other for its shape, where nobody says otherwise."""
    return _OWN.get(mode.name, SHAPE if mode.measure is None else SURFACE)


def _draw(seen: Seen, send: Send) -> None:
    for group in GROUPS:
        if group == TWO and seen.desk.content.comparison is None:
            continue
        those = [m for m in modes().values() if group_of(m) == group]
        if group != GROUPS[0]:
            w.spaced(0.1)
        w.words(_(group), seen.theme.faint)
        options = [(m.name, _(m.name).capitalize()) for m in those]
        tips = [f"{_(m.says)}  ({m.key.removeprefix('_')})" for m in those]
        taken = w.choice(group, options, seen.state.mode, COLUMNS, tips)
        if taken is not None:
            send(f"mode {taken}")
    w.words(_(modes()[seen.state.mode].says), seen.theme.faint)


PANEL = Panel("mode", marked("Way of looking"), LOOK, 10, _draw)
