"""The corners of an OBJ file's faces: `a`, `a/b`, `a/b/c` and `a//c`, lines of one way of writing at a time."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from sculpt3d.models.text import Words, lines_of, numbers
from sculpt3d.types import I32, U8, Bool

BEYOND = 2**31 - 1  # no list is as long
_CORNER = re.compile(rb"([-+]?\d+)(?:/([-+]?\d*)(?:/([-+]?\d*))?)?\Z")
_BLANKED = bytes.maketrans(b"/", b" ")


def corners_of(
    data: U8, words: Words, kind: Bool, count: I32
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]] | None:
    """(3, C) as written: from 1, negative ones from the end, 0 where there is none. None where one is no corner."""
    total = int(count.sum())
    out = tuple(np.zeros(total, np.int64) for _ in range(3))
    style = _styles(data, words)[kind] if (data == 47).any() else np.zeros(len(count), np.int8)
    place = np.cumsum(count) - count
    rows = np.flatnonzero(kind)
    for one in np.unique(style):
        chosen = style == one
        lines = np.zeros(len(kind), bool)
        lines[rows[chosen]] = True
        columns = {0: (0,), 1: (0, 1), 2: (0, 1, 2), 3: (0, 2)}.get(int(one))
        many = int(count[chosen].sum())
        text = lines_of(data, words, lines)
        found = numbers(text.translate(_BLANKED), many * len(columns), np.int64) if columns else None
        if found is None or columns is None:
            found, columns = _one_by_one(text, many), (0, 1, 2)
            if found is None:
                return None
        table = found.reshape(many, len(columns))
        if chosen.all():
            for column, row in enumerate(columns):
                out[row][:] = table[:, column]
            continue
        each = np.repeat(place[chosen] - np.cumsum(count[chosen]) + count[chosen], count[chosen])
        for column, row in enumerate(columns):
            out[row][each + np.arange(many)] = table[:, column]
    return out  # type: ignore[return-value]


def _styles(data: U8, words: Words) -> NDArray[np.int8]:
    """(L,) how the corners of a line are written: 0 a, 1 a/b, 2 a/b/c, 3 a//c, 4 several ways."""
    slashes = np.flatnonzero(data == 47)
    word = np.searchsorted(words.first, slashes, side="right") - 1
    twice = np.flatnonzero(np.diff(slashes) == 1)
    style = np.bincount(word[word >= 0], minlength=len(words.first))
    style[word[twice][word[twice] >= 0]] += 1
    style = np.minimum(style, 4)
    second = np.minimum(words.lead + 1, len(style) - 1)
    keyword = style[words.lead].copy()
    style[words.lead] = style[second]  # the keyword itself is none
    low, high = np.minimum.reduceat(style, words.lead), np.maximum.reduceat(style, words.lead)
    style[words.lead] = keyword
    return np.where(low == high, high, 4).astype(np.int8)


def _one_by_one(text: bytes, many: int) -> NDArray[np.int64] | None:
    """(many * 3,) for corners that are written in several ways."""
    found: list[int] = []
    for word in text.split():
        match = _CORNER.match(word)
        if match is None or len(word) > 48:
            return None
        found += [
            max(-BEYOND, min(int(g), BEYOND)) if g and g not in {b"+", b"-"} else 0 for g in match.groups()
        ]
    return np.array(found, np.int64) if len(found) == 3 * many else None


def culprit_face(data: U8, words: Words, kind: Bool) -> int:
    starts = words.first[words.lead]
    ends = np.append(starts[1:], len(data))
    for start, end, count in zip(starts[kind], ends[kind], words.count[kind], strict=True):
        if _one_by_one(data[start:end].tobytes(), int(count) - 1) is None:
            return int(start)
    return int(starts[kind][0])
