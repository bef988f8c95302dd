"""How many photos saw each place."""

from __future__ import annotations

import numpy as np

from sculpt3d.desk.field import SEQUENTIAL, Field
from sculpt3d.models.document import Document
from viewer.modes.attribute import values_of
from viewer.modes.mode import Mode
from viewer.modes.ramp import by_value, by_value_glsl


def _measure(document: Document, radius: float | None) -> Field:
    values, _ = values_of(document, ("views",), "how many photos saw it")
    known = values[np.isfinite(values)]
    high = float(np.quantile(known, 0.98)) if len(known) else 1.0
    return Field(
        "views", values.astype(np.float32), "photos", 0.0, max(high, 1.0), SEQUENTIAL, "grey: nothing was measured"
    )


MODE = Mode(
    "views",
    "F3",
    "how many photos saw each place",
    by_value(SEQUENTIAL),
    by_value_glsl(SEQUENTIAL),
    lit=False,
    measure=_measure,
)
