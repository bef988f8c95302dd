"""imgui for one window: its context, letters, theme and card; a frame is drawn onto what is bound."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from imgui_bundle import imgui

from viewer.files.settings import Settings
from viewer.shell.card import PanelCard
from viewer.shell.hands import Hands
from viewer.shell.letters import Letters, load_letters
from viewer.shell.places import Box, Places, places, scale_of
from viewer.shell.theme import THEMES, Theme, wear


class Shell:
    """Needs the window's OpenGL context."""

    def __init__(self, window: Any, settings: Settings) -> None:
        self.window = window
        self._context = imgui.create_context()
        imgui.set_current_context(self._context)
        imgui.get_io().set_ini_filename("")
        imgui.get_io().config_error_recovery_enable_assert = False  # a panel that fails ends its own frame alone
        imgui.get_io().config_flags |= imgui.ConfigFlags_.nav_enable_keyboard
        self.letters: Letters = load_letters()
        self.hands, self.card = Hands(window), PanelCard()
        self.scale, self._last = 1.0, time.monotonic()
        self._worn: tuple[str, float] | None = None
        self.fit(settings)

    def fit(self, settings: Settings) -> Places:
        """Where things lie now; before each frame and whenever settings change."""
        imgui.set_current_context(self._context)
        width, height = self.window.get_size()
        # a window whose units are larger than pixels (a Mac's) has the screen's dots in them already
        ratio = self.window.get_framebuffer_size()[0] / max(width, 1)
        self.scale = scale_of(settings.scale, self.window.scale / ratio, width, height)
        if self._worn != (settings.theme, self.scale):
            wear(THEMES[settings.theme], self.scale)
            self._worn = (settings.theme, self.scale)
        return places(width, height, self.scale, settings.panels)

    @property
    def theme(self) -> Theme:
        assert self._worn is not None
        return THEMES[self._worn[0]]

    def takes_mouse(self, x: float, y: float, picture: Box) -> bool:
        """Whether what is at a place of the window (y up) belongs to a panel and not to the picture."""
        imgui.set_current_context(self._context)
        inside = picture.holds(x, self.window.height - 1 - y)
        return not inside or bool(imgui.get_io().want_capture_mouse)

    def takes_keys(self) -> bool:
        """Whether somebody writes into a field."""
        imgui.set_current_context(self._context)
        return bool(imgui.get_io().want_text_input)

    def has_list_open(self) -> bool:
        """Whether a list or menu lies open, which Escape closes."""
        imgui.set_current_context(self._context)
        return bool(imgui.is_popup_open("", imgui.PopupFlags_.any_popup_id | imgui.PopupFlags_.any_popup_level))

    def draw(self, draw: Callable[[], None]) -> Exception | None:
        """A frame whose things `draw` makes with imgui; the error that it ended with, for a person."""
        imgui.set_current_context(self._context)
        now = time.monotonic()
        self.hands.sized(self.window.get_size(), self.window.get_framebuffer_size(), now - self._last)
        self._last = now
        imgui.new_frame()
        failed = None
        try:
            draw()
        except Exception as error:  # whatever a panel does wrong, the window and what lies on the desk stay
            failed = error
        imgui.render()
        self.card.draw(imgui.get_draw_data())
        self.hands.show_cursor()
        return failed

    def close(self) -> None:
        imgui.destroy_context(self._context)
