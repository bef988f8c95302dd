"""Commands that a window has beyond those of its state: files, units, settings, what lies over the picture.

A command is a text; what stands behind its name is its value. Those that are not here are the state's own.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sculpt3d.desk.conditions import write_conditions
from sculpt3d.desk.kept_unit import keep_unit, view_beside
from sculpt3d.errors import InputError
from sculpt3d.models.document import Document
from viewer.drawing.picture import framed
from viewer.files.desks import as_left, desk_told, read_desk, write_desk
from viewer.files.loading import load, with_unit
from viewer.files.saving import free_name, save_picture
from viewer.language import LANGUAGES, _, speak
from viewer.overlay.words import draw_on
from viewer.plates.asked import kinds_of
from viewer.shell.choosing import Wanted
from viewer.shell.exports import ENDINGS, export
from viewer.state.bench import Bench
from viewer.state.desk import ACTS, LOOK, act
from viewer.state.values import act as set_value
from viewer.tools import tool

if TYPE_CHECKING:
    from viewer.window import Desk

MODELS = (".glb", ".gltf", ".ply", ".obj", ".stl", ".xyz", ".las", ".laz", ".e57")


def carry_out(desk: Desk, command: str, *what: Any, **more: Any) -> None:
    """Raises `SculptError` or `OSError` with what to tell."""
    name, _space, value = command.partition(" ")
    if what or more:
        desk.desk = act(desk.desk, command, *what, **more)
    elif command in _ORDERS:
        _ORDERS[command](desk)
    elif command in ACTS:
        desk.desk = act(desk.desk, command)
    elif name in _WITH_VALUE and value:
        _WITH_VALUE[name](desk, value)
    else:
        desk.state = set_value(command, desk.state)


# files


def _choose(desk: Desk) -> None:
    desk.choose(Wanted("open", _("Open a model"), MODELS, _folder(desk)))


def _open(desk: Desk, value: str) -> None:
    """A model, a project, or a saved view of what is open."""
    path = Path(value)
    if path.suffix.lower() == ".json":
        desk.desk = read_desk(path, desk.desk)
        return
    if desk.stays(f"open {value}"):
        return

    def taken(document: Document) -> None:
        state = replace(framed(document, desk.picture_size()), turntable=desk.state.turntable)
        desk.take_up(document, as_left(Bench(document, path.resolve()), state), path)
        if desk.after_opening:
            command, desk.after_opening = desk.after_opening, ""
            desk.send(command)

    desk.jobs.start("open", _("Opening {name} ...").format(name=path.name), lambda: load(path), taken)


def _compare(desk: Desk, value: str) -> None:
    """With a second file, shown against this one."""
    desk.desk = act(desk.desk, "compare", Path(value))
    desk.state = replace(desk.state, mode="deviation")


def _choose_second(desk: Desk) -> None:
    desk.choose(Wanted("compare", _("Compare with"), MODELS, _folder(desk)))


def _folder(desk: Desk) -> Path:
    return Path.cwd() if desk.path is None else desk.path.parent


def _then(desk: Desk, value: str) -> None:
    """When what is being opened is there."""
    if desk.jobs.running("open"):
        desk.after_opening = value
    else:
        desk.send(value)


def _save_view(desk: Desk) -> None:
    target = view_beside(desk.path or Path(desk.document.name))
    if not os.access(target.parent, os.W_OK):
        target = Path(target.name)
    write_desk(target, desk.desk)
    desk.saved = desk.desk.content
    desk.tell("done", _("View saved: {path}").format(path=target.resolve()))


def _screenshot(desk: Desk) -> None:
    target = free_name(Path(f"{desk.document.name}.png"))
    pixels = draw_on(desk.model_picture(), desk.document, desk.state, desk.shown.field)
    save_picture(target, pixels, desk_told(desk.desk))
    desk.tell("done", _("Picture saved: {path}").format(path=target.resolve()))


def _publish(desk: Desk, value: str) -> None:
    """Where to is asked; then `render` runs."""
    endings = kinds_of(shlex.split(value))
    name = free_name(_folder(desk) / f"{desk.document.name}{endings[0]}")
    desk.choose(Wanted(f"write picture {value} -o", _("Picture to publish"), endings, name, saves=True))


def _export(desk: Desk, value: str) -> None:
    """Of `ENDINGS`, and which one: where to is asked, then the command line runs."""
    what = next(w for w in ENDINGS if value.startswith(w))
    endings = ENDINGS[what]
    name = f"{desk.document.name}{'' if endings[0] else ' compared'}{endings[0]}"
    title = _("Write {what}").format(what=endings[0] or _("the report into a new folder"))
    desk.choose(Wanted(f"write {value} -o", title, endings, free_name(_folder(desk) / name), saves=True))


def _write(desk: Desk, value: str) -> None:
    """In a process beside the window, on the desk as it is now."""
    told, _sep, target = value.rpartition(" -o ")
    what = next((w for w in ("picture", *ENDINGS) if told.startswith(w)), None)
    if what is None or not target:
        raise InputError("write needs what to write, and -o and a file's name behind it")
    options, now, path = shlex.split(told.removeprefix(what)), desk.desk, Path(target)
    says = _("Writing {name} ...").format(name=path.name)
    desk.jobs.start(
        "write",
        says,
        lambda: export(what, options, now, path),
        lambda done: desk.tell("done", _("Written: {path}").format(path=done.resolve())),
    )


def _conditions(desk: Desk) -> None:
    """The list of conditions as a file to be edited."""
    if desk.path is None:
        raise InputError("There is no model's folder that a list of conditions could lie in")
    path = write_conditions(desk.path)
    desk.tell("done", _("Edit {path} and open the model again").format(path=path))


def _unit(desk: Desk, value: str) -> None:
    """Said once and kept; "none": nobody knows."""
    desk.asks_unit = False
    if value == "none":
        return
    if desk.path is None:
        return
    kept = keep_unit(desk.path, value)
    desk.in_unit(with_unit(desk.document, value), value)
    desk.tell("done", _("A unit is 1 {unit}; kept in {path}").format(unit=value, path=kept))


# the window


def _language(desk: Desk, value: str) -> None:
    if value not in LANGUAGES:
        raise InputError(f"{value} is no language here; give {', '.join(LANGUAGES)}")
    desk.set(replace(desk.settings, language=value))
    speak(value)
    desk.say_missing_letters()


def _theme(desk: Desk, value: str) -> None:
    if value not in ("dark", "light"):
        raise InputError(f"{value} is no theme; give dark or light")
    desk.set(replace(desk.settings, theme=value))


def _scale(desk: Desk, value: str) -> None:
    scale = float(value)
    desk.set(replace(desk.settings, scale=scale if 0.5 <= scale <= 4 else 0.0))


def _fingers(desk: Desk, value: str) -> None:
    desk.set(replace(desk.settings, fingers="turn" if value == "turn" else "zoom"))


def _tab(desk: Desk, value: str) -> None:
    desk.set(replace(desk.settings, tab=value))


def _panel(desk: Desk, value: str) -> None:
    """Folded, or opened again."""
    closed = tuple(p for p in desk.settings.closed if p != value)
    desk.set(replace(desk.settings, closed=closed if len(closed) < len(desk.settings.closed) else (*closed, value)))


def _panels(desk: Desk) -> None:
    desk.set(replace(desk.settings, panels=not desk.settings.panels))
    if desk.shell is None:
        desk.state = set_value("help", desk.state)


def _keys(desk: Desk) -> None:
    desk.shows_keys = not desk.shows_keys


def _leave(desk: Desk) -> None:
    """What lies on top goes first; then what was begun, then the tool, then what was told."""
    if desk.leaving:
        desk.leaving = ""
    elif desk.shows_keys or desk.chooser is not None:
        desk.shows_keys, desk.chooser = False, None
    elif desk.desk.tool != LOOK or desk.desk.selected is not None:
        desk.desk = act(desk.desk, "cancel")
    elif desk.notices:
        desk.notices = desk.notices[:-1]


def _finish(desk: Desk) -> None:
    if desk.desk.tool != LOOK:
        desk.desk = tool(desk.desk.tool).finish(desk.desk)


def _delete(desk: Desk) -> None:
    if desk.desk.selected is not None:
        desk.desk = act(desk.desk, "delete", desk.desk.selected)


def _read(desk: Desk, value: str) -> None:
    k = int(value)
    desk.notices = (*desk.notices[:k], *desk.notices[k + 1 :])


def _quit(desk: Desk) -> None:
    desk.on_close()


def _leave_saved(desk: Desk) -> None:
    _save_view(desk)
    _leave_unsaved(desk)


def _leave_unsaved(desk: Desk) -> None:
    """What was asked for before it was asked whether to save."""
    command, desk.leaving, desk.saved = desk.leaving, "", desk.desk.content
    desk.send(command)


def _stay(desk: Desk) -> None:
    desk.leaving = ""


_ORDERS: dict[str, Callable[[Desk], None]] = {
    "open": _choose,
    "compare": _choose_second,
    "save view": _save_view,
    "screenshot": _screenshot,
    "help": _panels,
    "keys": _keys,
    "leave": _leave,
    "finish": _finish,
    "delete selected": _delete,
    "conditions": _conditions,
    "quit": _quit,
    "leave saved": _leave_saved,
    "leave unsaved": _leave_unsaved,
    "stay": _stay,
}
_WITH_VALUE: dict[str, Callable[[Desk, str], None]] = {
    "open": _open,
    "compare": _compare,
    "then": _then,
    "publish": _publish,
    "export": _export,
    "write": _write,
    "unit": _unit,
    "language": _language,
    "theme": _theme,
    "scale": _scale,
    "fingers": _fingers,
    "tab": _tab,
    "panel": _panel,
    "read": _read,
}
