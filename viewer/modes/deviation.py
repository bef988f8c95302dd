"""A second state against the first: how far it stands out, in mm."""

from __future__ import annotations

import numpy as np

from sculpt3d.desk.colours import round_limit
from sculpt3d.desk.field import DIVERGING, Field, even_limit
from sculpt3d.geometry import F64
from sculpt3d.models.document import Document
from viewer.modes.attribute import values_of
from viewer.modes.mode import Mode
from viewer.modes.ramp import by_value, by_value_glsl

NAME = "deviation_mm"


def limit_of(document: Document, values: F64) -> float:
    """The ends of the colours: as the comparison has them, else nearly all."""
    told = document.provenance.get("limit_mm")
    return float(told) if told is not None else round_limit(even_limit(values, 0.995))


def _measure(document: Document, radius: float | None) -> Field:
    values, _ = values_of(document, (NAME,), "how far it is from another: open a second file")
    limit = limit_of(document, values)
    return Field(
        "deviation", values.astype(np.float32), "mm", -limit, limit, DIVERGING, "orange: more, blue: less"
    )


MODE = Mode(
    "deviation",
    "F5",
    "how far the second file is from the first, in mm",
    by_value(DIVERGING),
    by_value_glsl(DIVERGING),
    lit=False,
    measure=_measure,
)
