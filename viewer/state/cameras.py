"""Where a project's photos were taken from, and which show a place best: as marks and small pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sculpt3d.desk.photos import Taken, best_photos, close_up, read_taken
from sculpt3d.desk.quantity import Point
from sculpt3d.geometry import F64
from sculpt3d.types import U8
from viewer.state.bench import Bench
from viewer.state.marks import Inset, Line, Marks, Rgb
from viewer.state.worker import tried

_DEEP = 0.12  # of the model's radius: how far a camera's pyramid reaches
_COLOUR: Rgb = (0.55, 0.75, 0.95)
BEST, SIDE = 4, 224  # photos of a place, and the pixels of each picture
_WIDE = 1 / 10  # of the model's size: what a picture shows


@dataclass(frozen=True, eq=False)
class CloseUp:
    """A photo around a place, which is in the picture's middle and marked. pixel: in the whole photo; degrees: how obliquely it
    is seen."""

    photo: str
    pixel: tuple[float, float]
    degrees: float
    mm_per_px: float | None
    picture: U8

    @property
    def caption(self) -> str:
        sharp = "" if self.mm_per_px is None else f", {self.mm_per_px:.2g} mm/px"
        return f"{self.photo}, {self.degrees:.0f}°{sharp}"


def taken(bench: Bench) -> list[Taken] | str | None:
    """The project's photos with their cameras, or why there are none; None while that is not known yet."""
    found: list[Taken] | str | None = bench.later("taken", lambda: _taken(bench))
    return found


def close_ups(bench: Bench, point: Point) -> list[CloseUp] | str | None:
    """The best photos of a place in the file's coordinates, the sharpest first; None while they are not there yet."""
    photos = taken(bench)
    if not isinstance(photos, list):
        return photos
    found: list[CloseUp] | str | None = bench.later(
        ("photos", point), lambda: tried(lambda: _close_ups(bench, photos, point), str), apart=True
    )
    return found


def close_up_marks(found: list[CloseUp]) -> Marks:
    return Marks(insets=tuple(Inset(one.picture, one.caption) for one in found))


def frusta(bench: Bench, photos: list[Taken], radius: float) -> Marks:
    """A pyramid a photo: its tip is where the camera stood; a short stroke marks its upper side."""
    lines: list[F64] = []
    for one in photos:
        pose, lens = one.cam_from_file, one.lens
        focal = float(lens.mean_focal_length())
        x, y = lens.width / 2 / focal, lens.height / 2 / focal
        corners = (
            np.array([[-x, -y, 1], [x, -y, 1], [x, y, 1], [-x, y, 1], [0, -1.3 * y, 1]]) * _DEEP * radius
        )
        a, b, c, d, top = bench.local((corners - pose[:, 3]) @ pose[:, :3])
        tip = bench.local(one.eye)[0]
        lines += [tip, a, tip, b, tip, c, tip, d, a, b, b, c, c, d, d, a, a, top, top, b]
    return Marks((Line(np.array(lines), _COLOUR, 1.2, 0.35, apart=True),)) if lines else Marks()


def _taken(bench: Bench) -> list[Taken] | str:
    path = bench.project
    if path is None:
        return f"{bench.document.name} is no project, and photos belong to projects"

    def work() -> list[Taken] | str:
        return read_taken(path)

    return tried(work, str)


def _close_ups(bench: Bench, photos: list[Taken], point: Point) -> list[CloseUp] | str:
    surface = bench.surface
    sights = best_photos(surface, photos, np.array(point), BEST)
    if not sights:
        return "No photo shows this place: all look from behind, too flatly, or something is before it"
    mm: Any = bench.mm
    found = []
    for s in sights:
        x, y = (float(v) for v in s.pixel)
        picture = close_up(s, surface.size * _WIDE, SIDE)
        found.append(CloseUp(s.photo.name, (x, y), s.degrees, None if mm is None else s.per_px * mm, picture))
    return found
