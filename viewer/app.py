"""The window: what people do in it becomes commands on the state; a model may also be drawn without one."""

from __future__ import annotations

import sys
from pathlib import Path

from sculpt3d.errors import ResourceError
from sculpt3d.models.document import Document
from sculpt3d.models.notes import tell
from sculpt3d.types import U8
from viewer.drawing.picture import SIZE, framed, picture
from viewer.drawing.window import has_screen
from viewer.files.loading import load
from viewer.files.saving import check_target, free_name, save_picture
from viewer.files.settings import Settings, folder, read_settings
from viewer.files.views import read_state, told_of
from viewer.language import speak, system_language
from viewer.modes.measured import measured
from viewer.overlay.words import draw_on
from viewer.state.commands import State
from viewer.window import Desk


def view(
    path: Path,
    screenshot: Path | None = None,
    size: tuple[int, int] | None = None,
    saved: Path | None = None,
    unit: str | None = None,
    second: Path | None = None,
    language: str | None = None,
    panels: bool = False,
) -> None:
    """Open the model in a window, or write one picture of it: of the model alone, or of the whole window with its `panels`.
    saved: a VIEW.json to begin with. second: a model to compare with. language: "en", "zh", else the user's.

    Raises `UnreadableFile`, `ResourceError`.
    """
    if screenshot is not None:
        check_target(screenshot)
    speak(language or (read_settings().language if screenshot is None else "") or system_language())
    document = load(path, unit)
    tell(document.notes)
    size = size or (SIZE if screenshot is not None else read_settings().size)
    state = framed(document, size)
    if saved is not None:
        state = read_state(saved, document, state)
    if screenshot is not None:
        pixels = _of_window(document, path, state, size) if panels else _bare(document, state, size)
        save_picture(screenshot, pixels, told_of(document, state))
    elif has_screen():
        _window(document, path, state, size, unit, second)
    else:
        raise ResourceError("There is no screen here; write a picture with --screenshot PNG instead")


def _window(
    document: Document, path: Path, state: State, size: tuple[int, int], unit: str | None, second: Path | None
) -> None:
    try:
        desk = Desk(document, state, size, path, unit, read_settings(), folder())
    except ResourceError as error:
        print(f"sculpt3d: {error}", file=sys.stderr)
        target = free_name(Path(f"{document.name}.png"))
        save_picture(target, _bare(document, state, size), told_of(document, state))
        print(f"Picture: {target.resolve()} (`sculpt3d render` draws others, from any side and in any light)")
        return
    if second is not None:
        desk.send(f"compare {second}")
    desk.run()


def _bare(document: Document, state: State, size: tuple[int, int]) -> U8:
    shown = measured(document, state)
    return draw_on(picture(shown.document, shown.state, size), document, state, shown.field)


def _of_window(document: Document, path: Path, state: State, size: tuple[int, int]) -> U8:
    desk = Desk(document, state, size, path, settings=Settings(), visible=False)
    try:
        return desk.picture()
    finally:
        desk.close()
