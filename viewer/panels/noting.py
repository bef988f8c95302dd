"""Notes on the object: a place, a line or a painted region, with a condition, words and an author."""

from __future__ import annotations

from typing import Any

from imgui_bundle import imgui

from sculpt3d.desk.conditions import named
from viewer.language import _
from viewer.panels.panel import NOTES, Panel, Seen, Send
from viewer.shell import signs
from viewer.shell import widgets as w
from viewer.shell.rows import draw_heading, draw_name, draw_row
from viewer.shell.theme import Rgba
from viewer.shell.tool_buttons import draw_tools, shorter
from viewer.state.desk import Item
from viewer.state.keymap import marked
from viewer.state.notes import colour_of

_SHAPES = {"point": marked("point"), "line": marked("line"), "region": marked("region")}


def _draw(seen: Seen, send: Send) -> None:
    _next(seen, send)
    draw_tools(seen, send, "note", 3, shorter((_("note"), "note")))
    found = seen.desk.content.annotations
    w.spaced(0.2)
    draw_heading(seen, send, "annotations", len(found))
    for k, one in enumerate(found):
        imgui.push_id(k)
        item: Item = ("annotations", k)
        said = f"{k + 1}  {_condition(seen, one.condition)}, {_(_SHAPES[one.shape])}"
        if draw_row(seen, send, item, _Titled(said), _rgba(seen, one.condition, one.colour)):
            _chosen(seen, send, item, one)
        elif one.text:
            imgui.indent(imgui.get_frame_height())
            w.words(one.text, seen.theme.faint)
            imgui.unindent(imgui.get_frame_height())
        imgui.pop_id()
    _export(seen, send)


def _next(seen: Seen, send: Send) -> None:
    """What the next note will say."""
    settings = seen.desk.settings
    w.label(_("Condition"))
    taken = w.picked("condition", _conditions(seen), settings.condition)
    if taken is not None:
        send("set", condition=taken)
    for field, title in (("text", _("Words")), ("author", _("Author"))):
        w.label(title)
        changed, text = imgui.input_text(f"##{field}", getattr(settings, field))
        if changed:
            send("set", **{field: text})


def _chosen(seen: Seen, send: Send, item: Item, one: Any) -> None:
    w.label(_("Condition"))
    taken = w.picked("condition", _conditions(seen), one.condition)
    if taken is not None:
        send("change", item, condition=taken)
    for field, title in (("text", _("Words")), ("author", _("Author")), ("photo", _("Photo"))):
        draw_name(seen, send, item, one, field, title)
    w.tip(_("A picture in the model's folder or below it"))
    red, green, blue, _alpha = _rgba(seen, one.condition, one.colour)
    w.label(_("Colour"))
    flags = imgui.ColorEditFlags_.no_inputs | imgui.ColorEditFlags_.no_label
    changed, new = imgui.color_edit3("##colour", [red, green, blue], flags)
    if changed:
        send("change", item, colour="#" + "".join(f"{round(255 * v):02x}" for v in new))
    w.words(f"{one.modified or one.created}".replace("T", "  ")[:20], seen.theme.faint)


def _conditions(seen: Seen) -> list[tuple[str, str]]:
    return [(key, _(c.name)) for key, c in seen.desk.bench.conditions.items()]


def _condition(seen: Seen, key: str) -> str:
    return _(named(key, seen.desk.bench.conditions))


def _rgba(seen: Seen, condition: str, own: str) -> Rgba:
    return (*colour_of(seen.desk, condition, own), 1.0)


class _Titled:
    """A row's words where what is kept has no name."""

    def __init__(self, name: str) -> None:
        self.name = name


def _export(seen: Seen, send: Send) -> None:
    if seen.desk.content.annotations and w.wide_button(f"{signs.EXPORT}  {_('Condition map ...')}###map", True):
        send("export notes pdf")
    w.tip(_("A sheet with legend and areas: PDF or SVG; or a table: CSV, JSON"))
    if w.wide_button(f"{signs.PEN}  {_('Edit the words for conditions')}###words"):
        send("conditions")
    w.tip(_("Puts conditions.toml beside the model, to be edited: words and colours of your house"))


PANEL = Panel("noting", marked("Notes"), NOTES, 10, _draw)
