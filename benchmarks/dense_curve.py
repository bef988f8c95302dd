"""The table as a picture: cost to the right, F-score upwards, a mark for each set and setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIZE = 1100, 700
BOX = 90, 60, 860, 620  # left, top, right, bottom of the axes
COLOURS = ("#1b6ca8", "#c8553d", "#3a7d44", "#7b4fa3", "#8a6d1d")
SHAPES = "odsv^"
CORNERS: dict[str, list[tuple[float, float]]] = {
    "d": [(0, -1.2), (1.2, 0), (0, 1.2), (-1.2, 0)],
    "s": [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
    "v": [(-1, -0.8), (1, -0.8), (0, 1.1)],
    "^": [(-1, 0.8), (1, 0.8), (0, -1.1)],
}
SCORES = (0, 0.3, 0.5, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995, 0.998)


class Point(Protocol):
    """`cost`: core-seconds a megapixel; what has no score is not drawn."""

    @property
    def set(self) -> str: ...
    @property
    def setting(self) -> str: ...
    @property
    def cost(self) -> float: ...
    @property
    def f1(self) -> float | None: ...


def draw(rows: Sequence[Point], path: Path, curve: Sequence[str]) -> None:
    """Write the PNG; cost and what is missing to F = 1 are logarithmic. A line joins the settings in `curve`."""
    points = [(r, r.cost, r.f1) for r in rows if r.f1 is not None]
    if not points:
        return
    sets = list(dict.fromkeys(r.set for r, _, _ in points))
    settings = list(dict.fromkeys(r.setting for r, _, _ in points))
    costs, scores = (np.array(v) for v in zip(*((c, f) for _, c, f in points), strict=True))
    low, high = costs.min() / 1.3, costs.max() * 1.3
    worst, best = min(1.0, 1.25 * (1 - scores.min())), 0.75 * max(1 - scores.max(), 1e-3)
    image = Image.new("RGB", SIZE, "white")
    pen = ImageDraw.Draw(image)
    left, top, right, bottom = BOX

    def place(cost: float, f: float) -> tuple[float, float]:
        x = left + (right - left) * np.log(cost / low) / np.log(high / low)
        y = bottom - (bottom - top) * np.log(worst / max(1 - f, best)) / np.log(worst / best)
        return float(x), float(y)

    for cost in _ticks(low, high):
        x, _ = place(cost, 0)
        pen.line((x, top, x, bottom), "#e4e4e4")
        pen.text((x, bottom + 8), f"{cost:g}", "#333", _font(15), "ma")
    for f in (f for f in SCORES if best <= 1 - f <= worst):
        _, y = place(low, f)
        pen.line((left, y, right, y), "#e4e4e4")
        pen.text((left - 8, y), f"{f:g}", "#333", _font(15), "rm")
    pen.rectangle(BOX, outline="#333")
    pen.text((left, 24), "Dense stereo: F-score at 1 GSD against cost", "#111", _font(20))
    pen.text(
        ((left + right) / 2, bottom + 36),
        "core-seconds a megapixel of the photos, all steps",
        "#111",
        _font(16),
        "ma",
    )
    for name, colour in zip(sets, cycle(COLOURS), strict=False):
        mine = sorted(
            (place(c, f) for r, c, f in points if r.set == name and r.setting in curve), key=lambda p: p[0]
        )
        pen.line(mine, colour, 2)
    for r, cost, f in points:
        _mark(pen, place(cost, f), SHAPES[settings.index(r.setting) % 5], COLOURS[sets.index(r.set) % 5])
    for i, name in enumerate(sets):
        pen.text((right + 24, top + 26 * i), name, COLOURS[i % 5], _font(18))
    for i, name in enumerate(settings):
        y = top + 26 * (len(sets) + 1 + i)
        _mark(pen, (right + 32, y + 10), SHAPES[i % 5], "#333")
        pen.text((right + 48, y), name, "#333", _font(18))
    image.save(path)


def draw_lines(
    across: Sequence[float], lines: Mapping[str, Sequence[float]], along: str, up: str, path: Path
) -> None:
    """Write a PNG with a line for each of `lines` over the logarithmic `across`; upwards from zero."""
    image = Image.new("RGB", SIZE, "white")
    pen = ImageDraw.Draw(image)
    left, top, right, bottom = BOX
    high = 1.15 * max(max(values) for values in lines.values())
    low, far = min(across) / 1.2, max(across) * 1.2

    def place(x: float, y: float) -> tuple[float, float]:
        share = float(np.log(x / low) / np.log(far / low))
        return left + (right - left) * share, bottom - (bottom - top) * y / high

    step = 10.0 ** np.floor(np.log10(high))
    for y in np.arange(0, high, step / 2 if high / step < 5 else step):
        pen.line((*place(low, y), *place(far, y)), "#e4e4e4")
        pen.text((left - 8, place(low, y)[1]), f"{y:g}", "#333", _font(15), "rm")
    for x in across:
        pen.text((place(x, 0)[0], bottom + 8), f"{x:g}", "#333", _font(15), "ma")
    pen.rectangle(BOX, outline="#333")
    pen.text((left, 24), up, "#111", _font(20))
    pen.text(((left + right) / 2, bottom + 36), along, "#111", _font(16), "ma")
    for (name, values), colour in zip(lines.items(), cycle(COLOURS), strict=False):
        points = [place(x, y) for x, y in zip(across, values, strict=True)]
        pen.line(points, colour, 2)
        for point in points:
            _mark(pen, point, "o", colour)
        pen.text((right + 24, points[-1][1] - 10), name, colour, _font(18))
    image.save(path)


def _mark(pen: ImageDraw.ImageDraw, at: tuple[float, float], shape: str, colour: str) -> None:
    x, y, r = *at, 8
    if shape == "o":
        pen.ellipse((x - r, y - r, x + r, y + r), colour, "white", 2)
        return
    pen.polygon([(x + r * u, y + r * v) for u, v in CORNERS[shape]], colour, "white", 2)


def _ticks(low: float, high: float) -> list[float]:
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    return [m * 10.0**k for k in decades for m in (1, 1.5, 2, 3, 4, 5, 7) if low <= m * 10.0**k <= high]


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
