"""How far the surface stands above its smoothed self."""

from __future__ import annotations

from sculpt3d.desk.field import DIVERGING, Field
from sculpt3d.models.document import Document
from viewer.modes.mode import Mode
from viewer.modes.ramp import by_value, by_value_glsl


def _measure(document: Document, radius: float | None) -> Field:
    from sculpt3d.desk.relief import relief_field

    return relief_field(document, radius)


MODE = Mode(
    "relief",
    "R",
    "how far the surface stands above its smoothed self, in mm",
    by_value(DIVERGING),
    by_value_glsl(DIVERGING),
    lit=False,
    measure=_measure,
)
