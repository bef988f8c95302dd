"""What a unit of a file is in millimetres, who says so, and how sure the scale itself is."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sculpt3d.desk.kept_unit import MM_OF, kept_unit
from sculpt3d.errors import InputError
from sculpt3d.models.document import Document

_MAX_REPORT = 16_000_000


@dataclass(frozen=True)
class Scale:
    """mm: millimetres a unit of the file, None where nobody says. source: who says. sigma: 1-sigma of the scale as a part of
    every length, 0 where not known; sigma_source: who says that."""

    mm: float | None
    source: str
    sigma: float = 0.0
    sigma_source: str = "not known, taken as exact"

    @property
    def name(self) -> str:
        """mm, cm, m, in; else how many mm; "no scale" where there is none."""
        if self.mm is None:
            return "no scale"
        known = next((n for n, mm in MM_OF.items() if math.isclose(mm, self.mm, rel_tol=1e-9)), None)
        return known or f"{self.mm:g} mm"

    def needed(self, file: str, option: str = "--unit") -> float:
        """Millimetres a unit; raises `InputError` with the way to give them."""
        if self.mm is None:
            raise InputError(
                f"{file} has no scale, so there are no millimetres: say what a unit of the file is with {option} mm "
                f"(or cm, m, in)"
            )
        return self.mm


def scale_of(document: Document, path: Path, given: str | None = None) -> Scale:
    """The user's word, else the file's, else what the user once said of it; the scale's sigma from the report of the project the
    file lies in."""
    own = None if document.unit_m is None else 1000.0 * document.unit_m
    scale = Scale(own, document.unit_source or "the file names no unit")
    kept = kept_unit(path) if own is None and given is None else None
    if kept is not None:
        return Scale(MM_OF[kept[0]], f"as you said ({kept[1]})")
    if given is not None:
        scale = Scale(MM_OF[given], "as you said")
        if own is not None and not math.isclose(own, scale.needed(""), rel_tol=1e-9):
            scale = replace(
                scale, source=f"as you said; the file is in {Scale(own, '').name} ({document.unit_source})"
            )
        return scale
    sigma = None if own is None else _sigma_beside(path)
    return scale if sigma is None else replace(scale, sigma=sigma, sigma_source="the project's report")


def _sigma_beside(path: Path) -> float | None:
    """Of what gave the model its scale, from report.json in the folder; None where there is none or it says nothing."""
    report = (path if path.is_dir() else path.parent) / "report.json"
    if not report.is_file() or report.stat().st_size > _MAX_REPORT:
        return None
    try:
        found: Any = json.loads(report.read_bytes())
        sigma = found["uncertainty"]["scale_sigma"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    good = isinstance(sigma, int | float) and not isinstance(sigma, bool) and 0 < sigma < 0.5
    return float(sigma) if good else None


__all__ = ["MM_OF", "Scale", "scale_of"]
