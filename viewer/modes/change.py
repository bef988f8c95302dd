"""A second state against the first: what changed for sure, in mm; the rest is grey."""

from __future__ import annotations

import numpy as np

from sculpt3d.desk.field import DIVERGING, Field
from sculpt3d.models.document import Document
from viewer.modes.attribute import values_of
from viewer.modes.deviation import NAME, limit_of
from viewer.modes.mode import Mode
from viewer.modes.ramp import by_value, by_value_glsl


def _measure(document: Document, radius: float | None) -> Field:
    what = "what changed: open a second file"
    values, _ = values_of(document, (NAME,), what)
    sure, _ = values_of(document, ("significant",), what)
    limit = limit_of(document, values)
    found = np.where(sure > 0.5, values, np.nan).astype(np.float32)
    return Field("change", found, "mm", -limit, limit, DIVERGING, "grey: not beyond the noise")


MODE = Mode(
    "change",
    "F6",
    "what changed for sure between the two files, in mm",
    by_value(DIVERGING),
    by_value_glsl(DIVERGING),
    lit=False,
    measure=_measure,
)
