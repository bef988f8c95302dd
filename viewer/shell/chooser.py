"""Choosing a file: the system's own dialog where there is one, else a path and a list in the window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from imgui_bundle import imgui, portable_file_dialogs

from viewer.language import _
from viewer.panels.panel import Seen
from viewer.shell import signs
from viewer.shell import widgets as w
from viewer.shell.choosing import Wanted, ended, listed
from viewer.shell.places import Box


class Native:
    """The system's dialog, which lives beside the window; ask `answer` again and again."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        kinds = [" ".join(wanted.endings), " ".join(f"*{e}" for e in wanted.endings), _("All files"), "*"]
        start = str(wanted.path)
        self._dialog: Any = (
            portable_file_dialogs.save_file(wanted.title, start, kinds)
            if wanted.saves
            else portable_file_dialogs.open_file(wanted.title, start, kinds)
        )

    def answer(self) -> Path | str | None:
        """The file; "" where the person left; None while the dialog is open."""
        if not self._dialog.ready(0):
            return None
        result = self._dialog.result()
        first = result if isinstance(result, str) else next(iter(result), "")
        return ended(Path(first), self.wanted) if first else ""


def has_native() -> bool:
    dialogs: Any = portable_file_dialogs  # whose typing leaves settings out
    return bool(dialogs.settings.available())


def draw_chooser(seen: Seen, wanted: Wanted, box: Box) -> tuple[Wanted | None, Path | None]:
    """What is wanted from now on (None: the person left), and the file where one was taken."""
    wide, high = min(620 * seen.scale, box.width * 0.96), min(460 * seen.scale, box.height * 0.96)
    w.in_the_middle(box, wide, high, seen.scale)
    flags = imgui.WindowFlags_
    imgui.begin("###chooser", None, flags.no_decoration | flags.no_move | flags.no_saved_settings)
    with w.font(seen.letters.bold, 17):
        imgui.text_unformatted(wanted.title)
    left, taken = _field(seen, wanted)
    after, clicked = _list(seen, wanted)
    imgui.end()
    imgui.pop_style_var(2)
    taken = taken or clicked
    if left or taken is not None:
        return None, taken
    return after, None


def _field(seen: Seen, wanted: Wanted) -> tuple[bool, Path | None]:
    """Whether it was left, and the path where it was taken."""
    text = seen.memory.get("path", str(wanted.path))
    buttons = 190 * seen.scale
    if imgui.is_window_appearing():
        text = str(wanted.path)
        imgui.set_keyboard_focus_here()
    imgui.set_next_item_width(imgui.get_content_region_avail().x - buttons)
    entered, text = imgui.input_text("##path", text, imgui.InputTextFlags_.enter_returns_true)
    seen.memory.put("path", text)
    imgui.same_line()
    size = imgui.ImVec2((buttons - 2 * imgui.get_style().item_spacing.x) / 2, 0)
    pressed = w.toggle(f"{_('Save') if wanted.saves else _('Open')}###take", True, size)
    imgui.same_line()
    left = imgui.button(f"{_('Leave')}###leave", size)
    path = Path(text).expanduser()
    good = bool(text.strip()) and (path.absolute().parent.is_dir() if wanted.saves else path.exists())
    taken = ended(path, wanted) if (entered or pressed) and good else None
    if text.strip() and not good:
        w.words(_("There is no such file."), seen.theme.warn)
    return bool(left), taken


def _list(seen: Seen, wanted: Wanted) -> tuple[Wanted, Path | None]:
    """The folder of the path in the field; a click on a file takes it, on a folder goes there."""
    at = Path(seen.memory.get("path", str(wanted.path))).expanduser()
    folder = at if at.is_dir() else at.parent
    imgui.begin_child("list", imgui.ImVec2(0, 0), imgui.ChildFlags_.borders)
    taken: Path | None = None
    goes: Path | None = None
    if imgui.selectable(f"{signs.UP}  ..###up", False)[0]:
        goes = folder.parent
    for k, (name, is_folder) in enumerate(listed(folder, wanted.endings)):
        sign = signs.FOLDER if is_folder else signs.FILE
        if imgui.selectable(f"{sign}  {name}###{k}", False)[0]:
            if is_folder or wanted.saves:
                goes = folder / name
            else:
                taken = folder / name
    imgui.end_child()
    if goes is not None:
        seen.memory.put("path", str(goes / wanted.path.name if wanted.saves and goes.is_dir() else goes))
        return replace(wanted, path=goes), None
    return wanted, taken
