"""What can be done with a desk; what one is, is said in `content.py`.

`act(desk, command, ...)` gives the next desk: what a window, a panel or a test does goes through it. What it edits can be taken
back; annotations are on the disk before they count.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from sculpt3d.desk.annotations import now
from sculpt3d.desk.comparison import How
from sculpt3d.desk.slicing import Plane
from sculpt3d.errors import InputError
from viewer.state.bench import Bench
from viewer.state.camera import OrbitCamera
from viewer.state.commands import State, apply
from viewer.state.content import (
    LOOK,
    Content,
    Desk,
    Draft,
    Item,
    Kind,
    Settings,
    as_cut,
    cuts_of,
    listed,
)
from viewer.state.cuts import MOST_CUTS
from viewer.state.names import SECTION, free_name

__all__ = [
    "ACTS", "LOOK", "Content", "Desk", "Draft", "Item", "Kind", "Settings", "act", "as_cut", "cuts_of", "edited", "listed",
    "on_bench", "opened",
]  # fmt: skip
_EDITS = 200
_SLIDING = frozenset({"plane", "every_mm", "count"})


def opened(bench: Bench, state: State) -> Desk:
    """With the annotations that lie beside the model; where they cannot be read, that is said."""
    found, notes = bench.annotations()
    radius = 0.02 * state.home.radius * (bench.mm or 1.0)
    return Desk(
        bench, state, content=Content(annotations=found), settings=Settings(_round(radius)), said=notes
    )


def on_bench(desk: Desk, bench: Bench) -> Desk:
    """The same model in another unit: tools keep their size on it."""
    brush = desk.settings.brush_mm * (bench.mm or 1.0) / (desk.bench.mm or 1.0)
    return replace(desk, bench=bench, settings=replace(desk.settings, brush_mm=brush))


def act(desk: Desk, command: str, *what: Any, **more: Any) -> Desk:
    """The desk after a command: one of `ACTS`, or of those of the camera and lamps (`viewer.state.commands`).

    Raises `SculptError` where it cannot be done; then nothing has changed.
    """
    own = ACTS.get(command)
    if own is None:
        return replace(desk, state=apply(command, desk.state))
    after = own(desk, *what, **more)
    if command != "change":
        after = replace(after, changing=None)
    desk.bench.keep(desk.content.annotations, after.content.annotations)
    return after


def edited(desk: Desk, content: Content) -> Desk:
    """With other content, which undo takes back; what a drag that goes on edits is one step."""
    past = desk.past if desk.going else (*desk.past, desk.content)[-_EDITS:]
    return replace(desk, content=content, past=past, future=())


def _put(desk: Desk, kind: Kind, values: tuple[Any, ...]) -> Desk:
    return edited(desk, replace(desk.content, **{kind: values}))


def _tool(desk: Desk, name: str) -> Desk:
    return replace(desk, tool=name, draft=Draft())


def _cancelled(desk: Desk) -> Desk:
    """What was begun is dropped; where nothing was, the tool is put away."""
    return replace(desk, draft=Draft()) if desk.draft else replace(desk, tool=LOOK, selected=None)


def _stepped_back(desk: Desk) -> Desk:
    """The last point or stroke given is taken back."""
    d = desk.draft
    if d.others and len(d.others) == len(d.points):
        return replace(desk, draft=replace(d, others=d.others[:-1]))
    return replace(
        desk, draft=replace(d, points=d.points[: len(d.points) - (not d.strokes)], strokes=d.strokes[:-1])
    )


def _added(desk: Desk, kind: Kind, value: Any) -> Desk:
    """Measured, cut or noted; it gets a name where it has none, and is selected."""
    if kind != "annotations" and not value.name:
        stem = value.kind if kind == "measurements" else SECTION
        value = replace(value, name=free_name(stem, (v.name for v in listed(desk, kind))))
    after = _put(desk, kind, (*listed(desk, kind), value))
    _check_cuts(after)
    return replace(after, draft=Draft(), selected=(kind, len(listed(desk, kind))))


def _deleted(desk: Desk, item: Item) -> Desk:
    kind, k = _there(desk, item)
    values = listed(desk, kind)
    return replace(_put(desk, kind, (*values[:k], *values[k + 1 :])), selected=None)


def _changed(desk: Desk, item: Item, **fields: Any) -> Desk:
    """Its fields: a name, hidden, a plane, a text, a colour ... Numbers that are changed again and again, as a slider does, are
    one step of undo."""
    kind, k = _there(desk, item)
    now_changing = (item, frozenset(fields))
    slides = fields.keys() <= _SLIDING and desk.changing == now_changing
    going, desk = desk.going, replace(desk, going=desk.going or slides)
    values = listed(desk, kind)
    if kind == "annotations":
        fields = {**fields, "modified": now()}
    after = _put(desk, kind, (*values[:k], replace(values[k], **fields), *values[k + 1 :]))
    _check_cuts(after)
    return replace(after, going=going, changing=now_changing)


def _check_cuts(desk: Desk) -> None:
    if sum(s.cut and not s.hidden for s in desk.content.sections) > MOST_CUTS:
        raise InputError(f"At most {MOST_CUTS} sections cut the model at once; hide one, or let it not cut")


def _flipped(desk: Desk, item: Item) -> Desk:
    """The other side of a section's plane is what is left."""
    kind, k = _there(desk, item)
    if kind != "sections":
        raise InputError("Only a section has another side")
    plane = desk.content.sections[k].plane
    return _changed(desk, item, plane=Plane(-plane.normal, -plane.distance))


