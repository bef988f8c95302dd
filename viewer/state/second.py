"""A second file against the first: computed beside the window, shown in the first one's place with how far it is off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from sculpt3d.desk.comparison import Comparison, How, compare
from sculpt3d.models.document import Document, Part
from viewer.modes.deviation import NAME
from viewer.state.bench import Bench
from viewer.state.worker import tried


def compared(bench: Bench, other: Path, how: How) -> Comparison | str | None:
    """What it comes to, or why nothing; None while that is not known yet."""
    found: Comparison | str | None = bench.later(
        ("compared", other, how), lambda: _compared(bench, other, how)
    )
    return found


def placed(bench: Bench, other: Path, how: How) -> Document | str | None:
    """The second file where it lies on the first, with `deviation_mm`, `level_mm` and `significant` at its vertices."""
    found = compared(bench, other, how)
    if not isinstance(found, Comparison):
        return found
    document: Document | None = bench.later(("placed", other, how), lambda: _placed(bench, found))
    return document


def _compared(bench: Bench, other: Path, how: How) -> Comparison | str:
    if bench.path is None:
        return f"{bench.document.name} is no file that another could be compared with"
    path = bench.path

    def work() -> Comparison | str:
        return compare(path, other, replace(how, unit_a=how.unit_a or bench.unit))

    return tried(work, str)


def _placed(bench: Bench, found: Comparison) -> Document:
    local = found.in_file(found.b.xyz) - bench.document.offset
    c, surface = found.change, found.b.surface
    values = {NAME: c.signed, "level_mm": c.level, "significant": c.significant.astype(float)}
    part = Part(
        local.astype(np.float32),
        np.zeros((0, 3), np.int32) if surface is None else surface.faces,
        normals=found.b.normal.astype(np.float32),
        attributes={k: v.astype(np.float32) for k, v in values.items()},
        name=found.b.name,
    )
    own = bench.document
    return Document(
        f"{found.b.name} against {found.a.name}",
        (part,),
        own.offset,
        own.unit_m,
        own.unit_source,
        provenance={"limit_mm": found.limit()},
    )
