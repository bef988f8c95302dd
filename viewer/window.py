"""The window of one desk: what is looked at, what is told, and the commands that change it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sculpt3d.errors import InputError, SculptError
from sculpt3d.models.document import Document
from viewer.detail.making import Making
from viewer.drawing.picture import framed
from viewer.drawing.window import open_window
from viewer.files.desks import as_left, laid
from viewer.files.settings import Settings, keep_recent, keep_settings, read_recent
from viewer.frames import Frames
from viewer.hand import Hand
from viewer.handlers import EVENTS, Handlers, keys
from viewer.language import speak, spoken
from viewer.shell.choosing import Wanted
from viewer.shell.jobs import Jobs, sentence
from viewer.shell.orders import carry_out
from viewer.shell.told import Kind, Notice, told
from viewer.state import desk as desks
from viewer.state.bench import Bench
from viewer.state.commands import State
from viewer.state.shown import Shown

if TYPE_CHECKING:
    from viewer.drawing.screen import How

MISSING = (
    "No font on this computer has Chinese letters, so the window stays in English. Install one (pip install 'sculpt3d[zh]'; on "
    "Debian and Ubuntu: apt install fonts-noto-cjk) and choose Chinese again."
)


class Desk(Frames, Handlers):
    """unit: of the file as the user says. saved: a VIEW.json to begin with. second: a file against it. settings: None: a
    window without panels. kept: the folder of settings, None: nothing is remembered."""

    def __init__(
        self,
        document: Document,
        state: State,
        size: tuple[int, int],
        path: Path | None = None,
        unit: str | None = None,
        saved: Path | None = None,
        second: Path | None = None,
        settings: Settings | None = None,
        kept: Path | None = None,
        visible: bool = True,
    ) -> None:
        bench = Bench(document, path, unit)
        self.window = open_window(size, visible, smooth=False)
        if kept is not None and settings is not None and size == Settings().size:
            _enlarge(self.window)
        self.window.switch_to()
        self.settings, self.kept = settings or Settings(panels=False), kept
        self.jobs = Jobs(self.failed)
        self.notices: tuple[Notice, ...] = ()
        self._drawn_state = state
        self.shell = _shell(self.window, self.settings)
        self.keys, self.recent = keys(), tuple[Path, ...]() if kept is None else read_recent(kept)
        self.asks_unit, self.shows_keys, self.leaving = False, False, ""
        self.chooser: Wanted | None = None
        self.after_opening = ""  # a command that waits for the file being opened
        self.memory: Any = _memory()
        fitted = self._fitted(document, state)
        remembers = saved is None and kept is not None
        self.take_up(document, as_left(bench, fitted, second) if remembers else laid(bench, fitted, saved, second), path)
        for event in EVENTS:
            setattr(self.window, f"on_{event}", getattr(self, f"on_{event}"))

    def _fitted(self, document: Document, state: State) -> State:
        """Of a state that holds the whole model: in the room that the panels leave."""
        if state.camera != state.home or self.places().side is None:
            return state
        camera = framed(document, self.picture_size(), (state.home.azimuth, state.home.elevation)).home
        return replace(state, camera=camera, home=camera)

    def take_up(self, document: Document, desk: desks.Desk, path: Path | None) -> None:
        """Another desk in place of the one there is."""
        former = getattr(self, "desk", None)
        self.document, self.path = document, None if path is None else path.resolve()
        self.desk, self.hand, self.saved = desk, Hand(), desk.content
        _ = desk.bench.target  # made beside the window from now on
        if former is not None:
            former.bench.close()
        if self.making is not None:
            self.making.close()
        self.making = Making(document, path)
        self.shown = Shown(document, desk.state.mode)
        if self.kept is not None and self.path is not None:
            self.recent = keep_recent(self.path, self.kept)
        # A file that says it has no scale has answered: only a length that was measured gives it one.
        self.asks_unit = document.unit_m is None and not document.unit_source and self.path is not None
        self.window.set_caption(f"{document.name} - Sculpt3D")
        for note in (*document.notes, *self.desk.said):
            self.tell("note", note)

    def send(self, command: str, *what: Any, **more: Any) -> None:
        """Do what a command says; what cannot be done is told."""
        try:
            carry_out(self, command, *what, **more)
        except (SculptError, OSError) as error:
            self.tell("wrong", sentence(error))
        self.wake()

    act = send  # the name that desks have for it

    def tell(self, kind: Kind, text: str) -> None:
        self.notices = told(self.notices, Notice(kind, text, time.monotonic()))
        self.wake()

    def in_unit(self, document: Document, unit: str) -> None:
        """The same model in that unit, as the user says."""
        bench = Bench(document, self.path, unit)
        self.desk.bench.close()
        self.document, self.desk = document, desks.on_bench(self.desk, bench)
        self.shown = replace(self.shown, document=document)
        self.wake()

    def choose(self, wanted: Wanted) -> None:
        """By the system's dialog where there is one and the window is seen, else in the window."""
        if self.shell is None:
            raise InputError("Choosing files needs the package imgui-bundle; drop the file into the window instead")
        from viewer.shell.chooser import Native, has_native

        if self.kept is not None and has_native():
            self._native = Native(wanted)
        else:
            self.chooser = wanted

    def say_missing_letters(self) -> None:
        """In English, for the letters to say it in Chinese are missing."""
        if spoken() == "zh" and (self.shell is None or self.shell.letters.chinese is None):
            speak("en")
            self.tell("wrong", MISSING)

    def failed(self, error: BaseException) -> None:
        """A job ended with an error."""
        self.tell("wrong", sentence(error))

    def paint(self, onto: int, how: How) -> None:
        """A frame onto the framebuffer of that number."""
        from viewer.shell.painting import paint  # OpenGL's functions are there when a window is

        paint(self, onto, how)

    def set(self, settings: Settings) -> None:
        self.settings = settings
        if self.kept is not None:
            keep_settings(settings, self.kept)


def _enlarge(window: Any) -> None:
    """A window of the usual size, on a screen with small dots, where its units are dots."""
    ratio = window.get_framebuffer_size()[0] / window.width
    if window.scale / ratio > 1:
        width, height = window.width * window.scale / ratio, window.height * window.scale / ratio
        window.set_size(min(round(width), window.screen.width), min(round(height), window.screen.height))


def _shell(window: Any, settings: Settings) -> Any:
    """None where imgui-bundle is not installed: the window then has keys and an overlay alone."""
    try:
        from viewer.shell.shell import Shell
    except ImportError as error:
        if error.name is None or not error.name.startswith("imgui"):
            raise
        return None
    return Shell(window, settings)


def _memory() -> Any:
    """What fields of panels hold while they are filled in; None without panels."""
    try:
        from viewer.panels.panel import Memory
    except ImportError:
        return None
    return Memory()