def _selected(desk: Desk, item: Item | None) -> Desk:
    return replace(desk, selected=None if item is None else _there(desk, item))


def _undone(desk: Desk) -> Desk:
    if not desk.past:
        return desk
    return replace(
        desk, content=desk.past[-1], past=desk.past[:-1], future=(*desk.future, desk.content), selected=None
    )


def _redone(desk: Desk) -> Desk:
    if not desk.future:
        return desk
    return replace(
        desk, content=desk.future[-1], past=(*desk.past, desk.content), future=desk.future[:-1], selected=None
    )


def _compare(desk: Desk, other: Path | None = None, **how: Any) -> Desk:
    """A second file, or how it is compared: fields of `How`."""
    before = desk.content.comparison
    if other is None and before is None:
        raise InputError("There is no second file yet; open one")
    path = other if other is not None else before[0]  # type: ignore[index]
    was = before[1] if before is not None and (other is None or other == before[0]) else How()
    return edited(_sided(desk, "a"), replace(desk.content, comparison=(path, replace(was, **how))))


def _sided(desk: Desk, side: Literal["a", "b"]) -> Desk:
    """The other file is looked at, in its own frame. Raises `SculptError` where it cannot be read."""
    if side == desk.side:
        return desk
    if desk.content.comparison is None:
        raise InputError("There is no second file yet; open one")
    after = replace(desk, side=side, aside=desk.state)
    state = desk.aside
    if state is None:
        camera = OrbitCamera.framing(after.looked.document.points()).towards(
            desk.state.camera.azimuth, desk.state.camera.elevation
        )
        state = State(camera, camera, lamps=desk.state.lamps)
    return replace(after, state=state)


def _set(desk: Desk, **fields: Any) -> Desk:
    """Settings of tools."""
    found = replace(desk.settings, **fields)
    if not 0 < found.brush_mm < 1e9:
        raise InputError("The brush's radius is a number of millimetres above 0")
    return replace(desk, settings=found)


def _veiled(desk: Desk, kind: Kind) -> Desk:
    """Drawn, or not drawn any more."""
    return replace(desk, veiled=desk.veiled ^ {kind})


def _cameras(desk: Desk) -> Desk:
    return replace(desk, cameras=not desk.cameras)


def _there(desk: Desk, item: Item) -> Item:
    kind, k = item
    if not 0 <= k < len(listed(desk, kind)):
        raise InputError(f"There is no number {k + 1} among the {kind}")
    return item


def _round(value: float) -> float:
    """To one digit."""
    return float(f"{max(value, 1e-9):.1g}")


ACTS: dict[str, Callable[..., Desk]] = {
    "tool": _tool,
    "cancel": _cancelled,
    "step back": _stepped_back,
    "add": _added,
    "delete": _deleted,
    "change": _changed,
    "flip": _flipped,
    "select": _selected,
    "undo edit": _undone,
    "redo edit": _redone,
    "set": _set,
    "compare": _compare,
    "side": _sided,
    "veil": _veiled,
    "cameras": _cameras,
}
