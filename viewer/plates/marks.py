"""What stands beside the model on a picture to publish: scale bar, legend, an arrow for up, a caption."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sculpt3d.desk.field import Field, coloured
from sculpt3d.errors import InputError
from sculpt3d.geometry import F64
from sculpt3d.types import U8
from viewer.plates.scale import round_length
from viewer.state.commands import Rgb

_STEPS = 5  # numbers beside a legend
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True)
class Marks:
    """Which of them a picture has; mm_per_px: for the bar. pixels: of the letters' height."""

    bar: bool = False
    up: bool = False
    caption: str = ""
    legend: Field | None = None
    mm_per_px: float | None = None
    pixels: int = 18
    font: Path | None = None  # of the caption

    @property
    def below(self) -> int:
        """Pixels of the strip below the model."""
        lines = 2.4 * (self.bar or self.up) + 1.5 * len(self.caption.splitlines())
        return round(self.pixels * (lines + 0.6)) if lines else 0

    @property
    def beside(self) -> int:
        """Pixels of the strip to the right of it."""
        if self.legend is None:
            return 0
        font, small = (ImageFont.load_default(n) for n in (self.pixels, _small(self.pixels)))
        numbers = max(font.getlength(n) for n in _numbers(self.legend)) + 1.5 * self.pixels
        words = [font.getlength(w) for w in _title(self.legend)]
        words += [small.getlength(w) for w in self.legend.said.splitlines()]
        return round(max(numbers, *words) + 2 * self.pixels)

    def around(self, size: tuple[int, int]) -> tuple[int, int]:
        """The whole picture of a model's picture of that size."""
        return size[0] + self.beside, size[1] + self.below

    def within(self, size: tuple[int, int]) -> tuple[int, int]:
        """What is left for the model. Raises `InputError` where nothing is."""
        left = size[0] - self.beside, size[1] - self.below
        if min(left) < 16:
            raise InputError(
                f"A picture of {size[0]} x {size[1]} has no room for bar and legend; give a larger --size"
            )
        return left


def font_of(path: Path | None, pixels: int) -> Font:
    """Of a TTF, OTF or TTC file, else the built-in one. Raises `InputError`."""
    if path is None:
        return ImageFont.load_default(pixels)
    try:
        return ImageFont.truetype(path, pixels)
    except (OSError, ValueError):
        raise InputError(f"{path} is no font that can be read; give a TTF, OTF or TTC file") from None


def check_letters(words: str, path: Path | None) -> None:
    """Raises `InputError` where the font has no such letter: no empty boxes in print."""
    font = font_of(path, 20)
    empty = bytes(font.getmask("\uffff"))
    missing = sorted({c for c in words if not c.isspace() and bytes(font.getmask(c)) == empty})
    if missing:
        raise InputError(
            f"The caption's font has no {' '.join(missing[:5])}; give one that has it with --font FILE.ttf (Debian: "
            "fonts-noto-cjk brings Chinese)"
        )


def put_marks(model: U8, marks: Marks, axes: F64, ground: Rgb, ink: tuple[int, int, int]) -> U8:
    """The model's picture (H, W, 3) with its marks below and to the right. axes (3, 3): the camera's as rows."""
    width, height = marks.around((model.shape[1], model.shape[0]))
    if width == model.shape[1] and height == model.shape[0]:
        return model
    paper = np.empty((height, width, 3), np.uint8)
    paper[:] = np.round(np.array(ground) * 255)
    paper[: model.shape[0], : model.shape[1]] = model
    font = ImageFont.load_default(marks.pixels)
    image = Image.fromarray(paper)
    pen = ImageDraw.Draw(image)
    top = model.shape[0] + marks.pixels // 2
    if marks.up:
        _arrow(pen, font, marks.pixels, (model.shape[1], top), axes, ink)
    row = top + (round(2.4 * marks.pixels) if marks.bar or marks.up else 0)
    for line in marks.caption.splitlines():
        pen.text((marks.pixels, row), line, ink, font_of(marks.font, marks.pixels))
        row += round(1.5 * marks.pixels)
    bar = _bar_words(pen, font, marks, model.shape[1], top, ink) if marks.bar else 0.0
    if marks.legend is not None:
        _legend_words(pen, font, marks, model, ink)
    paper = np.array(image)
    if marks.bar:
        _bar(paper, marks.pixels, top, bar, np.array(ink))
    if marks.legend is not None:
        _legend(paper, marks, model)
    return paper


def ink_on(ground: Rgb) -> tuple[int, int, int]:
    dark = sum(ground) > 1.35
    return (20, 20, 20) if dark else (235, 235, 235)


