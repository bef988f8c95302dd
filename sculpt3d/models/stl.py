"""STL, binary or text, with the colours that two programs hide in it; equal corners are one vertex again."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sculpt3d.errors import UnreadableFile
from sculpt3d.models.distinct import distinct
from sculpt3d.models.document import Document, Part
from sculpt3d.models.growing import Growing
from sculpt3d.models.mapped import Mapped, map_file
from sculpt3d.models.text import blocks, numbers, unix
from sculpt3d.types import F32, U8

_ROW = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("colour", "<u2")])
_BLOCK = 1 << 16
_VERTEX = re.compile(rb"^[ \t]*vertex[ \t]+([^\n]*)$", re.IGNORECASE | re.MULTILINE)


def read_stl(path: Path) -> Document:
    """Raises `UnreadableFile`."""
    mapped = map_file(path)
    head = mapped.data[:84].tobytes()
    count = int.from_bytes(head[80:84], "little") if len(head) == 84 else 0
    text = head.lstrip()[:5].lower() == b"solid"
    rows = (len(mapped.data) - 84) // _ROW.itemsize
    if len(head) == 84 and (not text or 84 + count * _ROW.itemsize == len(mapped.data)):
        if count > rows:
            raise UnreadableFile(
                f"{path.name} is cut short: it holds {rows:,} of {count:,} triangles; export it again"
            )
        corners, rgba = _binary(mapped, count, head)
    elif text:
        corners, rgba = _text(mapped, path.name), None
    else:
        raise UnreadableFile(f"{path.name} is not an STL file; export it again")
    millimetres = head.startswith(b"Sculpt3D, millimetres")
    part = _welded(corners, rgba)
    unit = (0.001, "the file's first line") if millimetres else (None, "")
    return Document(path.stem, (part,), unit_m=unit[0], unit_source=unit[1])


def _binary(mapped: Mapped, count: int, head: bytes) -> tuple[F32, U8 | None]:
    """(3 T, 3) and (T, 4), None where no triangle has a colour."""
    rows = mapped.data[84 : 84 + count * _ROW.itemsize].view(_ROW)
    corners, codes = np.empty((count, 3, 3), np.float32), np.empty(count, np.uint16)
    for k in range(0, count, _BLOCK):
        part = rows[k : k + _BLOCK]
        corners[k : k + _BLOCK], codes[k : k + _BLOCK] = part["corners"], part["colour"]
        mapped.forget(84 + k * _ROW.itemsize, 84 + (k + _BLOCK) * _ROW.itemsize)
    return corners.reshape(-1, 3), _colours(codes, head)


def _colours(codes: NDArray[np.uint16], head: bytes) -> U8 | None:
    """Five bits a channel: blue lowest and bit 15 "it has one" (VisCAM), or red lowest, bit 15 "it has the header's" after
    COLOR= in the header (Materialise)."""
    whole = head.find(b"COLOR=")
    own = (codes >> 15 == 0) if 0 <= whole <= 70 else (codes >> 15 == 1)
    if whole < 0 and (not own.any() or not (codes & 0x7FFF).any()):
        return None
    rgba = np.full((len(codes), 4), 255, np.uint8)
    if 0 <= whole <= 70:
        rgba[:, :3] = np.frombuffer(head[whole + 6 : whole + 9], np.uint8)
    shifts = (0, 5, 10) if whole >= 0 else (10, 5, 0)
    for k, shift in enumerate(shifts):
        value = (codes[own] >> shift) & 31
        rgba[own, k] = (value * np.uint16(255) + np.uint16(15)) // np.uint16(31)
    return rgba


def _text(mapped: Mapped, file: str) -> F32:
    """(3 T, 3): what follows each `vertex`. Facets of more than three corners are none."""
    found = Growing(np.float32, 3)
    for _, block in blocks(mapped):
        lines = _VERTEX.findall(unix(block))
        values = numbers(b"\n".join(lines), 3 * len(lines))
        if values is None:
            raise UnreadableFile(f"{file} has a vertex that is no three numbers; export it again")
        with np.errstate(over="ignore"):
            found.add(values.reshape(-1, 3).astype(np.float32))
    corners = found.done()
    if len(corners) % 3:
        raise UnreadableFile(f"{file} has facets that are no triangles, or is cut short; export it again")
    return corners


def _welded(corners: F32, rgba: U8 | None) -> Part:
    """Corners at one place, of one colour, are one vertex."""
    with np.errstate(invalid="ignore"):
        corners += np.float32(0)  # -0 is 0
    words = corners.view(np.uint32)
    if rgba is not None:
        words = np.column_stack([words, np.repeat(rgba.view(np.uint32), 3)])
    number, first = distinct(words)
    colours = None if rgba is None else rgba[first // 3]
    return Part(corners[first], number.reshape(-1, 3), rgba=colours)
