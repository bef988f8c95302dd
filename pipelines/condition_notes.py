"""Annotations of the desk as points on the exported page: condition, words, size, who and when, in the condition's colour."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.annotations import MAX_COUNT, Annotation
from pipelines.source import Source
from sculpt3d.desk.annotated import Resolved, resolve
from sculpt3d.desk.condition_map import colour
from sculpt3d.desk.conditions import named, read_conditions
from sculpt3d.desk.notebook import read_annotated
from sculpt3d.desk.surface import read_measured


def condition_notes(path: Path, source: Source) -> tuple[Sequence[Annotation], Sequence[str]]:
    """Those of a project or model, in the exported model's frame and unit; and what must be said. Raises `SculptError`."""
    kept = read_annotated(path)
    listed = kept.book.listed()
    if not listed:
        return (), kept.notes
    known, surface, said = read_conditions(path), read_measured(path), list(kept.notes)
    found = [resolve(surface, a) for a in listed]
    on_it = [r for r in found if not r.notes]
    said += [f"annotation {k} is not on the page: {r.notes[0]}" for k, r in enumerate(found, 1) if r.notes]
    if len(on_it) > MAX_COUNT:
        said.append(f"the page shows {MAX_COUNT} of {len(on_it)} annotations; the condition map has them all")
    shown = []
    for r in on_it[:MAX_COUNT]:
        x, y, z = ((r.anchor + surface.offset) * source.scale - source.offset).tolist()
        nx, ny, nz = r.normal.tolist()
        shown.append(
            Annotation((x, y, z), (nx, ny, nz), named(r.asked.condition, known), _words(r), colour(r, known))
        )
    return shown, said


def _words(r: Resolved) -> str:
    a = r.asked
    who = ", ".join(v for v in (a.author, a.created[:10]) if v)
    return "\n".join(v for v in (a.text, "" if r.size is None else r.size.text(), who) if v)
