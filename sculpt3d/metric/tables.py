"""What is known beforehand, as people write it: scale bars, control points and points clicked in photos, in CSV files."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sculpt3d.errors import InputError
from sculpt3d.metric.markers import NAMES

MAX_BYTES, MAX_ROWS = 1_000_000, 10_000
BAR_SIGMA_MM = 0.1  # of a bar whose sigma nobody states: a printed sheet measured with a steel ruler
POINT_SIGMA_MM = 1.0
_USES = ("control", "check")


@dataclass(frozen=True)
class Bar:
    """A known distance between two markers' centres. use "check": it takes no part, its error is told."""

    first: str
    second: str
    length_mm: float
    sigma_mm: float = BAR_SIGMA_MM
    use: str = "control"

    @property
    def name(self) -> str:
        return f"{self.first}-{self.second}"


@dataclass(frozen=True)
class Click:
    """A point pointed at by a person: its name, the photo, and pixels from the photo's upper left corner as stored."""

    name: str
    photo: str
    xy: tuple[float, float]


@dataclass(frozen=True)
class KnownPoint:
    """A marker's centre, or a clicked point, in the user's own coordinates, millimetres."""

    marker: str
    xyz_mm: tuple[float, float, float]
    sigma_mm: tuple[float, float, float]
    use: str = "control"


@dataclass(frozen=True)
class Known:
    """All that is known of an object's size and place."""

    bars: tuple[Bar, ...] = ()
    points: tuple[KnownPoint, ...] = ()
    clicks: tuple[Click, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.bars or self.points)

    def names(self) -> list[str]:
        """Markers and clicked points that carry a known length or place."""
        ends = [n for b in self.bars for n in (b.first, b.second)]
        return list(dict.fromkeys([*ends, *(p.marker for p in self.points)]))


def read_known(bars: Path | None, control: Path | None, clicked: Path | None) -> Known:
    """The three tables, each where it is given. Raises `InputError`."""
    clicks = () if clicked is None else read_clicks(clicked)
    names = frozenset(c.name for c in clicks)
    known = Known(
        () if bars is None else read_bars(bars, names),
        () if control is None else read_points(control, names),
        clicks,
    )
    if clicks and not known:
        raise InputError(
            f"{clicked} points at things of which nothing is known; give their distances with --scale-bars, or their places "
            "with --control"
        )
    return known


def read_clicks(path: Path) -> tuple[Click, ...]:
    """Columns point, image, x, y; each point in two photos at least. Raises `InputError`."""
    rows = _rows(path, ("point", "image", "x", "y"), "point,image,x,y")
    clicks: list[Click] = []
    for number, row in rows:
        where = f"Line {number} of {path.name}"
        name, photo = row["point"], row["image"]
        if not re.fullmatch(r"[^\W\d][\w .-]{0,39}", name):
            raise InputError(
                f"{where} names a point {name[:40]!r}; begin with a letter, numbers alone are markers"
            )
        if not photo:
            raise InputError(f"{where} has no image; write the photo's file name")
        if any(c.name == name and c.photo == photo for c in clicks):
            raise InputError(f"{where} gives {name} in {photo} again; keep one of them")
        clicks.append(Click(name, photo, (_number(row, "x", where), _number(row, "y", where))))
    for name in dict.fromkeys(c.name for c in clicks):
        if sum(c.name == name for c in clicks) < 2:
            raise InputError(
                f"{path.name} has {name} in one photo only; point at it in two or more, from different sides"
            )
    return tuple(clicks)


def read_bars(path: Path, clicked: frozenset[str] = frozenset()) -> tuple[Bar, ...]:
    """Columns marker1, marker2, distance_mm or distance_m, and if wanted sigma_mm or sigma_m, use. Raises `InputError`.

    clicked: names of points that may stand for markers.
    """
    rows = _rows(path, ("marker1", "marker2"), "marker1,marker2,distance_mm")
    bars, named = [], dict[frozenset[str], int]()
    for number, row in rows:
        where = f"Line {number} of {path.name}"
        first, second = (_marker(row[k], where, clicked) for k in ("marker1", "marker2"))
        if first == second:
            raise InputError(f"{where} names marker {first} twice; a bar runs between two markers")
        pair = frozenset((first, second))
        if pair in named:
            raise InputError(
                f"{where} gives the bar {first}-{second} again (line {named[pair]}); keep one of them"
            )
        named[pair] = number
        length, sigma = _length(row, "distance", where), _length(row, "sigma", where, BAR_SIGMA_MM)
        if length <= 0 or sigma <= 0:
            raise InputError(f"{where}: a distance and its sigma are more than 0; write them in mm")
        bars.append(Bar(first, second, length, sigma, _use(row, where)))
    if not any(b.use == "control" for b in bars):
        raise InputError(f"{path.name} has no bar to scale by; set use to control for at least one")
    return tuple(bars)


