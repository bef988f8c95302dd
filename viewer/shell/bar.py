"""The bar at the top: files, what was done, tools in hand, and how the window itself looks."""

from __future__ import annotations

from imgui_bundle import imgui

from viewer.language import LANGUAGES, _, spoken
from viewer.panels.panel import Seen, Send
from viewer.shell import signs
from viewer.shell import widgets as w

NARROW = 720  # pixels before scaling
_SCALES = (0.0, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0)


def draw_bar(seen: Seen, send: Send) -> None:
    with w.coloured(button=(0, 0, 0, 0), border=(0, 0, 0, 0)):
        _files(seen, send)
        _line(seen)
        _moves(seen, send)
        _window(seen, send)


def _files(seen: Seen, send: Send) -> None:
    if imgui.button(f"{_named(seen, signs.OPEN, _('Open'))}###open"):
        send("open")
    w.tip(_("A model or a project, or drop it into the window") + "  (Ctrl+O)")
    imgui.same_line(0, 0)
    with w.greyed(not seen.recent):
        if imgui.button(f"{signs.RECENT}###recent"):
            imgui.open_popup("recent")
    w.tip(_("Opened last"))
    if imgui.begin_popup("recent"):
        w.words(_("Opened last"), seen.theme.faint)
        for k, path in enumerate(seen.recent):
            if imgui.selectable(f"{path.name}###recent{k}", path == seen.path)[0]:
                send(f"open {path}")
            w.tip(str(path))
        imgui.end_popup()
    imgui.same_line()
    if imgui.button(f"{_named(seen, signs.COMPARE, _('Compare'))}###compare"):
        send("compare")
    w.tip(_("With a second model of the same object: what changed"))
    imgui.same_line()
    if imgui.button(f"{_named(seen, signs.SAVE, _('Save view'))}###save"):
        send("save view")
    w.tip(_("Camera, look, light and what was measured, beside the model") + "  (V)")
    imgui.same_line()
    if imgui.button(f"{_named(seen, signs.PICTURE, _('Picture'))}###picture"):
        send("screenshot")
    w.tip(_("Of the model as it is seen now") + "  (S)")


def _named(seen: Seen, sign: str, words: str) -> str:
    """In a narrow window the sign alone: its words are in the tip."""
    return f"{sign}  {words}" if imgui.get_window_width() >= NARROW * seen.scale else sign


def _line(seen: Seen) -> None:
    imgui.same_line(0, 12 * seen.scale)
    at = imgui.get_cursor_screen_pos()
    high = imgui.get_frame_height()
    ink = w.code(seen.theme.edge)
    imgui.get_window_draw_list().add_line(imgui.ImVec2(at.x, at.y), imgui.ImVec2(at.x, at.y + high), ink, seen.scale)
    imgui.dummy(imgui.ImVec2(1, high))
    imgui.same_line(0, 12 * seen.scale)


def _moves(seen: Seen, send: Send) -> None:
    for sign, command, says, on in (
        (signs.UNDO, "undo", _("Camera one step back") + "  (Z)", bool(seen.state.past)),
        (signs.REDO, "redo", _("Camera one step forward") + "  (Y)", bool(seen.state.future)),
        (signs.FRAME, "frame", _("Show the whole model") + "  (F)", True),
    ):
        with w.greyed(not on):
            if imgui.button(f"{sign}###{command}"):
                send(command)
        w.tip(says)
        imgui.same_line(0, 2 * seen.scale)


def _window(seen: Seen, send: Send) -> None:
    """At the right end."""
    language = _named(seen, signs.LANGUAGE, LANGUAGES[spoken()])
    names = (f"{language}###language", f"{signs.THEME}###theme", f"{signs.LETTERS}###letters",
             f"{signs.KEYS}###keys", f"{signs.PANELS}###panels")  # fmt: skip
    style = imgui.get_style()
    wide = sum(imgui.calc_text_size(n, True).x + 2 * style.frame_padding.x for n in names)
    imgui.same_line(imgui.get_window_width() - wide - 2 * seen.scale * len(names) - style.window_padding.x)
    if imgui.button(names[0]):
        imgui.open_popup("language")
    w.tip(_("Language"))
    imgui.same_line(0, 2 * seen.scale)
    if imgui.button(names[1]):
        send("theme light" if seen.theme.name == "dark" else "theme dark")
    w.tip(_("Dark or light panels"))
    imgui.same_line(0, 2 * seen.scale)
    if imgui.button(names[2]):
        imgui.open_popup("letters")
    w.tip(_("Size of letters; what two fingers do"))
    imgui.same_line(0, 2 * seen.scale)
    if imgui.button(names[3]):
        send("keys")
    w.tip(_("Keys and gestures") + "  (?)")
    imgui.same_line(0, 2 * seen.scale)
    if imgui.button(names[4]):
        send("help")
    w.tip(_("Show or hide the panels") + "  (H)")
    _languages(seen, send)
    _letters(seen, send)


def _languages(seen: Seen, send: Send) -> None:
    if imgui.begin_popup("language"):
        for language, name in LANGUAGES.items():
            shown = name if not seen.letters.lacking(name) else "Chinese"
            if imgui.menu_item(f"{shown}###{language}", "", spoken() == language)[0]:
                send(f"language {language}")
        imgui.end_popup()


def _letters(seen: Seen, send: Send) -> None:
    if imgui.begin_popup("letters"):
        w.words(_("Size of letters"), seen.theme.faint)
        for scale in _SCALES:
            name = f"{scale:.0%}" if scale else _("As the screen asks")
            if imgui.menu_item(f"{name}###{scale}", "", seen.settings.scale == scale)[0]:
                send(f"scale {scale:g}")
        imgui.separator()
        w.words(_("Two fingers up and down"), seen.theme.faint)
        for fingers, name in (("zoom", _("Zoom; with Shift: turn")), ("turn", _("Turn; with Ctrl: zoom"))):
            if imgui.menu_item(f"{name}###{fingers}", "", seen.settings.fingers == fingers)[0]:
                send(f"fingers {fingers}")
        imgui.end_popup()
