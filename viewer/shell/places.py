"""Where things lie in the window, as plain numbers; y goes down, as imgui has it."""

from __future__ import annotations

from dataclasses import dataclass

BAR, SIDE, FOOT = 46.0, 332.0, 30.0  # pixels at 96 dots an inch


@dataclass(frozen=True)
class Box:
    left: float
    top: float
    width: float
    height: float

    def holds(self, x: float, y: float) -> bool:
        return self.left <= x < self.left + self.width and self.top <= y < self.top + self.height


@dataclass(frozen=True)
class Places:
    """picture: what the panels leave for the model. The others are None where they are hidden."""

    picture: Box
    bar: Box | None = None
    side: Box | None = None
    foot: Box | None = None


def places(width: float, height: float, scale: float, shown: bool) -> Places:
    """In a window of that size; the picture keeps half of a small one."""
    if not shown:
        return Places(Box(0, 0, width, height))
    bar, foot = round(BAR * scale), round(FOOT * scale)
    side = round(min(SIDE * scale, width / 2))
    high = max(height - bar - foot, 1)
    return Places(
        Box(0, bar, max(width - side, 1), high),
        Box(0, 0, width, bar),
        Box(width - side, bar, side, high),
        Box(0, height - foot, width, foot),
    )


def scale_of(asked: float, dots: float, width: float, height: float) -> float:
    """How large letters are: as asked (0: nothing is); else as the screen's dots say, and where they say nothing of a large
    window, so that it reads as well as one of 1920 x 1080."""
    if asked:
        return asked
    by_size = min(width / 1920, height / 1080)
    return max(1.0, min(max(dots, round(by_size * 4) / 4), 4.0))
