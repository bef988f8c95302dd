"""Annotations beside a model, kept so that a killed program or a lost current loses none.

Every change is a line at the end of a journal, on the disk before it counts; `save` writes the page whole and only then
deletes the journal. Whoever opens the model next finds the page, and the journal of one who did not come to saving.
Replaying a journal over a page that has it already changes nothing. One desk writes at a time; the system forgets its lock
when it dies.
"""

from __future__ import annotations

import json
import math
import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from sculpt3d.desk import history
from sculpt3d.desk.annotations import Annotation, checked
from sculpt3d.desk.history import Book
from sculpt3d.desk.webannotation import Item, as_item, as_page, model_of, read_item
from sculpt3d.errors import InputError, ResourceError, UnreadableFile
from sculpt3d.files import write_atomic
from sculpt3d.system import sync_folder

MAX_BYTES, MAX_COUNT, MAX_DEPTH = 64_000_000, 10_000, 64
JOURNAL_FULL = 8_000_000  # bytes from which on a change saves


@dataclass(frozen=True)
class Kept:
    """What lies on the disk. others: items that other programs wrote, to be kept as they are. notes: what must be said."""

    book: Book
    page_id: str
    others: tuple[Item, ...] = ()
    notes: tuple[str, ...] = ()
    journal_bytes: int = 0


def page_of(model: Path) -> Path:
    """Where the annotations of a project or model lie."""
    name = "annotations.jsonld"
    return model / name if model.is_dir() else model.with_name(f"{model.stem}.{name}")


def journal_of(page: Path) -> Path:
    return page.with_suffix(".journal")


def read_annotated(model: Path) -> Kept:
    """Page and journal as they are; writes nothing. Raises `UnreadableFile` with the remedy."""
    page = page_of(model)
    found = _read_json(page) if page.is_file() else {"items": []}
    items = found.get("items") if isinstance(found, dict) else None
    if not isinstance(items, list):
        raise UnreadableFile(
            f'{page.name} is no page of annotations: it lacks a list of "items"; move it away'
        )
    if len(items) > MAX_COUNT:
        raise UnreadableFile(f"{page.name} holds {len(items):,} annotations; at most {MAX_COUNT:,} are read")
    notes, others, why, made_on = dict[str, Annotation](), list[Item](), "", set[str]()
    for item in items:
        try:
            one = read_item(item)
            if one.id in notes:
                raise InputError("It has the id of another one")
            notes[one.id] = one
            made_on.add(model_of(item))
        except InputError as error:
            others.append(item)
            why = why or str(error)
    foreign = sorted(made_on - {_target_of(model), ""})
    moved = (
        (f"{page.name} was made on {foreign[0][:80]}: is this the same model, in the same unit?",)
        if foreign
        else ()
    )
    told = (f"{page.name}: {len(others)} of {len(items)} entries are kept as they are and not shown ({why})",)
    page_id = found["id"] if isinstance(found.get("id"), str) else uuid.uuid4().urn
    book, size, torn = _replayed(Book(notes), journal_of(page))
    return Kept(book, page_id, tuple(others), (*moved, *(told if others else ()), *torn), size)


