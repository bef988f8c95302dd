"""What a person needs to know, over the picture: name, amounts, style, scale bar, help; in a window, or on pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sculpt3d.models.document import Document
from sculpt3d.types import U8
from viewer.files.loading import described
from viewer.state.commands import HELP, State, scale_bar

_INK, _SHADOW = (230, 230, 230, 255), (0, 0, 0, 200)
_SIZE = 11  # points
_PIXELS = 15  # the same as pixels


def caption(document: Document, state: State) -> str:
    return f"{document.name}   {described(document)}   {state.mode}"


def draw_on(picture: U8, document: Document, state: State) -> U8:
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
    return np.asarray(image)


def draw_in_window(
    document: Document, state: State, width: int, height: int, rectangle: list[float] | None = None
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
    if state.help:
        _text(HELP, 14, height - 50, width=width - 28, multiline=True)
    else:
        _text("H: help", width - 14, 20, anchor_x="right")


def _text(words: str, x: float, y: float, **layout: Any) -> None:
    """With a shadow, to be read over pale stone too."""
    import pyglet

    for shift, colour in ((1, _SHADOW), (0, _INK)):
        pyglet.text.Label(words, x=x + shift, y=y - shift, font_size=_SIZE, color=colour, **layout).draw()
