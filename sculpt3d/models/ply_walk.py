"""PLY rows in bytes whose lists differ in length: where each begins, and its values side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sculpt3d.models.ply_header import Element
from sculpt3d.types import U8

_LONGEST = 2**31 - 1


@dataclass(frozen=True)
class Walked:
    """starts, sizes (n, P): where each value or list begins, and how many it holds. end: of the last row."""

    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    end: int


def walk(data: U8, element: Element, at: int, n: int, form: str) -> Walked | None:
    """n rows from `at` on; None where they do not fit. A row's length is known only from the row: a plain loop, 150 ns each
    where the row begins with its list and the length is a byte, as nearly always, else 480 ns a list. (Numba takes as long to
    load as that takes for millions.)"""
    lists, tail = _lists(element)
    if len(lists) == 1 and element.properties[0].count == "u1":
        walked = _walk_one(memoryview(data), at, n, lists[0][3], tail)  # type: ignore[arg-type]
    else:
        order: Literal["little", "big"] = "little" if form == "<" else "big"
        walked = _walk_any(memoryview(data), at, n, lists, tail, order)  # type: ignore[arg-type]
    if walked is None or walked[3] > len(data):
        return None
    return _laid(element, *walked)


_Found = tuple[Any, Any, list[int], int]  # where rows and lists begin, how many each holds, the end


def _walk_one(view: memoryview, at: int, n: int, item: int, tail: int) -> _Found | None:
    """Rows that begin with the byte."""
    steps = [1 + count * item + tail for count in range(256)]
    firsts, counts = [], []
    try:
        for _ in range(n):
            count = view[at]
            firsts.append(at)
            counts.append(count)
            at += steps[count]
    except IndexError:
        return None
    begins = np.array(firsts, np.int64)
    return begins, begins + 1, counts, at


def _walk_any(
    view: memoryview,
    at: int,
    n: int,
    lists: list[tuple[int, int, bool, int]],
    tail: int,
    order: Literal["little", "big"],
) -> _Found | None:
    firsts, places, counts = [], [], []
    total = len(view)
    for _ in range(n):
        firsts.append(at)
        for gap, width, signed, item in lists:
            at += gap
            if at + width > total:
                return None
            count = int.from_bytes(view[at : at + width], order, signed=signed)
            if not 0 <= count <= _LONGEST:
                return None
            at += width
            places.append(at)
            counts.append(count)
            at += count * item
        at += tail
    return firsts, places, counts, at


def _lists(element: Element) -> tuple[list[tuple[int, int, bool, int]], int]:
    """Of each list: bytes of plain values before it, of its length, whether that has a sign, bytes of an item. And the bytes
    of plain values behind the last."""
    found, gap = [], 0
    for p in element.properties:
        if p.count:
            found.append((gap, np.dtype(p.count).itemsize, p.count[0] == "i", np.dtype(p.kind).itemsize))
            gap = 0
        else:
            gap += np.dtype(p.kind).itemsize
    return found, gap


def _laid(element: Element, firsts: Any, places: Any, counts: list[int], end: int) -> Walked:
    n, many = len(firsts), sum(1 for p in element.properties if p.count)
    place, count = (np.array(v, np.int64).reshape(n, many) for v in (places, counts))
    starts, sizes = (np.ones((n, len(element.properties)), np.int64) for _ in range(2))
    cursor, listed = np.array(firsts, np.int64), 0
    for k, p in enumerate(element.properties):
        if p.count:
            cursor, sizes[:, k] = place[:, listed], count[:, listed]
            listed += 1
        starts[:, k] = cursor
        cursor = cursor + sizes[:, k] * np.dtype(p.kind).itemsize
    return Walked(starts, sizes, end)


def gather(data: U8, starts: NDArray[np.int64], sizes: NDArray[np.int64], item: int) -> U8:
    """The bytes of all values, row after row."""
    to = (np.cumsum(sizes) - sizes) * item
    out = np.empty(int(sizes.sum()) * item, np.uint8)
    for size in np.unique(sizes[sizes > 0]):
        rows = np.flatnonzero(sizes == size)
        step = max(1, (1 << 20) // int(size * item))
        for k in range(0, len(rows), step):
            part = rows[k : k + step, None]
            bytes_ = np.arange(size * item)
            out[to[part] + bytes_] = data[starts[part] + bytes_]
    return out
