"""Clouds as tables of text (.xyz, .asc, .txt, .csv, .pts): columns by the header's words, else by what they hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sculpt3d.errors import UnreadableFile
from sculpt3d.models.codes import rgba_of
from sculpt3d.models.document import Document, Part
from sculpt3d.models.growing import Growing
from sculpt3d.models.mapped import Mapped, map_file
from sculpt3d.models.text import block_at, blocks, numbers, unix, words_of
from sculpt3d.models.unit_normals import unit_normals

_MOST = 64  # columns
_NAMES = {
    **dict.fromkeys(("x", "east", "easting", "coordx", "x_coord"), "x"),
    **dict.fromkeys(("y", "north", "northing", "coordy", "y_coord"), "y"),
    **dict.fromkeys(("z", "height", "elevation", "altitude", "coordz", "z_coord"), "z"),
    **dict.fromkeys(("r", "red", "rf"), "red"),
    **dict.fromkeys(("g", "green", "gf"), "green"),
    **dict.fromkeys(("b", "blue", "bf"), "blue"),
    **dict.fromkeys(("a", "alpha"), "alpha"),
    **dict.fromkeys(("nx", "normal_x", "normalx"), "nx"),
    **dict.fromkeys(("ny", "normal_y", "normaly"), "ny"),
    **dict.fromkeys(("nz", "normal_z", "normalz"), "nz"),
}
_COLOUR, _NORMAL = ["red", "green", "blue"], ["nx", "ny", "nz"]
_IGNORED = re.compile(rb"^[ \t]*(#|//|;|!)[^\n]*", re.MULTILINE)


@dataclass(frozen=True)
class _Layout:
    """names of the columns, () where no header gives them; start: where the numbers begin; signs that stand for blanks."""

    names: tuple[str, ...]
    columns: int
    start: int
    separators: bytes
    decimal_comma: bool


def read_table(path: Path) -> Document:
    """Raises `UnreadableFile`."""
    mapped = map_file(path)
    layout = _layout(mapped, path)
    table = _rows(mapped, layout, path.name)
    notes: list[str] = []
    names = list(layout.names) or _guessed(table, path.suffix.lower(), notes)
    return Document(path.stem, (_part(table, names),), notes=tuple(notes))


def _layout(mapped: Mapped, path: Path) -> _Layout:
    """From the first line of numbers and what stands above it: comments, a line of names, a count of points."""
    head = block_at(mapped, 0, 1 << 16)
    names: tuple[str, ...] = ()
    at = strange = 0
    for line in re.findall(rb"[^\r\n]*(?:\r\n|\r|\n|$)", head):
        text = line.strip()
        known = _names(text)
        if {"x", "y", "z"} <= set(known):
            names = _unique(known)
        elif text and not _IGNORED.match(text):
            layout = _of_numbers(text, names, at)
            if layout.columns >= 3:
                return layout
            strange += not text.isdigit()  # a count of points
            if strange > 1 or (layout.columns and not text.isdigit()):
                raise UnreadableFile(
                    f"{path.name} is no table of points (x y z and more, a line each); export it as PLY"
                )
        at += len(line)
        if at >= len(head):
            break
    raise UnreadableFile(f"{path.name} holds no points; export it again")


def _names(line: bytes) -> list[str]:
    """Of columns, in lower case; a unit in brackets is passed over."""
    text = re.sub(r"[(\[][^)\]]*[)\]]", "", line.decode("utf-8", "replace")).strip("#/;! \t")
    words = re.split(r"[,;\t]" if re.search(r"[,;\t]", text) else r"\s+", text)
    plain = [w.strip().strip("\"'").strip().lower() for w in words]
    return [_NAMES.get(w, w) for w in plain]


def _of_numbers(text: bytes, names: tuple[str, ...], at: int) -> _Layout:
    comma = b"," in text and (
        b";" in text or (b"." not in text and bool(re.search(rb"\d,\d+[\t ]+[-+\d]", text)))
    )
    separators = b";" if comma else b",;"
    line = _blanked(text, separators, comma)
    many = len(line.split())
    good = many <= _MOST and numbers(line, many) is not None and (not names or many >= len(names))
    if names and good:
        names = (*names, *(f"column_{k + 1}" for k in range(len(names), many)))
    return _Layout(names, many if good else 0, at, separators, comma)


def _blanked(text: bytes, separators: bytes, decimal_comma: bool) -> bytes:
    if decimal_comma:
        text = text.replace(b",", b".")
    return text.translate(bytes.maketrans(separators, b" " * len(separators)))


def _unique(names: list[str]) -> tuple[str, ...]:
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return tuple(out)


def _rows(mapped: Mapped, layout: _Layout, file: str) -> NDArray[np.float64]:
    """(N, columns)."""
    found = Growing(np.float64, layout.columns)
    for at, block in _plain(mapped, layout):
        words = words_of(np.frombuffer(block, np.uint8))
        values = numbers(block, len(words.first))
        if values is None or (words.count != layout.columns).any():
            line = 1 + int(np.count_nonzero(mapped.data[: at + _broken(block, layout.columns)] == 10))
            raise UnreadableFile(
                f"{file}: line {line} is not the {layout.columns} numbers that the first has; export it again"
            )
        found.add(values.reshape(-1, layout.columns))
    return found.done()


def _plain(mapped: Mapped, layout: _Layout) -> Iterator[tuple[int, bytes]]:
    for at, block in blocks(mapped, layout.start):
        text = unix(block)
        if any(sign in text for sign in (b"#", b"//", b"!")):
            text = _IGNORED.sub(lambda m: b" " * len(m[0]), text)
        yield at, _blanked(text, layout.separators, layout.decimal_comma)


def _broken(block: bytes, columns: int) -> int:
    at = 0
    for line in block.split(b"\n"):
        if line.strip() and numbers(line, columns) is None:
            return at
        at += len(line) + 1
    return 0


def _guessed(table: NDArray[np.float64], suffix: str, notes: list[str]) -> list[str]:
    """Names for columns that have none: unit triples are normals, whole numbers of 0..255 colours, what is left is numbered."""
    names = ["x", "y", "z"]
    at, width = 3, table.shape[1]
    if width >= 7 and not _is_colour(table[:, 3:6]) and _is_colour(table[:, 4:7]):
        names, at = [*names, "intensity"], 4  # x y z i r g b, as .pts has it
    elif width == 4:
        names, at = [*names, "intensity"], 4
    while at < width:
        triple = table[:, at : at + 3]
        coloured = suffix == ".xyzrgb" and at == 3
        if triple.shape[1] == 3 and "nx" not in names and not coloured and _is_normal(triple):
            names, at = [*names, *_NORMAL], at + 3
        elif triple.shape[1] == 3 and "red" not in names and _is_colour(triple, shares=width in {6, 9}):
            names, at = [*names, *_COLOUR], at + 3
        else:
            names, at = [*names, f"column_{at + 1}"], at + 1
    if names[3:]:
        notes.append(f"columns taken as {' '.join(names)}, as no header names them")
    return names


def _is_colour(triple: NDArray[np.float64], shares: bool = False) -> bool:
    """Whole numbers to 255; or, with `shares`, anything from 0 to 1."""
    with np.errstate(invalid="ignore"):
        if not ((triple >= 0) & (triple <= 255)).all():
            return False
        return bool((triple == np.floor(triple)).all() and triple.max() > 1) or (
            shares and bool(triple.max() <= 1)
        )


def _is_normal(triple: NDArray[np.float64]) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        length = (triple**2).sum(1)
    return bool((((length > 0.9) & (length < 1.1)) | (length == 0)).all() and length.any())


def _part(table: NDArray[np.float64], names: list[str]) -> Part:
    column = {name: table[:, k] for k, name in enumerate(names)}
    rgba = normals = None
    if set(_COLOUR) <= column.keys():
        rgba = rgba_of([column.pop(c) for c in _COLOUR], column.pop("alpha", None))
    if set(_NORMAL) <= column.keys():
        normals = unit_normals(np.column_stack([column.pop(c) for c in _NORMAL]).astype(np.float32))
    xyz = np.column_stack([column.pop(c) for c in "xyz"])
    attributes = {name: np.ascontiguousarray(values) for name, values in column.items()}
    return Part(xyz, np.zeros((0, 3), np.int32), rgba=rgba, normals=normals, attributes=attributes)
