"""What is to be drawn over a model, as plain data: lines, dots, words, filled faces, pictures.

Places are local, as the model is drawn.

Sizes are in pixels of a picture 800 high or less; in a larger one they grow with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

from sculpt3d.geometry import F64
from sculpt3d.types import U8

Rgb = tuple[float, float, float]  # sRGB 0..1
INK: Rgb = (1.0, 0.85, 0.2)
PALE: Rgb = (0.95, 0.95, 0.95)


@dataclass(frozen=True, eq=False)
class Line:
    """Through places (N, 3). hidden: how strong it is where the model is before it, 0..1. apart: its points are pairs, each a
    line of its own."""

    places: F64
    colour: Rgb = INK
    width: float = 2.0
    hidden: float = 0.3
    apart: bool = False


@dataclass(frozen=True, eq=False)
class Dot:
    place: F64  # (3,)
    colour: Rgb = INK
    size: float = 7.0
    hidden: float = 0.3


@dataclass(frozen=True, eq=False)
class Word:
    """Beside its place, to the right and above; always in front."""

    place: F64  # (3,)
    text: str
    colour: Rgb = PALE


@dataclass(frozen=True, eq=False)
class Fill:
    """Triangles (K, 3, 3). solid: a surface of its own, as where the model is cut; else a wash over the model's own faces."""

    corners: F64
    colour: Rgb
    alpha: float = 0.5
    hatched: bool = False
    solid: bool = False


@dataclass(frozen=True, eq=False)
class Inset:
    """A picture (H, W, 3) laid over the right side, the first at the top, at its own size."""

    pixels: U8
    caption: str = ""


@dataclass(frozen=True, eq=False)
class Marks:
    lines: tuple[Line, ...] = ()
    dots: tuple[Dot, ...] = ()
    words: tuple[Word, ...] = ()
    fills: tuple[Fill, ...] = ()
    insets: tuple[Inset, ...] = ()

    def __add__(self, other: Marks) -> Marks:
        return Marks(
            self.lines + other.lines,
            self.dots + other.dots,
            self.words + other.words,
            self.fills + other.fills,
            self.insets + other.insets,
        )

    def __bool__(self) -> bool:
        return bool(self.lines or self.dots or self.words or self.fills or self.insets)

    @property
    def caps(self) -> F64:
        """(K, 3, 3) of what is solid."""
        found = [f.corners for f in self.fills if f.solid]
        return np.concatenate(found) if found else np.zeros((0, 3, 3))


NO_MARKS = Marks()


def together(found: list[Marks]) -> Marks:
    return reduce(lambda a, b: a + b, found, NO_MARKS)
