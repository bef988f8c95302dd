"""The map of keys, made of the tables that the keys come from."""

from __future__ import annotations

from imgui_bundle import imgui

from viewer.language import _
from viewer.modes import modes
from viewer.panels.panel import Seen
from viewer.shell import signs
from viewer.shell import widgets as w
from viewer.shell.places import Box
from viewer.shell.tool_buttons import keys_shown
from viewer.state.keymap import GESTURES, TABLE, marked
from viewer.tools import tools

_COLUMNS = 4
MODES, TOOLS, HAND = marked("Way of looking"), marked("Tools"), marked("Hand")


def listed() -> dict[str, list[tuple[str, str]]]:
    """Groups of (key, what it does), translated; every key and gesture there is."""
    groups: dict[str, list[tuple[str, str]]] = {_(HAND): [(_(g.hand), _(g.says)) for g in GESTURES]}
    for key in TABLE:
        groups.setdefault(_(key.group), []).append((key.shown, _(key.says)))
    groups[_(TOOLS)] = [(keys_shown(t.key), _(t.name).capitalize()) for t in tools().values()]
    groups[_(MODES)] = [(m.key.removeprefix("_"), _(m.name).capitalize()) for m in modes().values()]
    return groups


def draw_keys(seen: Seen, box: Box) -> bool:
    """In the middle of `box`; whether it was closed."""
    wide, high = min(1180 * seen.scale, box.width * 0.97), min(700 * seen.scale, box.height * 0.96)
    w.in_the_middle(box, wide, high, seen.scale)
    flags = imgui.WindowFlags_
    imgui.push_style_var(imgui.StyleVar_.window_padding, imgui.ImVec2(20 * seen.scale, 16 * seen.scale))
    imgui.begin("###keys", None, flags.no_decoration & ~flags.no_scrollbar | flags.no_move | flags.no_saved_settings)
    with w.font(seen.letters.bold, 17):
        imgui.text_unformatted(_("Keys and gestures"))
    imgui.same_line(imgui.get_window_width() - 44 * seen.scale)
    closed = imgui.button(f"{signs.CLOSE}###close")
    w.spaced(0.3)
    if imgui.begin_table("keys", _COLUMNS, imgui.TableFlags_.sizing_stretch_same):
        groups = listed()
        for column in _columns(groups):
            imgui.table_next_column()
            for group in column:
                _group(seen, group, groups[group])
        imgui.end_table()
    imgui.end()
    imgui.pop_style_var(3)
    return bool(closed)


def _columns(groups: dict[str, list[tuple[str, str]]]) -> list[list[str]]:
    """Groups stay whole, the longest first, each into the column that is shortest so far."""
    columns: list[list[str]] = [[] for _column in range(_COLUMNS)]
    length = [0] * _COLUMNS
    for name in sorted(groups, key=lambda g: -len(groups[g])):
        k = length.index(min(length))
        columns[k].append(name)
        length[k] += len(groups[name]) + 2
    return columns


def _group(seen: Seen, name: str, lines: list[tuple[str, str]]) -> None:
    with w.font(seen.letters.bold, 0):
        w.words(name, seen.theme.chosen)
    if imgui.begin_table(name, 2, imgui.TableFlags_.sizing_fixed_fit):
        imgui.table_setup_column("key")
        imgui.table_setup_column("says", imgui.TableColumnFlags_.width_stretch)
        for key, says in lines:
            imgui.table_next_column()
            imgui.push_text_wrap_pos(imgui.get_cursor_pos_x() + 100 * seen.scale)
            imgui.text_unformatted(key)
            imgui.pop_text_wrap_pos()
            imgui.table_next_column()
            w.words(says, seen.theme.faint)
        imgui.end_table()
    w.spaced(0.4)
