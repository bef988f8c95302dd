"""A desk as VIEW.json has it: how it is looked at, what is measured and cut; the file's other keys stay as they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from sculpt3d.desk.comparison_saved import comparison_as_saved, read_comparison
from sculpt3d.desk.kept_unit import view_beside
from sculpt3d.desk.measurements import as_saved, read_measurements
from sculpt3d.desk.section import read_sections, section_as_saved
from sculpt3d.desk.units import MM_OF
from sculpt3d.desk.viewfile import FORMAT, VERSION, read_view, write_view
from sculpt3d.errors import InputError, SculptError
from viewer.files.views import as_keys, read_state
from viewer.state.bench import Bench
from viewer.state.commands import State
from viewer.state.desk import Content, Desk, act, opened


def unit_in(path: Path | None) -> str | None:
    """The unit that the user once gave, kept in the view. Raises `InputError`."""
    if path is None:
        return None
    unit = read_view(path).get("unit")
    if unit is not None and unit not in MM_OF:
        raise InputError(f'{path.name}: "unit" is {unit!r}; it is one of {", ".join(MM_OF)}')
    return unit


def read_desk(path: Path, desk: Desk) -> Desk:
    """The desk with what the file says; its annotations stay those beside the model. Raises `InputError`, naming the key."""
    state = read_state(path, desk.bench.document, desk.state)
    return with_content(path, replace(desk, state=state))


def with_content(path: Path, desk: Desk) -> Desk:
    """With what the file measures and cuts alone. Raises `InputError`, naming the key."""
    view = read_view(path)
    content = Content(
        tuple(read_measurements(view.get("measurements", []))),
        tuple(read_sections(view.get("sections", []))),
        desk.content.annotations,
        None if "comparison" not in view else read_comparison(view["comparison"], path, desk.bench.unit),
    )
    veiled = desk.veiled
    if "annotations" in view:
        veiled = veiled - {"annotations"} if view["annotations"] is True else veiled | {"annotations"}
    return replace(desk, content=content, veiled=veiled, past=(), future=())


def for_pictures(desk: Desk) -> Desk:
    """Annotations are not in a picture that nobody asked to have them; a view that shows them does."""
    return replace(desk, veiled=desk.veiled | {"annotations"})


def laid(
    bench: Bench, state: State, saved: Path | None, second: Path | None = None, bare: bool = False
) -> Desk:
    """The model on a desk, as it was saved where it was; with a second file, which is shown against it. bare: for a picture."""
    desk = for_pictures(opened(bench, state)) if bare else opened(bench, state)
    desk = desk if saved is None else read_desk(saved, desk)
    if second is not None:
        desk = act(desk, "compare", second)
        desk = replace(desk, state=replace(desk.state, mode="deviation"), past=())
    return desk


def as_left(bench: Bench, state: State, second: Path | None = None) -> Desk:
    """As it was saved beside the model, where it was; a saved view that cannot be used is said and left alone."""
    beside = None if bench.path is None else view_beside(bench.path)
    if beside is None or not beside.is_file():
        return laid(bench, state, None, second)
    try:
        return laid(bench, state, beside, second)
    except SculptError as error:
        desk = laid(bench, state, None, second)
        return replace(desk, said=(*desk.said, f"The view saved in {beside.name} was not used: {error}"))


def desk_told(desk: Desk) -> dict[str, Any]:
    """As a picture carries it: a whole saved view."""
    found = {"format": FORMAT, "version": VERSION, "model": desk.bench.document.name, **desk_keys(desk)}
    return {k: v for k, v in found.items() if v is not None}


def write_desk(path: Path, desk: Desk) -> None:
    """Into the file, whose other keys stay. Raises `InputError`: a second file must lie in the view's folder or below."""
    against = desk.content.comparison
    told = None if against is None else comparison_as_saved(*against, path)
    write_view(path, {"comparison": told, "model": desk.bench.document.name, **desk_keys(desk)})


def desk_keys(desk: Desk) -> dict[str, Any]:
    """The keys of VIEW.json that are the desk's; None: there is nothing of it."""
    c = desk.content
    return {
        **({"unit": desk.bench.unit} if desk.bench.unit is not None else {}),
        **as_keys(desk.bench.document, desk.state),
        "measurements": [as_saved(m) for m in c.measurements] or None,
        "sections": [section_as_saved(s) for s in c.sections] or None,
        "annotations": "annotations" not in desk.veiled if c.annotations else None,
    }
