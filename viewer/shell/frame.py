"""One frame of all that lies around and over the picture of the model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from imgui_bundle import imgui

from viewer.language import _
from viewer.panels import panels
from viewer.panels.panel import COMPARE, TABS, Panel, Seen, Send
from viewer.shell import legend, signs
from viewer.shell import widgets as w
from viewer.shell.bar import draw_bar
from viewer.shell.chooser import draw_chooser
from viewer.shell.choosing import Wanted
from viewer.shell.foot import draw_foot, draw_scale
from viewer.shell.keys import draw_keys
from viewer.shell.notices import draw_notices
from viewer.shell.places import Box, Places
from viewer.shell.question import ask_save, ask_unit
from viewer.shell.told import Notice
from viewer.state.desk import LOOK
from viewer.tools import tools

_FLAGS = imgui.WindowFlags_
_FIXED = _FLAGS.no_decoration | _FLAGS.no_move | _FLAGS.no_saved_settings | _FLAGS.no_bring_to_front_on_focus

_WITH_LEGEND = ("Look", COMPARE)


@dataclass(frozen=True)
class Over:
    """What lies over the picture: notices, the map of keys, a file being chosen, what is asked, a rectangle that is
    being drawn (left, top, right, foot)."""

    notices: tuple[Notice, ...] = ()
    keys: bool = False
    chooser: Wanted | None = None
    asks_unit: bool = False
    asks_save: bool = False
    rectangle: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Answer:
    """What the hand did over the picture that is no command: the file that is being chosen, and the one that was."""

    chooser: Wanted | None
    chosen: Path | None = None


def draw_frame(seen: Seen, send: Send, places: Places, over: Over) -> Answer:
    """Between imgui's new frame and its render."""
    if places.bar is not None and places.side is not None and places.foot is not None:
        _bar(seen, send, places.bar)
        _side(seen, send, places.side)
        _foot(seen, send, places)
    if places.bar is None:
        _scale(seen, places.picture)
    if places.bar is None or seen.settings.tab not in _WITH_LEGEND:
        _legend(seen, places.picture)
    if over.rectangle is not None:
        left, top, right, foot = over.rectangle
        pen = imgui.get_foreground_draw_list()
        pen.add_rect(imgui.ImVec2(left, top), imgui.ImVec2(right, foot), w.code(seen.theme.chosen), 0, 2 * seen.scale)
    if seen.desk.tool != LOOK:
        _hint(seen, places.picture)
    if over.asks_save:
        ask_save(seen, send, places.picture)
    elif over.asks_unit and not over.keys and over.chooser is None:
        ask_unit(seen, send, places.picture)
    closed = draw_notices(over.notices, seen.busy, places.picture, seen.theme, seen.scale)
    if closed is not None:
        send(f"read {closed}")
    whole = Box(0, 0, *imgui.get_io().display_size)
    if over.chooser is not None:
        wanted, chosen = draw_chooser(seen, over.chooser, whole)
        return Answer(wanted, chosen)
    if over.keys and draw_keys(seen, whole):
        send("keys")
    return Answer(None)


def _begin(name: str, box: Box, padding: tuple[float, float], more: int = 0) -> None:
    imgui.set_next_window_pos(imgui.ImVec2(box.left, box.top))
    imgui.set_next_window_size(imgui.ImVec2(box.width, box.height))
    imgui.push_style_var(imgui.StyleVar_.window_padding, imgui.ImVec2(*padding))
    imgui.begin(f"###{name}", None, _FIXED | more)
    imgui.pop_style_var()


def _edge(seen: Seen, box: Box, horizontal: bool, at: float) -> None:
    """A fine line where a panel ends."""
    pen = imgui.get_window_draw_list()
    ends = ((box.left, at), (box.left + box.width, at)) if horizontal else ((at, box.top), (at, box.top + box.height))
    pen.add_line(imgui.ImVec2(*ends[0]), imgui.ImVec2(*ends[1]), w.code(seen.theme.edge), max(1.0, seen.scale))


def _bar(seen: Seen, send: Send, box: Box) -> None:
    pad = (box.height - imgui.get_frame_height()) / 2
    _begin("bar", box, (10 * seen.scale, pad), _FLAGS.no_scroll_with_mouse)
    draw_bar(seen, send)
    _edge(seen, box, True, box.top + box.height - 0.5)
    imgui.end()


