"""The header of a PLY file: elements, properties and comments, in any order, with any line ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sculpt3d.errors import UnreadableFile
from sculpt3d.models.mapped import Mapped

Format = Literal["ascii", "<", ">"]
_FORMATS: dict[str, Format] = {"ascii": "ascii", "binary_little_endian": "<", "binary_big_endian": ">"}
_TYPES = {
    **dict.fromkeys(("char", "int8"), "i1"),
    **dict.fromkeys(("uchar", "uint8", "byte"), "u1"),
    **dict.fromkeys(("short", "int16"), "i2"),
    **dict.fromkeys(("ushort", "uint16"), "u2"),
    **dict.fromkeys(("int", "int32"), "i4"),
    **dict.fromkeys(("uint", "uint32"), "u4"),
    **dict.fromkeys(("long", "int64"), "i8"),
    **dict.fromkeys(("ulong", "uint64"), "u8"),
    **dict.fromkeys(("float", "float32"), "f4"),
    **dict.fromkeys(("double", "float64"), "f8"),
}
_USUAL, _LONGEST = 1 << 14, 1 << 20  # bytes


@dataclass(frozen=True)
class Property:
    """kind: NumPy's code of the value, or of a list's items; count: the code of a list's length, "" where it is none."""

    name: str
    kind: str
    count: str = ""


@dataclass(frozen=True)
class Element:
    name: str
    count: int
    properties: tuple[Property, ...]

    @property
    def lists(self) -> bool:
        return any(p.count for p in self.properties)

    def smallest_row(self, form: Format) -> int:
        """Bytes that a row has at least."""
        if form == "ascii":
            return 2 * len(self.properties)
        return sum(np.dtype(p.count or p.kind).itemsize for p in self.properties)


@dataclass(frozen=True)
class Header:
    """start: where the first element's bytes lie. comments: of `comment` and `obj_info` lines alike."""

    form: Format
    elements: tuple[Element, ...]
    comments: tuple[str, ...]
    start: int

    def element(self, name: str) -> Element | None:
        return next((e for e in self.elements if e.name == name), None)


def read_header(mapped: Mapped, file: str) -> Header:
    """Raises `UnreadableFile`; counts are checked against the bytes that are there."""
    head = mapped.data[:_USUAL].tobytes()
    if b"end_header" not in head:
        head = mapped.data[:_LONGEST].tobytes()
    if not head.startswith(b"ply") or not head[3:4].isspace():
        raise UnreadableFile(f"{file} is not a PLY file; export it again")
    ending = b"\n" if b"\n" in head[:16] else b"\r"  # a line may also end in CR LF
    lines, at = [], 0
    while True:
        stop = head.find(ending, at)
        if stop < 0:
            raise UnreadableFile(f"{file} has a PLY header without an end; export it again")
        line, at = head[at:stop].decode("utf-8", "replace").strip(), stop + 1
        if line == "end_header":
            break
        lines.append(line)
    try:
        form, elements, comments = _parse(lines[1:])
    except (KeyError, IndexError, ValueError) as error:
        raise UnreadableFile(f"{file} has a PLY header that makes no sense; export it again") from error
    header = Header(form, elements, comments, at)
    left = len(mapped.data) - at
    for element in elements:
        if element.count * element.smallest_row(form) > left + 1:  # the last number of text needs no blank
            raise UnreadableFile(
                f"{file} is cut short: it has fewer {element.name} entries than it says; export it again"
            )
    return header


def _parse(lines: list[str]) -> tuple[Format, tuple[Element, ...], tuple[str, ...]]:
    form: Format | None = None
    elements: list[tuple[str, int, list[Property]]] = []
    comments = []
    for line in lines:
        words = line.split()
        key = words[0] if words else ""
        if key in {"comment", "obj_info"}:
            comments.append(line[len(key) :].strip())
        elif key == "format":
            form = _FORMATS[words[1]]
        elif key == "element":
            elements.append((words[1], _count(words[2]), []))
        elif key == "property":
            elements[-1][2].append(_property(words, elements[-1][2]))
    if form is None:
        raise ValueError("no format")
    return form, tuple(Element(n, c, tuple(p)) for n, c, p in elements), tuple(comments)


def _count(word: str) -> int:
    if not word.isdecimal() or len(word) > 18:
        raise ValueError("no count")
    return int(word)


def _property(words: list[str], before: list[Property]) -> Property:
    """Names in lower case; one that comes twice gets a number."""
    listed = words[1] == "list"
    name = words[4 if listed else 2].lower()
    taken = {p.name for p in before}
    unique = name if name not in taken else f"{name}_{len(taken)}"
    if not listed:
        return Property(unique, _TYPES[words[1]])
    if _TYPES[words[2]][0] == "f":
        raise ValueError("a length that is no whole number")
    return Property(unique, _TYPES[words[3]], _TYPES[words[2]])
