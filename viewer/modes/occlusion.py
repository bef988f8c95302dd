"""How much sky each place sees."""

from __future__ import annotations

from sculpt3d.desk.field import GREY, Field
from sculpt3d.models.document import Document
from viewer.modes.mode import Mode
from viewer.modes.ramp import by_value, by_value_glsl


def _measure(document: Document, radius: float | None) -> Field:
    from sculpt3d.desk.occlusion import occlusion_field

    return occlusion_field(document)


MODE = Mode(
    "occlusion",
    "_8",
    "how much sky each place sees",
    by_value(GREY),
    by_value_glsl(GREY),
    lit=False,
    measure=_measure,
)
