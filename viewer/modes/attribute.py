"""Values that a file, or what lies beside it, says of its vertices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sculpt3d.errors import InputError
from sculpt3d.geometry import F64
from sculpt3d.models.document import Document


def values_of(document: Document, names: Sequence[str], what: str) -> tuple[F64, str]:
    """(V,) of the document's `points()`, NaN where a part has none, and the attribute's name: the first that there is.

    Raises `InputError` where there is none at all.
    """
    name = next((n for n in names if any(_has(p.attributes.get(n)) for p in document.parts)), None)
    if name is None:
        raise InputError(f"{document.name} says nothing of {what}; choose another mode")
    found = []
    for part in document.parts:
        own = part.attributes.get(name)
        found.append(
            np.asarray(own, np.float64) if own is not None and _has(own) else np.full(len(part.vertices), np.nan)
        )
    return np.concatenate(found), name


def _has(values: object) -> bool:
    return isinstance(values, np.ndarray) and values.ndim == 1
