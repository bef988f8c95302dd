"""pyglet's mouse and keys as imgui takes them."""

from __future__ import annotations

from typing import Any

from imgui_bundle import imgui
from pyglet.window import key, mouse

_OTHERS = {
    "TAB": "tab", "BACKSPACE": "backspace", "RETURN": "enter", "ENTER": "enter", "ESCAPE": "escape", "DELETE": "delete",
    "SPACE": "space", "INSERT": "insert", "LEFT": "left_arrow", "RIGHT": "right_arrow", "UP": "up_arrow",
    "DOWN": "down_arrow", "PAGEUP": "page_up", "PAGEDOWN": "page_down", "HOME": "home", "END": "end",
    "NUM_ENTER": "keypad_enter",
}  # fmt: skip
_LETTERS = "ACVXYZ"  # those imgui's fields of text know with Ctrl
_KEYS = {getattr(key, a): getattr(imgui.Key, b) for a, b in _OTHERS.items()}
_KEYS |= {getattr(key, c): getattr(imgui.Key, c.lower()) for c in _LETTERS}
_BUTTONS = {mouse.LEFT: 0, mouse.RIGHT: 1, mouse.MIDDLE: 2}
_HELD = ((key.MOD_CTRL, "ctrl"), (key.MOD_SHIFT, "shift"), (key.MOD_ALT, "alt"), (key.MOD_COMMAND, "super"))
_CURSORS = {
    imgui.MouseCursor_.text_input: "CURSOR_TEXT",
    imgui.MouseCursor_.resize_ns: "CURSOR_SIZE_UP_DOWN",
    imgui.MouseCursor_.resize_ew: "CURSOR_SIZE_LEFT_RIGHT",
    imgui.MouseCursor_.hand: "CURSOR_HAND",
}


class Hands:
    """Tells imgui what the hands do in `window`; each answers nothing, what imgui makes of it is asked of its io."""

    def __init__(self, window: Any) -> None:
        self.window, self.io, self._cursor = window, imgui.get_io(), ""
        self.io.backend_flags |= imgui.BackendFlags_.has_mouse_cursors
        platform = imgui.get_platform_io()
        platform.platform_get_clipboard_text_fn = lambda _: window.get_clipboard_text()
        platform.platform_set_clipboard_text_fn = lambda _, text: window.set_clipboard_text(text)

    def sized(self, size: tuple[int, int], pixels: tuple[int, int], seconds: float) -> None:
        """Before a frame: the window in its own units and in pixels, and the time since the last frame."""
        self.io.display_size = imgui.ImVec2(*size)
        self.io.display_framebuffer_scale = imgui.ImVec2(*(p / max(s, 1) for p, s in zip(pixels, size, strict=True)))
        self.io.delta_time = max(seconds, 1e-4)

    def moved(self, x: float, y: float) -> None:
        self.io.add_mouse_pos_event(x, self.window.height - 1 - y)

    def left_window(self) -> None:
        self.io.add_mouse_pos_event(-1e30, -1e30)

    def pressed(self, x: float, y: float, button: int, down: bool) -> None:
        self.moved(x, y)
        if button in _BUTTONS:
            self.io.add_mouse_button_event(_BUTTONS[button], down)

    def scrolled(self, x: float, y: float, sx: float, sy: float) -> None:
        self.moved(x, y)
        self.io.add_mouse_wheel_event(-sx, sy)

    def key(self, symbol: int, modifiers: int, down: bool) -> None:
        for bit, name in _HELD:
            self.io.add_key_event(getattr(imgui.Key, f"mod_{name}"), bool(modifiers & bit))
        if symbol in _KEYS:
            self.io.add_key_event(_KEYS[symbol], down)

    def wrote(self, text: str) -> None:
        """Letters as the system composed them, Chinese ones too."""
        for letter in text:
            if letter.isprintable():
                self.io.add_input_character(ord(letter))

    def show_cursor(self) -> None:
        """The pointer that fits what is under it."""
        name = _CURSORS.get(imgui.MouseCursor_(imgui.get_mouse_cursor()), "CURSOR_DEFAULT")
        if name != self._cursor:
            self._cursor = name
            self.window.set_mouse_cursor(self.window.get_system_mouse_cursor(getattr(self.window, name)))
