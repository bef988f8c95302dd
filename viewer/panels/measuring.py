"""The tools that measure, and the list of what was measured."""

from __future__ import annotations

from imgui_bundle import imgui

from sculpt3d.desk.measurements import Failed
from viewer.language import _
from viewer.language.library import of_library
from viewer.panels.panel import MEASURE, Panel, Seen, Send
from viewer.shell import signs
from viewer.shell import widgets as w
from viewer.shell.quantities import worded
from viewer.shell.rows import draw_heading, draw_name, draw_row
from viewer.shell.tool_buttons import draw_tools
from viewer.state.desk import Item
from viewer.state.keymap import marked

# what measurements may also say, for the catalogues
QUANTITIES = (
    marked("angle"), marked("area"), marked("axis from vertical"), marked("deviation from vertical"), marked("diameter"),
    marked("flatness"), marked("height difference"), marked("height"), marked("highest"), marked("horizontal"),
    marked("lowest"), marked("out of plumb"), marked("perimeter"), marked("radius"), marked("residual (rms)"), marked("volume"),
    marked("centre x"), marked("centre y"), marked("centre z"),
)  # fmt: skip


def _draw(seen: Seen, send: Send) -> None:
    if seen.desk.bench.mm is None:
        w.words(_("The model has no scale; say its unit first (in the line at the foot)."), seen.theme.warn)
    draw_tools(seen, send, "measure", 3)
    found = seen.desk.content.measurements
    w.spaced(0.2)
    draw_heading(seen, send, "measurements", len(found))
    for k, one in enumerate(found):
        imgui.push_id(k)
        item: Item = ("measurements", k)
        if draw_row(seen, send, item, one):
            draw_name(seen, send, item, one)
        _value(seen, one)
        imgui.pop_id()
    if found:
        _export(send)


def _value(seen: Seen, one: object) -> None:
    """With its ±, what else is known, and what must be said of it."""
    result = seen.desk.bench.asked(one)  # type: ignore[arg-type]
    imgui.indent(imgui.get_frame_height())
    if result is None:
        w.words("…", seen.theme.faint)
    elif isinstance(result, Failed):
        w.words(of_library(result.reason), seen.theme.wrong)
    else:
        with w.font(seen.letters.bold, 0):
            w.words(worded(result.value))
        for more in result.more[:4]:
            w.words(f"{of_library(more.name)}: {worded(more)}", seen.theme.faint)
        for note in result.notes:
            w.words(of_library(note), seen.theme.warn)
    imgui.unindent(imgui.get_frame_height())


def _export(send: Send) -> None:
    half = imgui.ImVec2((imgui.get_content_region_avail().x - imgui.get_style().item_spacing.x) / 2, 0)
    if imgui.button(f"{signs.EXPORT}  CSV###csv", half):
        send("export measurements csv")
    imgui.same_line()
    if imgui.button(f"{signs.EXPORT}  JSON###json", half):
        send("export measurements json")


PANEL = Panel("measuring", marked("Measuring"), MEASURE, 10, _draw)
