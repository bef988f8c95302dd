"""What a person needs to know, over the picture: name, amounts, style, scale bar, help; in a window, or on pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sculpt3d.desk.field import Field, coloured
from sculpt3d.models.document import Document
from sculpt3d.types import U8
from viewer.files.loading import described
from viewer.modes import mode, modes
from viewer.overlay.dial import draw_dial
from viewer.state.commands import State, scale_bar
from viewer.state.keymap import GESTURES, TABLE

_INK, _SHADOW = (230, 230, 230, 255), (0, 0, 0, 200)
_SIZE = 11  # points
_PIXELS = 15  # the same as pixels
_SWATCHES = 24  # of a legend


def caption(document: Document, state: State) -> str:
    lamps = "   ".join(lamp.told() for lamp in state.lamps)
    said = f"   {lamps}" if mode(state.mode).lit else ""
    how = f"   {'orthographic' if state.camera.flat else ''}" + (
        "" if state.turntable else "   turning freely"
    )
    return f"{document.name}   {described(document)}   {state.mode}{said}{how}".rstrip()


def help_words() -> str:
    """Gestures and keys and what they do, the modes' own too."""
    hand = "   ".join(f"{g.hand}: {g.says.lower()}" for g in GESTURES)
    keys = "   ".join(f"{k.shown} {k.command}" for k in TABLE)
    of_modes = "   ".join(f"{m.key.removeprefix('_')} {m.name}" for m in modes().values())
    return f"{hand}\n{keys}\n{of_modes}"


def _legend(field: Field) -> tuple[list[tuple[int, int, int]], str]:
    """Colours from the lowest value to the highest, and what they mean."""
    shares = (np.arange(_SWATCHES) + 0.5) / _SWATCHES
    codes = np.round(coloured(shares, field.colours) * 255).astype(int)
    unit = f" {field.unit}" if field.unit else ""
    words = f"{field.name} {field.low:+.3g} to {field.high:+.3g}{unit}   {field.said}"
    return [(int(r), int(g), int(b)) for r, g, b in codes], words


def draw_on(picture: U8, document: Document, state: State, field: Field | None = None) -> U8:
    """The picture (H, W, 3) with the words and the bar, as a window shows them."""
    height = picture.shape[0]
    image = Image.fromarray(np.ascontiguousarray(picture))
    pen, font = ImageDraw.Draw(image, "RGBA"), ImageFont.load_default(_PIXELS)
    length, label = scale_bar(state, height, document.unit_m)
    for shift, colour in ((1, _SHADOW), (0, _INK)):
        pen.text((14 + shift, 24 + shift), caption(document, state), colour, font, anchor="ls")
        pen.text((14 + shift, height - 28 + shift), label, colour, font, anchor="ls")
    if length:
        pen.line([(13, height - 19), (15 + length, height - 19)], _SHADOW, 5)
        pen.line([(14, height - 19), (14 + length, height - 19)], _INK, 3)
    if field is not None and field.colours:
        colours, words = _legend(field)
        for k, rgb in enumerate(colours):
            pen.rectangle([14 + 8 * k, 36, 21 + 8 * k, 45], rgb)
        for shift, colour in ((1, _SHADOW), (0, _INK)):
            pen.text((14 + shift, 62 + shift), words, colour, font, anchor="ls")
    return np.asarray(image)


def draw_in_window(
    document: Document,
    state: State,
    width: int,
    height: int,
    field: Field | None = None,
    rectangle: tuple[float, float, float, float] | None = None,
) -> None:
    """In window coordinates, on what is bound now."""
    import pyglet
    from pyglet import gl

    gl.glDisable(gl.GL_DEPTH_TEST)
    _text(caption(document, state), 14, height - 24)
    length, label = scale_bar(state, height, document.unit_m)
    if length:
        pyglet.shapes.Line(13, 19, 15 + length, 19, thickness=5, color=_SHADOW).draw()
        pyglet.shapes.Line(14, 19, 14 + length, 19, thickness=3, color=_INK).draw()
    _text(label, 14, 28)
    if rectangle is not None:
        left, low, right, high = rectangle
        pyglet.shapes.Box(left, low, right - left, high - low, thickness=2, color=_INK).draw()
    if field is not None and field.colours and not state.help:
        colours, words = _legend(field)
        for k, rgb in enumerate(colours):
            pyglet.shapes.Rectangle(14 + 8 * k, height - 46, 8, 10, rgb).draw()
        _text(words, 14, height - 62)
    if mode(state.mode).lit:
        draw_dial(state, width)
    if state.help:
        _text(help_words(), 14, height - 50, width=width - 28, multiline=True)
    else:
        _text("H: help", width - 14, 20, anchor_x="right")


def _text(words: str, x: float, y: float, **layout: Any) -> None:
    """With a shadow, to be read over pale stone too."""
    import pyglet

    for shift, colour in ((1, _SHADOW), (0, _INK)):
        pyglet.text.Label(words, x=x + shift, y=y - shift, font_size=_SIZE, color=colour, **layout).draw()
