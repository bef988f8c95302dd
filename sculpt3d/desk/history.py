"""Annotations with undo and redo, as plain data: every step gives a new book, none is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sculpt3d.desk.annotations import Annotation
from sculpt3d.errors import InputError


@dataclass(frozen=True)
class Change:
    """before None: made; after None: removed."""

    before: Annotation | None
    after: Annotation | None

    @property
    def id(self) -> str:
        one = self.after or self.before
        assert one is not None
        return one.id

    def back(self) -> Change:
        return Change(self.after, self.before)


@dataclass(frozen=True)
class Book:
    """notes: by id. done: what undo takes back, the last one first to go; undone: what redo does again."""

    notes: Mapping[str, Annotation] = field(default_factory=dict)
    done: tuple[Change, ...] = ()
    undone: tuple[Change, ...] = ()

    def listed(self) -> list[Annotation]:
        """By when they were made; the same order whatever was undone and redone on the way."""
        return sorted(self.notes.values(), key=lambda a: (a.created, a.id))


def put(book: Book, a: Annotation) -> Book:
    """Made new, or changed."""
    return _done(book, Change(book.notes.get(a.id), a))


def remove(book: Book, id: str) -> Book:
    """Raises `InputError` where there is none."""
    if id not in book.notes:
        raise InputError(f"There is no annotation {id[:60]}; list them first")
    return _done(book, Change(book.notes[id], None))


def undo(book: Book) -> Book:
    """The same where nothing is left to take back."""
    if not book.done:
        return book
    last = book.done[-1]
    return Book(_applied(book.notes, last.back()), book.done[:-1], (*book.undone, last))


def redo(book: Book) -> Book:
    """The same where nothing was undone since the last change."""
    if not book.undone:
        return book
    again = book.undone[-1]
    return Book(_applied(book.notes, again), (*book.done, again), book.undone[:-1])


def _done(book: Book, change: Change) -> Book:
    return replace(book, notes=_applied(book.notes, change), done=(*book.done, change), undone=())


def _applied(notes: Mapping[str, Annotation], change: Change) -> Mapping[str, Annotation]:
    others = {k: v for k, v in notes.items() if k != change.id}
    return others if change.after is None else {**others, change.id: change.after}
