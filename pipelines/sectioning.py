"""`sculpt3d section`: planes through a model, as drawings at 1:1."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pipelines.bar import table
from sculpt3d.desk.drawings import check_drawing, write_drawing
from sculpt3d.desk.section import Section, profiles
from sculpt3d.desk.surface import read_measured
from sculpt3d.models.notes import tell


def section_model(model: Path, asked: Section, out: Path, unit: str | None) -> int:
    """Write the drawing and print what is on it."""
    check_drawing(out)
    surface = read_measured(model, unit)
    found = profiles(surface, replace(asked, name=asked.name or Path(surface.name).stem))
    write_drawing(out, surface, found)
    left = asked.count - len(found)
    tell(
        [
            *surface.notes,
            *([f"{left} of {asked.count} planes miss the model"] if left else []),
            *(f"{p.name}: {n}" for p in found for n in p.notes),
        ]
    )
    rows = [("", p.name, p.plane.text(), p.area.text() if p.fills else "open", p.perimeter.text()) for p in found]
    table(("", "profile", "plane", "area", "perimeter"), rows)
    print(f"{out}: {len(found)} profile{'s' if len(found) > 1 else ''} at 1:1 in millimetres")
    return 0
