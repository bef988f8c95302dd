"""What a person says of a place on a model: a point, a line or a painted region, with a condition and words.

Places are positions in the model's own coordinates, never numbers of vertices, so that they outlive the mesh.
"""

from __future__ import annotations

import datetime
import math
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from sculpt3d.desk.conditions import is_colour
from sculpt3d.desk.quantity import Point, Region
from sculpt3d.errors import InputError

MAX_TEXT, MAX_WORD, MAX_POINTS, MAX_STROKES = 10_000, 200, 10_000, 10_000
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
_ID = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]{1,300}")


@dataclass(frozen=True)
class Annotation:
    """points: one is a point, more are a line; or region. condition: a key of the list of conditions. colour: #rrggbb, empty
    for the condition's. photo: a file in or below the model's folder, with /. created, modified: UTC, like
    2027-03-01T09:30:00Z. more: what other programs have added, kept as it is."""

    id: str
    condition: str
    points: tuple[Point, ...] = ()
    region: Region | None = None
    text: str = ""
    author: str = ""
    photo: str = ""
    colour: str = ""
    created: str = ""
    modified: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shape(self) -> Literal["point", "line", "region"]:
        if self.region is not None:
            return "region"
        return "point" if len(self.points) == 1 else "line"


def new_id() -> str:
    return uuid.uuid4().urn


def now() -> str:
    """To the millisecond, so that those made within a second keep their order."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def checked(a: Annotation) -> Annotation:
    """The same, or `InputError` that says what is wrong with it."""
    if not _ID.fullmatch(a.id):
        raise InputError(f"An annotation's id is {a.id[:60]!r}, not one like urn:uuid:...")
    if not 0 < len(a.condition) <= MAX_WORD or not a.condition.isprintable():
        raise InputError(f"An annotation needs a condition of 1 to {MAX_WORD} letters in one line")
    if len(a.text) > MAX_TEXT or len(a.author) > MAX_WORD or not a.author.isprintable():
        raise InputError(
            f"An annotation's text has up to {MAX_TEXT} letters, its author up to {MAX_WORD}; shorten them"
        )
    if a.colour and not is_colour(a.colour):
        raise InputError(f"{a.colour[:40]!r} is no colour; give one like #d55e00")
    for time in (a.created, a.modified):
        if time and not _TIME.fullmatch(time):
            raise InputError(f"{time[:40]!r} is no time like 2027-03-01T09:30:00Z")
    if any("\ud800" <= c <= "\udfff" for c in a.text + a.author + a.condition + a.photo):
        raise InputError("An annotation's words hold a broken letter; write them again")
    if a.photo:
        check_photo(a.photo)
    _check_places(a)
    return a


def check_photo(name: str) -> None:
    """Raises `InputError` where a photo's name leads out of the model's folder, or to the network."""
    path = PurePosixPath(name)
    bad = path.is_absolute() or ".." in path.parts or any(c in name for c in "\\:\0\n\r") or len(name) > 1000
    if bad or not path.parts:
        raise InputError(
            f"The photo {name[:80]!r} does not lie in the model's folder or below it; copy it there and name it from there"
        )


def photo_file(folder: Path, name: str) -> Path:
    """The photo on disk. Raises `InputError` where it is not there, or a link leads out of the model's folder."""
    check_photo(name)
    found = (folder / name).resolve()
    if not found.is_relative_to(folder.resolve()):
        raise InputError(f"The photo {name} is a link out of the model's folder; copy it there")
    if not found.is_file():
        raise InputError(f"There is no photo {name} in {folder}; copy it there first")
    return found


def _check_places(a: Annotation) -> None:
    strokes, corners = (a.region.brush, a.region.polygon) if a.region is not None else ((), ())
    if (len(a.points) > 0) + (len(strokes) > 0) + (len(corners) > 0) != 1:
        raise InputError(
            "An annotation needs a place: a point, a line, brush strokes or a polygon, one of them"
        )
    if max(len(a.points), len(corners)) > MAX_POINTS or len(strokes) > MAX_STROKES:
        raise InputError(f"An annotation has more than {MAX_POINTS:,} points; make several of it")
    if 0 < len(corners) < 3:
        raise InputError("A region's polygon needs three corners or more")
    if not all(math.isfinite(v) and abs(v) < 1e15 for p in (*a.points, *corners, *strokes) for v in p):
        raise InputError("An annotation's place is not of finite numbers")
    if not all(1e-12 <= r <= 1e15 for *_, r in strokes):
        raise InputError("A brush's radius must be larger than 0")
