"""How large a picture is: millimetres a pixel, and the camera and pixels that hold the whole model at that scale."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from sculpt3d.desk.units import Scale
from sculpt3d.errors import InputError
from sculpt3d.geometry import F64
from sculpt3d.models.document import Document
from viewer.state.camera import HALF, OrbitCamera

MOST_PIXELS = 16384  # a side
_MARGIN = 0.03  # of the longer side, around the model
_MM = {"mm": 1.0, "cm": 10.0, "m": 1000.0}


@dataclass(frozen=True)
class PrintScale:
    """1 : n at so many pixels an inch."""

    n: float
    dpi: float

    @property
    def mm_per_px(self) -> float:
        return 25.4 / self.dpi * self.n


def print_scale(text: str) -> PrintScale:
    """Of "1:2@300dpi" or "2:1@600dpi". Raises `InputError` with an example."""
    ratio, _, dots = text.partition("@")
    one, _, other = ratio.partition(":")
    try:
        n, dpi = float(other) / float(one), float(dots.removesuffix("dpi"))
    except (ValueError, ZeroDivisionError):
        n = dpi = math.nan
    if not (1e-4 <= n <= 1e5 and 10 <= dpi <= 10_000):
        raise InputError(f"{text} is no scale of a print; give one like 1:2@300dpi or 1:1@600dpi")
    return PrintScale(n, dpi)


def mm_per_unit(document: Document) -> float:
    """Raises `InputError` with the remedy where the model has no scale."""
    own = None if document.unit_m is None else 1000 * document.unit_m
    return Scale(own, document.unit_source).needed(document.name)


def extents(document: Document, camera: OrbitCamera) -> tuple[F64, F64]:
    """Middle (3,) in world of what the camera sees of the model, and how wide, high and deep (3,) that is, in its unit."""
    axes = np.stack(camera.axes())
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for part in document.parts:
        for start in range(0, len(part.vertices), 1 << 20):
            seen = part.vertices[start : start + (1 << 20)].astype(np.float64) @ axes.T
            low, high = np.minimum(low, seen.min(0)), np.maximum(high, seen.max(0))
    return axes.T @ ((low + high) / 2), high - low


def true_to_scale(
    document: Document, camera: OrbitCamera, units_per_px: float, size: tuple[int, int] | None
) -> tuple[OrbitCamera, tuple[int, int]]:
    """An orthographic camera in the same direction over the model's middle, a pixel as wide as said, in the model's unit; and the
    picture's size: as it is given, else what the model and a margin need. Raises `InputError` where that is too large."""
    middle, wide = extents(document, camera)
    if size is None:
        pixels = wide[:2] / units_per_px
        margin = 2 * max(8.0, _MARGIN * float(pixels.max()))
        needed = [math.ceil(p + margin) for p in pixels]
        if max(needed) > MOST_PIXELS:
            raise InputError(
                f"At that scale the picture would be {needed[0]} x {needed[1]} pixels, and {MOST_PIXELS} a side is the most; "
                f"take pixels {max(needed) / MOST_PIXELS:.3g} times as large or more, or give a --size for its middle"
            )
        size = needed[0], needed[1]
    x, y, z = (float(v) for v in middle)
    distance = size[1] * units_per_px / 2 / HALF
    return replace(camera, target=(x, y, z), distance=distance, flat=True), size


def fitting_scale(document: Document, camera: OrbitCamera, size: tuple[int, int]) -> float:
    """Units a pixel at which the model and its margin fit a picture of that size."""
    wide = extents(document, camera)[1][:2]
    room = np.array(size) - 2 * max(8.0, _MARGIN * max(size))
    return float(max(wide / np.maximum(room, 1)))


def round_length(most_mm: float) -> tuple[float, str]:
    """The longest of 1, 2, 5, 10 ... that is not longer, in mm, and its label."""
    power = 10.0 ** math.floor(math.log10(most_mm))
    mm = max(m * power for m in (1, 2, 5) if m * power <= most_mm * (1 + 1e-9))
    unit = "m" if mm >= 1000 else "cm" if mm >= 100 else "mm"
    return mm, f"{mm / _MM[unit]:g} {unit}"
