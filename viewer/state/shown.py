"""What is looked at: the model, another file, or what a mode measures of them; measured once, beside the window."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sculpt3d.desk.field import Field
from sculpt3d.models.document import Document
from viewer.modes import mode
from viewer.modes.measured import Measured, measured
from viewer.state.bench import Bench
from viewer.state.carried import with_attribute
from viewer.state.desk import Desk
from viewer.state.second import placed
from viewer.state.worker import tried

OF_TWO = frozenset({"deviation", "change"})  # modes of the second file against the first
OF_PROJECT = frozenset({"views", "filled"})  # what a project knows beside its model


@dataclass(frozen=True, eq=False)
class Shown:
    """document: to be drawn. mode: to draw it in; clay while something is measured (`waiting`) or where it failed, and why."""

    document: Document
    mode: str
    field: Field | None = None
    waiting: bool = False
    failed: str = ""


def shown_of(desk: Desk) -> Shown:
    bench, state = desk.looked, desk.state
    document: Document | str | None = bench.document
    if state.mode in OF_TWO and desk.content.comparison is not None and desk.side == "a":
        document = placed(desk.bench, *desk.content.comparison)
    elif state.mode in OF_PROJECT:
        document = with_attribute(bench, state.mode)
    if not isinstance(document, Document):
        return Shown(bench.document, "clay", None, document is None, document or "")
    if mode(state.mode).measure is None:
        return Shown(document, state.mode)
    found = _measured(desk, bench, document)
    if not isinstance(found, Measured):
        return Shown(bench.document, "clay", None, found is None, found or "")
    return Shown(found.document, state.mode, found.field)


def settled(desk: Desk) -> Shown:
    """The same, waited for. Raises `SculptError`'s words in `failed`."""
    found = shown_of(desk)
    while found.waiting:
        desk.looked.wait()
        desk.bench.wait()
        found = shown_of(desk)
    return found


def _measured(desk: Desk, bench: Bench, document: Document) -> Measured | str | None:
    state = replace(desk.state, bookmarks=(), past=(), future=())

    def work() -> Measured | str:
        return measured(document, state)

    key = ("mode", id(document), state.mode, state.shown)
    found: Measured | str | None = bench.later(key, lambda: tried(work, str), apart=True)
    return found
