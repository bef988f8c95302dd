"""How far each vertex may be off, as the file says."""

from __future__ import annotations

import numpy as np

from sculpt3d.desk.field import SEQUENTIAL, Field
from sculpt3d.models.document import Document
from viewer.modes.attribute import values_of
from viewer.modes.mode import Mode
from viewer.modes.ramp import by_value, by_value_glsl


def _measure(document: Document, radius: float | None) -> Field:
    """1-sigma in mm; in the file's unit where that is none."""
    values, name = values_of(document, ("uncertainty_mm", "uncertainty", "error"), "its own errors")
    mm = 1.0 if name == "uncertainty_mm" else 1000 * document.unit_m if document.unit_m is not None else None
    sound = np.where(values > 0, values * (mm or 1.0), np.nan)
    known = sound[np.isfinite(sound)]
    low, high = (float(np.quantile(known, q)) for q in (0.02, 0.98)) if len(known) else (0.0, 1.0)
    high = high if high > low else low + max(abs(low), 1e-9)
    unit = "mm" if mm is not None else "file units"
    return Field("uncertainty", sound.astype(np.float32), unit, low, high, SEQUENTIAL, "1 sigma; grey: not known")


MODE = Mode(
    "uncertainty",
    "F2",
    "how far each place may be off, as the file says",
    by_value(SEQUENTIAL),
    by_value_glsl(SEQUENTIAL),
    lit=False,
    measure=_measure,
)