def _foot(seen: Seen, send: Send, places: Places) -> None:
    assert places.foot is not None
    pad = (places.foot.height - imgui.get_frame_height()) / 2
    _begin("foot", places.foot, (12 * seen.scale, pad), _FLAGS.no_scroll_with_mouse)
    draw_foot(seen, send, places.picture.height)
    _edge(seen, places.foot, True, places.foot.top + 0.5)
    imgui.end()


def _side(seen: Seen, send: Send, box: Box) -> None:
    """Tabs, and under them the panels of the one that is open."""
    s = seen.scale
    _begin("side", box, (14 * s, 10 * s))
    taken = w.tabs([(t, _(t), signs.TABS[t]) for t in TABS if any(p.tab == t for p in panels())], seen.settings.tab, seen)
    if taken is not None:
        send(f"tab {taken}")
    w.spaced(0.2)
    imgui.begin_child("panels", imgui.ImVec2(0, 0), 0, _FLAGS.no_background)
    for panel in panels():
        if panel.tab == seen.settings.tab and panel.wanted(seen):
            _panel(seen, send, panel)
    imgui.end_child()
    _edge(seen, box, False, box.left + 0.5)
    imgui.end()


def _panel(seen: Seen, send: Send, panel: Panel) -> None:
    """Folded or open under its title."""
    was_open = panel.name not in seen.settings.closed
    imgui.set_next_item_open(was_open)
    imgui.push_style_var(imgui.StyleVar_.frame_padding, imgui.ImVec2(2 * seen.scale, 5 * seen.scale))
    with w.font(seen.letters.bold, 0), w.coloured(header=(0, 0, 0, 0), border=(0, 0, 0, 0)):
        is_open = imgui.collapsing_header(f" {_(panel.title)}###{panel.name}")
    imgui.pop_style_var()
    if is_open != was_open:
        send(f"panel {panel.name}")
    if is_open:
        imgui.push_id(panel.name)
        panel.draw(seen, send)
        imgui.pop_id()
        w.spaced(0.5)


def _hint(seen: Seen, box: Box) -> None:
    """What the tool in hand asks for, at the top of the picture."""
    s, own = seen.scale, tools()[seen.desk.tool]
    imgui.set_next_window_pos(imgui.ImVec2(box.left + 12 * s, box.top + 12 * s))
    imgui.push_style_var(imgui.StyleVar_.window_rounding, 6 * s)
    imgui.set_next_window_bg_alpha(0.92)
    imgui.begin("###hint", None, _FIXED | _FLAGS.no_inputs | _FLAGS.always_auto_resize)
    with w.font(seen.letters.bold, 0):
        imgui.text_colored(imgui.ImVec4(*seen.theme.chosen), _(own.name).capitalize())
    imgui.same_line()
    imgui.text_unformatted(_(own.says))
    imgui.same_line()
    imgui.text_disabled(_("(Esc: put it down)"))
    imgui.end()
    imgui.pop_style_var()


def _scale(seen: Seen, box: Box) -> None:
    """Over the picture, where the line at the foot that has it is hidden."""
    s = seen.scale
    imgui.set_next_window_bg_alpha(0.85)
    imgui.set_next_window_pos(imgui.ImVec2(box.left + 12 * s, box.top + box.height - 12 * s), pivot=imgui.ImVec2(0, 1))
    imgui.push_style_var(imgui.StyleVar_.window_rounding, 6 * s)
    imgui.begin("###scale", None, _FIXED | _FLAGS.no_inputs | _FLAGS.always_auto_resize)
    draw_scale(seen, box.height)
    imgui.end()
    imgui.pop_style_var()


def _legend(seen: Seen, box: Box) -> None:
    """What the colours mean, over the picture, where no panel says it."""
    if seen.field is None or not seen.field.colours:
        return
    s = seen.scale
    imgui.set_next_window_bg_alpha(0.85)
    top = box.top + (60 if seen.desk.tool != LOOK else 12) * s
    imgui.set_next_window_pos(imgui.ImVec2(box.left + 12 * s, top))
    imgui.set_next_window_size(imgui.ImVec2(min(300 * s, box.width - 24 * s), 0))
    imgui.push_style_var(imgui.StyleVar_.window_rounding, 6 * s)
    imgui.begin("###legend", None, _FIXED | _FLAGS.no_inputs)
    legend.draw_legend(seen.field, seen.theme, s)
    imgui.end()
    imgui.pop_style_var()