class Notebook:
    """One model's annotations, open to be changed. Use it in a `with`; leaving it saves."""

    def __init__(self, model: Path) -> None:
        """Raises `SculptError`: another desk has it open, or a file cannot be read."""
        from filelock import FileLock, Timeout

        if not model.exists():
            raise UnreadableFile(
                f"There is no model {model}; give a GLB, glTF, PLY, OBJ or STL file, or a project folder"
            )
        self.model, self.page = model, page_of(model)
        self._lock = FileLock(self.page.with_name(f".{self.page.stem}.lock"), timeout=0)
        try:
            self._lock.acquire()
        except Timeout:
            raise ResourceError(
                f"The annotations of {model.name} are open in another window or program; close it there first"
            ) from None
        try:
            kept = read_annotated(model)
            self._journal: BinaryIO = open(journal_of(self.page), "ab")  # noqa: SIM115  (open as long as the notebook)
            self._journal.truncate(
                kept.journal_bytes
            )  # a line that a crash tore was never promised to anyone
        except BaseException:
            self._lock.release()
            raise
        self.book, self._page_id, self._others, self.notes = kept.book, kept.page_id, kept.others, kept.notes
        self._unsaved = kept.journal_bytes > 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def put(self, a: Annotation) -> None:
        """Add it, or change the one of that id. Raises `InputError` where it is not sound."""
        checked(a)
        if a.id not in self.book.notes and len(self.book.notes) + len(self._others) >= MAX_COUNT:
            raise InputError(f"There are {MAX_COUNT:,} annotations, and no more are kept; remove some")
        self._become(history.put(self.book, a), a.id)

    def remove(self, id: str) -> None:
        """Raises `InputError` where there is none."""
        self._become(history.remove(self.book, id), id)

    def undo(self) -> None:
        if self.book.done:
            self._become(history.undo(self.book), self.book.done[-1].id)

    def redo(self) -> None:
        if self.book.undone:
            self._become(history.redo(self.book), self.book.undone[-1].id)

    def save(self) -> None:
        """The page whole, then no journal. Undo still goes back over it."""
        if not self._unsaved:
            return
        items = [as_item(a, _target_of(self.model)) for a in self.book.listed()]
        page = as_page(self._page_id, f"Annotations of {self.model.resolve().name}", [*items, *self._others])
        write_atomic(self.page, _as_bytes(page))
        _to_disk(self.page)
        self._journal.truncate(0)
        self._unsaved = False

    def close(self) -> None:
        """Saves, and lets others write."""
        if self._journal.closed:
            return
        try:
            self.save()
        finally:
            self._journal.close()
            if not self._unsaved:
                journal_of(self.page).unlink(missing_ok=True)
            self._lock.release()

    def _become(self, book: Book, id: str) -> None:
        one = book.notes.get(id)
        line = {"remove": id} if one is None else {"put": as_item(one, _target_of(self.model))}
        self._journal.write(json.dumps(line, allow_nan=False).encode() + b"\n")
        self._journal.flush()
        os.fsync(self._journal.fileno())
        self.book, self._unsaved = book, True
        if os.fstat(self._journal.fileno()).st_size > JOURNAL_FULL:
            self.save()


def _target_of(model: Path) -> str:
    """The file that annotations are of, seen from where their page lies."""
    return "model.glb" if model.is_dir() else model.name


def _replayed(book: Book, journal: Path) -> tuple[Book, int, tuple[str, ...]]:
    """The book with the journal's whole lines, how many bytes they are, and what must be said."""
    if not journal.is_file():
        return book, 0, ()
    if journal.stat().st_size > MAX_BYTES:
        raise UnreadableFile(f"{journal.name} is larger than {MAX_BYTES // 10**6} MB; move it away")
    data = journal.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            step = json.loads(line)
            if "put" in step:
                book = history.put(book, read_item(step["put"]))
            elif step["remove"] in book.notes:
                book = history.remove(book, step["remove"])
        except (ValueError, TypeError, KeyError, RecursionError, InputError):
            raise UnreadableFile(
                f"{journal.name}: line {number} is broken; move the file away to go on with what was saved before it"
            ) from None
    torn = (
        ("the last change before a crash was only half written and is left out",)
        if len(whole) < len(data)
        else ()
    )
    count = whole.count(b"\n")
    found = (f"{count} change{'s' if count > 1 else ''} that a program had not come to saving {'are' if count > 1 else 'is'} "
             "back from the journal",) if count else ()  # fmt: skip
    return book, len(whole), (*found, *torn)


def _read_json(path: Path) -> Any:
    if path.stat().st_size > MAX_BYTES:
        raise UnreadableFile(
            f"{path.name} is larger than {MAX_BYTES // 10**6} MB; annotations are not: move it away"
        )
    try:
        found = json.loads(path.read_bytes().decode("utf-8-sig"), parse_constant=_refused)
    except (ValueError, RecursionError):
        raise UnreadableFile(f"{path.name} is no JSON; restore it from a copy, or move it away") from None
    if not _sound(found):
        raise UnreadableFile(
            f"{path.name} is nested too deep, or has a number beyond all bounds; move it away"
        )
    return found


def _sound(value: Any) -> bool:
    """Whether it can be written again as it was read: not too deep, and no number that became infinite."""
    waiting = [(value, 0)]
    while waiting:
        here, depth = waiting.pop()
        if depth > MAX_DEPTH or (isinstance(here, float) and not math.isfinite(here)):
            return False
        inner = here.values() if isinstance(here, dict) else here if isinstance(here, list) else ()
        waiting += [(v, depth + 1) for v in inner]
    return True


def _as_bytes(page: Item) -> bytes:
    """Letters as they are; as escapes where another program's words hold half a letter."""
    try:
        return json.dumps(page, indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(page, indent=1, allow_nan=False).encode() + b"\n"


def _refused(name: str) -> float:
    raise ValueError(name)


def _to_disk(path: Path) -> None:
    """A rename is only sure once the folder is on the disk too."""
    with open(path, "r+b") as file:
        os.fsync(file.fileno())
    sync_folder(path.parent)
