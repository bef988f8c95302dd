"""Files of numbers as text: blocks of whole lines, where their words are, and the words as numbers.

NumPy's own reader of text does the digits: correctly rounded doubles at 200 ns each, whole numbers at 26 ns. A compiled parser of
our own was no faster in the end: Numba takes 0.8 s and 70 MB to load it.
"""

from __future__ import annotations

import codecs
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.errors import UnreadableFile
from sculpt3d.models.mapped import Mapped
from sculpt3d.types import U8, Bool

BLOCK = 1 << 21  # bytes
_LONGEST = 1 << 25  # bytes of a line: a word of it costs 16 bytes to find
_POWERS = 10.0 ** np.arange(23)  # exact
_EXACT = 1 << 53
_NO_NUMBER = re.compile(rb"[-+]?(?:1\.#\w+|nan\(\w*\))", re.IGNORECASE)  # as C libraries write it
_COMMENT = re.compile(rb"#[^\n]*")


@dataclass(frozen=True)
class Words:
    """first (W,): where each word begins. lead (L,): of these the first of each line that has any. count (L,): words of it."""

    first: NDArray[np.intp]
    lead: NDArray[np.intp]
    count: NDArray[np.intp]


def blocks(mapped: Mapped, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Whole lines, about `BLOCK` bytes at a time, and where each block begins. Lines end in LF, CR LF or CR."""
    at = start
    while at < len(mapped.data):
        block = block_at(mapped, at)
        yield at, block
        mapped.forget(at, at + len(block))
        at += len(block)


def block_at(mapped: Mapped, at: int, size: int = BLOCK) -> bytes:
    """Whole lines of about `size` bytes; more where a line is longer. A byte order mark is blank. Raises `UnreadableFile` where a
    line never ends."""
    to = len(mapped.data)
    while at + size < len(mapped.data):
        if size > _LONGEST:
            raise UnreadableFile(
                f"{mapped.file} has a line of more than {_LONGEST >> 20} MB; export it again"
            )
        half = mapped.data[at + size // 2 : at + size]
        ends = np.flatnonzero((half == 10) | (half == 13))
        if len(ends):
            to = at + size // 2 + int(ends[-1]) + 1
            break
        size *= 2
    block = mapped.data[at:to].tobytes()
    return b"   " + block[3:] if at == 0 and block.startswith(codecs.BOM_UTF8) else block


def unix(block: bytes) -> bytes:
    """As long as before, with LF alone at the ends of lines."""
    return block.replace(b"\r", b"\n") if b"\r" in block else block


def without_comments(block: bytes) -> bytes:
    """As long as before; what follows a # is blank."""
    return _COMMENT.sub(lambda m: b" " * len(m[0]), block) if b"#" in block else block


def words_of(data: U8) -> Words:
    blank = data <= 32
    begins = ~blank
    begins[1:] &= blank[:-1]
    first = np.flatnonzero(begins)
    if not len(first):
        return Words(first, first, first)
    lead = np.append(0, np.searchsorted(first, np.flatnonzero(data == 10)))
    new = np.ones(len(lead), bool)
    new[1:] = lead[1:] != lead[:-1]
    lead = lead[new & (lead < len(first))]
    return Words(first, lead, np.diff(np.append(lead, len(first))))


def numbers(text: bytes, many: int, kind: Any = np.float64) -> NDArray[Any] | None:
    """The `many` numbers of the text; None where there are more or fewer, or something is no number."""
    if many == 0 or text.isspace():  # of blanks alone NumPy makes a number
        return np.empty(0, kind) if many == 0 and (not text or text.isspace()) else None
    found = _decimals(text, many) if kind is np.float64 else None
    if found is None:
        found = _parsed(text, kind)
    if found is None and kind is np.float64:
        found = _parsed(_NO_NUMBER.sub(b"nan", text), kind)
    return found if found is not None and len(found) == many else None


def _decimals(text: bytes, many: int) -> NDArray[np.float64] | None:
    """The same for numbers of up to 15 digits without exponents: as whole numbers over a power of ten, both exact, so that their
    quotient is rounded rightly, in a third of the time. None where there are others."""
    if text.translate(None, b"0123456789.-+ \t\n\r\v\f"):
        return None
    data = np.frombuffer(text, np.uint8)
    blank = np.ones(len(data) + 2, bool)
    np.less_equal(data, 32, out=blank[1:-1])
    edges = np.flatnonzero(blank[1:] != blank[:-1])
    starts, ends = edges[::2], edges[1::2]
    dots = np.flatnonzero(data == 46)
    word = np.arange(many) if len(dots) == many else np.searchsorted(starts, dots, side="right") - 1
    if len(starts) != many or (ends - starts).max() > 19 or (word[1:] == word[:-1]).any():
        return None
    if ((dots < starts[word]) | (dots >= ends[word])).any():
        return None
    whole = _parsed(text.translate(None, b"."), np.int64)
    if whole is None or len(whole) != many or whole.max() >= _EXACT or whole.min() <= -_EXACT:
        return None
    if len(dots) == many:
        return whole / _POWERS[ends - dots - 1]
    behind = np.zeros(many, np.intp)
    behind[word] = ends[word] - dots - 1
    return whole / _POWERS[behind]


def _parsed(text: bytes, kind: Any) -> NDArray[Any] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return np.fromstring(text, kind, sep=" ")
    except (ValueError, DeprecationWarning):
        return None


def lines_of(data: U8, words: Words, kind: Bool) -> bytes:
    """The lines of that kind."""
    if kind.all():
        return data.tobytes()
    starts = words.first[words.lead]
    ends = np.append(starts[1:], len(data))
    mark = np.zeros(len(data) + 1, np.int8)
    mark[starts[kind]] += 1
    mark[ends[kind]] -= 1
    return data[np.cumsum(mark[:-1], dtype=np.int8) > 0].tobytes()


def culprit(data: U8, words: Words, kind: Bool, least: int) -> int:
    """The first of these lines that is not at least so many numbers."""
    starts = words.first[words.lead]
    ends = np.append(starts[1:], len(data))
    for start, end, count in zip(starts[kind], ends[kind], words.count[kind], strict=True):
        if count - 1 < least or numbers(data[start:end].tobytes(), int(count) - 1) is None:
            return int(start)
    return int(starts[kind][0])