def read_points(path: Path, clicked: frozenset[str] = frozenset()) -> tuple[KnownPoint, ...]:
    """Columns marker, x_mm, y_mm, z_mm (or x_m, ...; x alone is mm), and if wanted sx_mm, sy_mm, sz_mm, use."""
    rows = _rows(path, ("marker",), "marker,x_mm,y_mm,z_mm")
    points, named = [], dict[str, int]()
    for number, row in rows:
        where = f"Line {number} of {path.name}"
        marker = _marker(row["marker"], where, clicked)
        if marker in named:
            raise InputError(f"{where} gives marker {marker} again (line {named[marker]}); keep one of them")
        named[marker] = number
        x, y, z = (_length(row, axis, where) for axis in "xyz")
        sx, sy, sz = (_length(row, f"s{axis}", where, POINT_SIGMA_MM) for axis in "xyz")
        if min(sx, sy, sz) <= 0:
            raise InputError(f"{where}: a sigma is more than 0; leave the column out where it is not known")
        points.append(KnownPoint(marker, (x, y, z), (sx, sy, sz), _use(row, where)))
    if sum(p.use == "control" for p in points) < 3:
        raise InputError(
            f"{path.name} has fewer than three control points; three are needed to place a model"
        )
    return tuple(points)


def families_of(markers: Sequence[str]) -> tuple[str, ...]:
    """The families that markers name, () where all are plain numbers."""
    return tuple(sorted({m.split(":")[0] for m in markers if ":" in m}))


def _rows(path: Path, needed: Sequence[str], example: str) -> list[tuple[int, Mapping[str, str]]]:
    """Rows with their line numbers, by column in lower case; separated by commas, semicolons or tabs."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path.name} is too large for a table of known lengths; give a CSV file")
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read; give a CSV file with the columns {example}") from error
    lines = [
        (n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip() and line.strip()[0] != "#"
    ]
    if not lines:
        raise InputError(f"{path.name} is empty; its first line names the columns: {example}")
    split = max(",;\t", key=lines[0][1].count)
    head = [name.strip().lower() for name in next(csv.reader([lines[0][1]], delimiter=split))]
    if any(name not in head for name in needed):
        raise InputError(
            f"{path.name} lacks the column {next(n for n in needed if n not in head)}; it begins with {example}"
        )
    if len(lines) < 2 or len(lines) > MAX_ROWS:
        raise InputError(f"{path.name} has {len(lines) - 1} rows; give 1 to {MAX_ROWS}")
    found: list[tuple[int, Mapping[str, str]]] = []
    for number, line in lines[1:]:
        values = [v.strip() for v in next(csv.reader([line], delimiter=split))]
        if split != ",":  # decimal commas of many countries' programs
            values = [v.replace(",", ".") for v in values]
        found.append((number, dict(zip(head, [*values, *[""] * (len(head) - len(values))], strict=False))))
    return found


def _marker(text: str, where: str, clicked: frozenset[str]) -> str:
    """`7` or `4x4_50:7`, or a clicked point's name."""
    if text.strip() in clicked:
        return text.strip()
    found = re.fullmatch(r"(?:([a-z0-9_]+):)?(\d{1,4})", text.strip().lower())
    if found is None or (found[1] is not None and found[1] not in NAMES):
        raise InputError(
            f"{where} names a marker {text.strip()[:40]!r}; write its number, or family and number, as 4x4_50:7 "
            f"(families: {', '.join(NAMES)}), or the name of a point in --clicked"
        )
    return f"{found[1]}:{int(found[2])}" if found[1] else str(int(found[2]))


def _length(row: Mapping[str, str], name: str, where: str, default: float | None = None) -> float:
    """In mm, from the column name_mm, name_m or name."""
    for column, factor in ((f"{name}_mm", 1.0), (f"{name}_m", 1000.0), (name, 1.0)):
        if row.get(column, "") != "":
            return factor * _number(row, column, where)
    if default is None:
        raise InputError(f"{where} has no {name}; write it in mm in the column {name}_mm")
    return default


def _number(row: Mapping[str, str], column: str, where: str) -> float:
    try:
        value = float(row[column])
    except ValueError:
        value = float("nan")
    if not abs(value) < 1e9:
        raise InputError(f"{where}: {column} is {row[column][:30]!r}, not a number")
    return value


def _use(row: Mapping[str, str], where: str) -> str:
    use = row.get("use", "").strip().lower() or "control"
    if use not in _USES:
        raise InputError(f"{where}: use is {use[:20]!r}; write control or check")
    return use
