"""What was closed without evidence."""

from __future__ import annotations

import numpy as np

from sculpt3d.desk.field import MARKED, Field
from sculpt3d.models.document import Document
from viewer.modes.attribute import values_of
from viewer.modes.mode import Mode
from viewer.modes.ramp import by_value, by_value_glsl


def _measure(document: Document, radius: float | None) -> Field:
    values, name = values_of(document, ("filled", "unseen"), "what was filled in")
    said = "holes that were closed" if name == "filled" else "no photo shows it: its colour is filled in"
    return Field("filled", (values > 0.5).astype(np.float32), "", 0.0, 1.0, MARKED, said)


MODE = Mode(
    "filled",
    "F4",
    "what was closed without evidence",
    by_value(MARKED),
    by_value_glsl(MARKED),
    lit=False,
    measure=_measure,
)
