"""The rows of a PLY element, block by block: columns and lists alike from text and from bytes of either order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.errors import UnreadableFile
from sculpt3d.models.mapped import Mapped
from sculpt3d.models.ply_header import Element, Format
from sculpt3d.models.ply_walk import gather, walk
from sculpt3d.models.text import block_at, numbers, words_of
from sculpt3d.types import I32

BLOCK = 1 << 18  # rows
TEXT_BLOCK = 1 << 21  # bytes
_Lists = tuple[I32, NDArray[Any]]


@dataclass(frozen=True)
class Rows:
    """columns: (n,) by property. lists: how many each row has (n,), and all of them one after another. end: what follows."""

    count: int
    columns: Mapping[str, NDArray[Any]]
    lists: Mapping[str, _Lists]
    end: int


def rows_of(mapped: Mapped, element: Element, form: Format, start: int, file: str) -> Iterator[Rows]:
    """Blocks of at most `BLOCK` rows. Their arrays may be views of the file, gone with the next block."""
    done, at = 0, start
    most = min(BLOCK, max(1, (1 << 22) // max(1, len(element.properties))))
    while done < element.count and element.properties:
        n = min(most, element.count - done)
        rows = _text(mapped, element, at, n, file) if form == "ascii" else None
        if rows is None:
            rows = _even(mapped, element, form, at, n) or _uneven(mapped, element, form, at, n, file)
        yield rows
        mapped.forget(at, rows.end)
        done, at = done + rows.count, rows.end


def end_of(mapped: Mapped, element: Element, form: Format, start: int, file: str) -> int:
    """Where the next element starts."""
    if form != "ascii" and not element.lists:
        return start + element.count * element.smallest_row(form)
    at = start
    for rows in rows_of(mapped, element, form, start, file):
        at = rows.end
    return at


def _even(mapped: Mapped, element: Element, form: str, at: int, n: int) -> Rows | None:
    """Rows that are all as long as the first, as nearly always."""
    fields: list[tuple[Any, ...]] = []
    place = at
    for k, p in enumerate(element.properties):
        fields.append((f"n{k}", form + (p.count or p.kind)))
        place += np.dtype(p.count or p.kind).itemsize
        if p.count:
            length = mapped.data[place - np.dtype(p.count).itemsize : place]
            if len(length) < np.dtype(p.count).itemsize:
                return None
            items = int(length.view(form + p.count)[0])
            if not 0 <= items <= len(mapped.data):
                return None
            fields.append((f"v{k}", form + p.kind, (items,)))
            place += items * np.dtype(p.kind).itemsize
    if place - at > 1 << 30:
        return None
    dtype = np.dtype(fields)
    stop = at + n * dtype.itemsize
    if stop > len(mapped.data):
        return None
    rows = mapped.data[at:stop].view(dtype) if dtype.itemsize else np.zeros(n, dtype)
    columns, lists = {}, {}
    for k, p in enumerate(element.properties):
        if not p.count:
            columns[p.name] = rows[f"n{k}"]
            continue
        if n and (rows[f"n{k}"] != rows[f"n{k}"][0]).any():
            return None
        lists[p.name] = (np.full(n, dtype[f"v{k}"].shape[0], np.int32), rows[f"v{k}"])
    return Rows(n, columns, {k: (s, v.reshape(-1)) for k, (s, v) in lists.items()}, stop)


def _uneven(mapped: Mapped, element: Element, form: str, at: int, n: int, file: str) -> Rows:
    walked = walk(mapped.data, element, at, n, form)
    if walked is None:
        raise UnreadableFile(f"{file} is cut short in its {element.name} entries; export it again")
    columns: dict[str, NDArray[Any]] = {}
    lists: dict[str, _Lists] = {}
    for k, p in enumerate(element.properties):
        sizes = walked.sizes[:, k]
        values = gather(mapped.data, walked.starts[:, k], sizes, np.dtype(p.kind).itemsize).view(
            form + p.kind
        )
        if p.count:
            lists[p.name] = (sizes.astype(np.int32), values)
        else:
            columns[p.name] = values
    return Rows(n, columns, lists, walked.end)


def _text(mapped: Mapped, element: Element, at: int, n: int, file: str) -> Rows:
    """A row is a line, or else as many words as its properties want."""
    size = TEXT_BLOCK
    whole = all(p.kind[0] != "f" for p in element.properties)
    while True:
        block = block_at(mapped, at, size)
        words = words_of(np.frombuffer(block, np.uint8))
        values = numbers(block, len(words.first), np.int64) if whole else None  # six times as fast as doubles
        if values is None:
            values = numbers(block, len(words.first))
        if values is None:
            values = _leading(block, words.first, words.lead, n, file, element.name)
        found = _by_lines(element, values, words.lead[:n])
        if found is None:
            found = _by_words(element, values, n)
        if found is not None or at + len(block) >= len(mapped.data):
            break
        size *= 4
    if found is None or not len(found[0]):
        raise UnreadableFile(f"{file} is cut short in its {element.name} entries; export it again")
    starts, sizes, used = found
    end = at + (int(words.first[used]) if used < len(words.first) else len(block))
    columns: dict[str, NDArray[Any]] = {}
    lists: dict[str, _Lists] = {}
    with np.errstate(invalid="ignore", over="ignore"):
        for k, p in enumerate(element.properties):
            if p.count:
                each = np.repeat(starts[:, k] - np.cumsum(sizes[:, k]) + sizes[:, k], sizes[:, k])
                items = values[each + np.arange(len(each))]
                lists[p.name] = (
                    sizes[:, k].astype(np.int32),
                    items.astype(p.kind if p.kind[0] == "f" else "i8"),
                )
            else:
                columns[p.name] = _narrow(values[starts[:, k]], p.kind)
    return Rows(len(starts), columns, lists, end)


def _leading(
    block: bytes, first: NDArray[np.intp], lead: NDArray[np.intp], n: int, file: str, name: str
) -> NDArray[np.float64]:
    """The numbers of the first n lines, where what follows them is something else."""
    stop = int(lead[n]) if n < len(lead) else len(first)
    values = numbers(block[: int(first[stop])] if stop < len(first) else block, stop)
    if values is None:
        raise UnreadableFile(f"{file} has something that is no number in its {name} entries; export it again")
    return values


_Found = tuple[NDArray[np.int64], NDArray[np.int64], int]  # starts and sizes (n, P), numbers used


def _by_lines(element: Element, values: NDArray[Any], lead: NDArray[np.intp]) -> _Found | None:
    """All rows at once, where each is a line of its own."""
    starts, sizes = (np.ones((len(lead), len(element.properties)), np.int64) for _ in range(2))
    at = lead.astype(np.int64)
    for k, p in enumerate(element.properties):
        if p.count:
            if (at >= len(values)).any():
                return None
            length = values[at]
            if not ((length >= 0) & (length <= len(values))).all():
                return None
            sizes[:, k] = length
            at = at + 1
        starts[:, k] = at
        at = at + sizes[:, k]
    if (at[:-1] != lead[1:]).any() or (len(at) and at[-1] > len(values)):
        return None
    return starts, sizes, int(at[-1]) if len(at) else 0


def _by_words(element: Element, values: NDArray[Any], n: int) -> _Found | None:
    """One row after another, wherever its lines end; None where not one is whole."""
    listed = [bool(p.count) for p in element.properties]
    numbers_, total = values.tolist(), len(values)
    starts: list[list[int]] = []
    sizes: list[list[int]] = []
    at = used = 0
    while len(starts) < n:
        row, many = [], []
        for one in listed:
            count = 1
            if one:
                if at >= total or not 0 <= numbers_[at] <= total:
                    at = total + 1
                    break
                count, at = int(numbers_[at]), at + 1
            row.append(at)
            many.append(count)
            at += count
        if at > total:
            break
        starts.append(row)
        sizes.append(many)
        used = at
    if not starts:
        return None
    return np.array(starts, np.int64), np.array(sizes, np.int64), used


def _narrow(values: NDArray[Any], kind: str) -> NDArray[Any]:
    """To the type that the header promises; whole numbers stay within it."""
    if kind[0] == "f":
        return values.astype(kind)
    limits = np.iinfo(kind)
    if values.dtype.kind == "f":
        values = np.nan_to_num(values)
    return np.clip(values, float(limits.min), float(limits.max)).astype(kind)
