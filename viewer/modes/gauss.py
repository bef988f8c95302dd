"""Gaussian curvature: bumps and pits against saddles."""

from __future__ import annotations

from sculpt3d.desk.field import DIVERGING, Field
from sculpt3d.models.document import Document
from viewer.modes.mode import Mode
from viewer.modes.ramp import by_value, by_value_glsl


def _measure(document: Document, radius: float | None) -> Field:
    from sculpt3d.desk.curvature import curvature_field

    return curvature_field("gauss", document, radius)


MODE = Mode(
    "gauss",
    "_7",
    "Gaussian curvature: bumps and pits against saddles",
    by_value(DIVERGING),
    by_value_glsl(DIVERGING),
    lit=False,
    measure=_measure,
)