def _bar_words(
    pen: ImageDraw.ImageDraw,
    font: Font,
    marks: Marks,
    width: int,
    top: int,
    ink: tuple[int, int, int],
) -> float:
    """Writes the bar's label; returns its length in pixels."""
    assert marks.mm_per_px is not None
    most = max(0.3 * width, min(4.0 * marks.pixels, 0.8 * width))
    mm, label = round_length(most * marks.mm_per_px)
    pen.text((marks.pixels, top + 0.7 * marks.pixels), label, ink, font)
    return mm / marks.mm_per_px


def _bar(paper: U8, left: int, top: int, length: float, ink: F64) -> None:
    """Exactly so long: where it ends within a pixel, that pixel has its share of ink."""
    thick = max(2, left // 4)
    columns = np.arange(left, min(left + int(np.ceil(length)), paper.shape[1]))
    share = np.clip(left + length - columns, 0, 1)[None, :, None]
    under = paper[top : top + thick, columns]
    paper[top : top + thick, columns] = np.round(under + share * (ink - under))


def _arrow(
    pen: ImageDraw.ImageDraw, font: Font, pixels: int, corner: tuple[int, int], axes: F64,
    ink: tuple[int, int, int],
) -> None:  # fmt: skip
    """Where the object's up goes in the picture; seen along it, where its front goes."""
    name, way = ("up", axes @ [0, 1, 0]) if abs(axes[2, 1]) < 0.95 else ("front", axes @ [0, 0, 1])
    along = np.array([way[0], -way[1]]) / np.hypot(way[0], way[1])
    across = np.array([-along[1], along[0]])
    middle = np.array([corner[0] - 1.6 * pixels, corner[1] + 1.0 * pixels])
    tip, tail = middle + along * pixels * 0.9, middle - along * pixels * 0.9
    pen.line([tuple(tail), tuple(tip - along * 0.4 * pixels)], ink, max(2, pixels // 9))
    wings = [tip - along * 0.6 * pixels + s * across * 0.3 * pixels for s in (-1, 1)]
    pen.polygon([tuple(tip), *(tuple(w) for w in wings)], ink)
    pen.text((middle[0] - 1.3 * pixels, middle[1]), name, ink, font, anchor="rm")


def _place(marks: Marks, model: U8) -> tuple[int, int, int, int]:
    """Left, top, width and height of the legend's colours."""
    high = min(round(0.6 * model.shape[0]), 14 * marks.pixels)
    return model.shape[1] + marks.pixels, (model.shape[0] - high) // 2, marks.pixels, max(high, 2)


def _legend(paper: U8, marks: Marks, model: U8) -> None:
    """Colours as the surface has them, the largest value on top."""
    assert marks.legend is not None
    left, top, wide, high = _place(marks, model)
    values = 1 - (np.arange(high) + 0.5) / high
    codes = np.round(coloured(values, marks.legend.colours) * 255)
    paper[top : top + high, left : left + wide] = codes[:, None]


def _legend_words(
    pen: ImageDraw.ImageDraw, font: Font, marks: Marks, model: U8, ink: tuple[int, int, int]
) -> None:
    field = marks.legend
    assert field is not None
    left, top, wide, high = _place(marks, model)
    for k, words in enumerate(_numbers(field)):
        y = top + high * (1 - k / (_STEPS - 1))
        pen.line([(left + wide, y), (left + wide + marks.pixels // 3, y)], ink, max(1, marks.pixels // 12))
        pen.text((left + wide + marks.pixels // 2, y), words, ink, font, anchor="lm")
    for row, words in enumerate(reversed(_title(field))):
        pen.text((left, top - (0.8 + 1.2 * row) * marks.pixels), words, ink, font, anchor="ls")
    small = ImageFont.load_default(_small(marks.pixels))
    for row, words in enumerate(field.said.splitlines()):
        pen.text((left, top + high + (1.6 + row) * marks.pixels), words, ink, small, anchor="ls")


def _title(field: Field) -> list[str]:
    return [field.name, *([f"in {field.unit}"] if field.unit else [])]


def _small(pixels: int) -> int:
    return max(8, round(0.75 * pixels))


def _numbers(field: Field) -> list[str]:
    """From the lowest to the highest: with as many digits as the range asks for, and a sign where it has two."""
    values = np.linspace(field.low, field.high, _STEPS)
    step = float(values[1] - values[0])
    digits = max(0, -int(np.floor(np.log10(step))) + 1)
    rounded = [round(float(v), digits) + 0.0 for v in values]
    return [f"{v:+.{digits}f}" if field.low < 0 and v else f"{v:.{digits}f}" for v in rounded]
