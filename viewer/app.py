"""The window: what people do in it becomes commands on the state; a model may also be drawn without one."""

from __future__ import annotations

import sys
from pathlib import Path

from sculpt3d.errors import InputError, ResourceError
from sculpt3d.models.notes import tell
from viewer.drawing.picture import SIZE, framed, picture
from viewer.drawing.window import has_screen
from viewer.files.desks import desk_told, laid, unit_in
from viewer.files.loading import load
from viewer.files.saving import check_target, free_name, save_picture
from viewer.files.settings import Settings, folder, read_settings
from viewer.hand import still
from viewer.language import speak, system_language
from viewer.overlay.words import draw_on
from viewer.state import desk as desks
from viewer.state.bench import Bench
from viewer.state.desk import act
from viewer.state.shown import settled
from viewer.window import Desk

__all__ = ["Desk", "act", "view"]


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
    kept = Settings() if screenshot is not None else read_settings()
    speak(language or kept.language or system_language())
    unit = unit or unit_in(saved)
    document = load(path, unit)
    tell(document.notes)
    size = size or (SIZE if screenshot is not None else kept.size)
    state = framed(document, size)
    if screenshot is None and not has_screen():
        raise ResourceError("There is no screen here; write a picture with --screenshot PNG instead")
    if screenshot is not None and not panels:
        _bare(laid(Bench(document, path, unit), state, saved, second, True), size, screenshot)
        return
    shown = screenshot is None
    try:
        desk = Desk(
            document, state, size, path, unit, saved, second, kept, folder() if shown else None, shown
        )
    except ResourceError as error:
        print(f"sculpt3d: {error}", file=sys.stderr)
        target = screenshot or free_name(Path(f"{document.name}.png"))
        _bare(laid(Bench(document, path, unit), state, saved, second, True), size, target)
        print(f"Picture: {target.resolve()} (`sculpt3d render` draws others, from any side and in any light)")
        return
    if screenshot is None:
        desk.run()
        return
    try:
        save_picture(screenshot, desk.picture(), desk_told(desk.desk))
    finally:
        desk.close()


def _bare(desk: desks.Desk, size: tuple[int, int], target: Path) -> None:
    """The model alone, by OpenGL or by rays. Raises `InputError` where what the mode measures cannot be."""
    try:
        shown = settled(desk)
        if shown.failed:
            raise InputError(shown.failed)
        pixels = picture(shown.document, still(desk), size)
        save_picture(target, draw_on(pixels, desk.bench.document, desk.state, shown.field), desk_told(desk))
    finally:
        desk.bench.close()
