"""The lines of an OBJ file as arrays, block by block: all lines of a kind at once, whatever stands between them."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sculpt3d.errors import UnreadableFile
from sculpt3d.models.growing import Growing
from sculpt3d.models.mapped import Mapped
from sculpt3d.models.obj_corners import BEYOND, corners_of, culprit_face
from sculpt3d.models.text import (
    Words,
    blocks,
    culprit,
    lines_of,
    numbers,
    unix,
    without_comments,
    words_of,
)
from sculpt3d.types import F32, I32, U8, Bool

_GOES_ON = re.compile(rb"\\(\r\n|\n|\r)")


@dataclass(frozen=True)
class Lines:
    """What the file holds. extra: up to four numbers behind x y z, NaN where there are none. corners (C,): vertex, and
    texture coordinates and normal where any face has them, -1 where one has none. named: key, rest, faces before it."""

    xyz: NDArray[np.float64]
    extra: F32 | None
    uv: F32
    normals: F32
    corners: tuple[I32, I32 | None, I32 | None]
    sizes: I32
    named: tuple[tuple[str, bytes, int], ...]
    small: int  # faces of fewer than three corners
    lines: int
    points: int
    curves: int


def read_lines(mapped: Mapped, file: str) -> Lines:
    """Raises `UnreadableFile` with the number of the line that makes no sense."""
    reader = _Reader()
    held = b""
    for at, block in blocks(mapped):
        at, block, held = at - len(held), held + block, b""
        if block.endswith((b"\\\n", b"\\\r\n", b"\\\r")) and at + len(block) < len(mapped.data):
            held = block  # its last line goes on
            continue
        wrong = reader.take(
            unix(_GOES_ON.sub(lambda m: b" " * len(m[0]), block) if b"\\" in block else block)
        )
        if wrong is not None:
            before = mapped.data[: at + wrong]
            line = 1 + int(np.count_nonzero(before == 10) or np.count_nonzero(before == 13))
            raise UnreadableFile(f"{file}: line {line} cannot be understood; export it again")
    return reader.lines()


class _Reader:
    def __init__(self) -> None:
        self._xyz, self._uv, self._normals = (
            Growing(np.float64, 3),
            Growing(np.float32, 2),
            Growing(np.float32, 3),
        )
        self._extra: Growing | None = None
        self._corners: list[Growing | None] = [Growing(np.int32), None, None]
        self._sizes, self._filled = Growing(np.int32), 0  # corners before this block
        self._named: list[tuple[str, bytes, int]] = []
        self._small = self._lines = self._points = self._curves = 0

    def lines(self) -> Lines:
        for late in self._corners[1:]:
            if late is not None:
                late.add(np.full(len(self._corners[0] or ()) - len(late), -1, np.int32))
        vertex, uv, normal = (None if c is None else c.done() for c in self._corners)
        return Lines(
            self._xyz.done(),
            None if self._extra is None else self._extra.done(),
            self._uv.done(),
            self._normals.done(),
            (vertex, uv, normal),  # type: ignore[arg-type]
            self._sizes.done(),
            tuple(self._named),
            self._small,
            self._lines,
            self._points,
            self._curves,
        )

    def take(self, block: bytes) -> int | None:
        """The place of a line that makes no sense, None where all do."""
        data = np.frombuffer(bytearray(without_comments(block)), np.uint8)
        words = words_of(data)
        if not len(words.lead):
            return None
        at = words.first[words.lead]
        padded = np.append(data, np.zeros(3, np.uint8) + 10)
        a, b, c = padded[at], padded[at + 1], padded[at + 2]
        alone = b <= 32
        two = (b > 32) & (c <= 32)
        v, vt, vn = (a == 118) & alone, (a == 118) & (b == 116) & two, (a == 118) & (b == 110) & two
        f = (a == 102) & (alone | ((b == 111) & two))  # fo is of old
        self._lines += int(((a == 108) & alone).sum())
        self._points += int(((a == 112) & alone).sum())
        few = f & (words.count < 4)
        self._small += int(few.sum())
        f &= ~few
        faces = len(self._sizes) + np.cumsum(f)
        for k in np.flatnonzero(~(alone | vt | vn | f)):
            self._word(block, int(at[k]), int(faces[k]))
        before = [
            len(g) + np.cumsum(kind) for g, kind in ((self._xyz, v), (self._uv, vt), (self._normals, vn))
        ]
        for kind in (v, vt, vn, f):
            for letter in range(2):
                spot = at[kind] + letter
                data[spot[padded[spot] > 32]] = 32
        wrong = self._vertices(data, words, v)
        for kind, table, width in ((vt, self._uv, 2), (vn, self._normals, 3)):
            wrong = _table(data, words, kind, table, width) if wrong is None else wrong
        return self._faces(data, words, f, before) if wrong is None else wrong

    def _word(self, block: bytes, at: int, faces: int) -> None:
        """A line that is neither geometry nor a single letter."""
        key = block[at : at + 8].split(None, 1)[0]
        if key in {b"usemtl", b"mtllib"}:
            stop = block.find(b"\n", at)
            line = block[at : stop if stop >= 0 else len(block)]
            self._named.append((key.decode(), line[len(key) :].strip(), faces))
        elif key in {b"curv", b"curv2", b"surf"}:
            self._curves += 1

    def _vertices(self, data: U8, words: Words, kind: Bool) -> int | None:
        count = words.count[kind] - 1
        if not len(count):
            return None
        values = numbers(lines_of(data, words, kind), int(count.sum()))
        if values is None or count.min() < 3:
            return culprit(data, words, kind, 3)
        most = min(int(count.max()), 7)
        if count.min() == count.max():
            table = values.reshape(len(count), -1)
        else:
            first = np.cumsum(count) - count
            each = first[:, None] + np.arange(most)
            table = np.where(
                np.arange(most) < count[:, None], values[np.minimum(each, len(values) - 1)], np.nan
            )
        if most > 3 and self._extra is None:
            self._extra = Growing(np.float32, 4)
            self._extra.add(np.full((len(self._xyz), 4), np.nan, np.float32))
        self._xyz.add(table[:, :3])
        if self._extra is not None:
            more = np.full((len(table), 4), np.nan, np.float32)
            more[:, : most - 3] = table[:, 3:7]
            self._extra.add(more)
        return None

    def _faces(self, data: U8, words: Words, kind: Bool, before: list[NDArray[np.int64]]) -> int | None:
        count = (words.count[kind] - 1).astype(np.int32)
        if not len(count):
            return None
        corners = corners_of(data, words, kind, count)
        if corners is None:
            return culprit_face(data, words, kind)
        self._filled = len(self._corners[0] or ())
        for row, total in enumerate(before):
            index = corners[row]
            back = index < 0
            if back.any():
                index[back] += np.repeat(total[kind], count)[back] + 1  # -1 is the last so far
                index[back & (index < 1)] = 0 if row == 0 else BEYOND
            if row == 0 and (index < 1).any():
                broken = int(np.flatnonzero(index < 1)[0])
                return int(words.first[words.lead[kind]][np.searchsorted(np.cumsum(count), broken, "right")])
            self._add(row, index)
        self._sizes.add(count)
        return None

    def _add(self, row: int, index: NDArray[np.int64]) -> None:
        kept = self._corners[row]
        if kept is None:
            if not index.any():
                return
            kept = self._corners[row] = Growing(np.int32)
        kept.add(np.full(self._filled - len(kept), -1, np.int32))
        kept.add(np.minimum(index, BEYOND) - 1)


def _table(data: U8, words: Words, kind: Bool, table: Growing, width: int) -> int | None:
    """vt and vn lines: what they have beyond `width` numbers is passed over, a missing v is 0."""
    count = words.count[kind] - 1
    if not len(count):
        return None
    values = numbers(lines_of(data, words, kind), int(count.sum()), np.float64)
    least = 1 if width == 2 else 3
    if values is None or count.min() < least:
        return culprit(data, words, kind, least)
    if count.min() == count.max() and count[0] >= width:
        rows = values.reshape(len(count), -1)[:, :width]
    else:
        each = (np.cumsum(count) - count)[:, None] + np.arange(width)
        rows = np.where(np.arange(width) < count[:, None], values[np.minimum(each, len(values) - 1)], 0)
    with np.errstate(over="ignore"):
        table.add(rows.astype(np.float32))
    return None
