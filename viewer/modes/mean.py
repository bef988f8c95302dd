"""Mean curvature: ridges and grooves."""

from __future__ import annotations

from sculpt3d.desk.field import DIVERGING, Field
from sculpt3d.models.document import Document
from viewer.modes.mode import Mode
from viewer.modes.ramp import by_value, by_value_glsl


def _measure(document: Document, radius: float | None) -> Field:
    from sculpt3d.desk.curvature import curvature_field

    return curvature_field("mean", document, radius)


MODE = Mode(
    "mean",
    "E",
    "mean curvature: ridges and grooves",
    by_value(DIVERGING),
    by_value_glsl(DIVERGING),
    lit=False,
    measure=_measure,
)
