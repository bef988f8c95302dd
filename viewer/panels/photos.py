"""The photos of a place, and where all photos were taken from."""

from __future__ import annotations

from viewer.language import _
from viewer.language.library import of_library
from viewer.panels.panel import NOTES, Panel, Seen, Send
from viewer.shell import widgets as w
from viewer.shell.tool_buttons import draw_tools
from viewer.state.cameras import close_ups
from viewer.state.keymap import marked


def _wanted(seen: Seen) -> bool:
    """A file alone has no photos."""
    return seen.path.is_dir() or seen.path.stem == "model"


def _draw(seen: Seen, send: Send) -> None:
    draw_tools(seen, send, "photos", 1)
    if w.check(_("Show where photos were taken from"), seen.desk.cameras):
        send("cameras")
    if seen.desk.tool == "photos" and seen.desk.draft.points:
        found = close_ups(seen.desk.bench, seen.desk.draft.points[0])
        if isinstance(found, str):
            w.words(of_library(found), seen.theme.warn)
        for one in found if isinstance(found, list) else ():
            w.words(one.caption, seen.theme.faint)


PANEL = Panel("photos", marked("Photos"), NOTES, 20, _draw, _wanted)
