"""A measured value in words: as it is measured, and in cm² or cm³ where mm make many digits."""

from __future__ import annotations

from dataclasses import replace

from sculpt3d.desk.quantity import Quantity
from viewer.language.library import of_library

_LARGER = {"mm²": ("cm²", 100.0), "mm³": ("cm³", 1000.0)}
_MANY = 10_000.0


def worded(quantity: Quantity) -> str:
    """With its ±."""
    unit, by = _LARGER.get(quantity.unit, ("", 1.0))
    if not unit or abs(quantity.value) < _MANY:
        return replace(quantity, unit=of_library(quantity.unit)).text()
    return replace(quantity, value=quantity.value / by, plus_minus=quantity.plus_minus / by, unit=unit).text()
