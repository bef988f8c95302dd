"""What a file says of each vertex beside position and colour, carried to another mesh and into glTF's few types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.geometry import F64
from sculpt3d.models.document import Part
from sculpt3d.webasset.colours import joined
from sculpt3d.webasset.distance import Surface

Columns = Mapping[str, NDArray[Any]]
WIDEST = 4  # columns of one attribute
UNCERTAIN = {"uncertainty", "uncertainty_mm"}
_WHOLE = (np.uint8, np.uint16, np.int8, np.int16)  # glTF has no 32 bit integers for vertices
_EXACT = 1 << 24  # float32 counts up to here
_COARSE = 1e-3  # of the values' range: a step of float32 that is told


class Carrier:
    """The attributes of all parts, ready to be read at the nearest point."""

    def __init__(self, parts: Sequence[Part], unit_m: float | None = None) -> None:
        self.columns, self.notes = together(parts)
        self.mm_a_unit = 1000 * unit_m if unit_m else 1.0
        mesh = joined(parts)
        self.faces = mesh.faces
        self.surface = Surface(mesh) if self.columns else None

    def at(self, points: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """At points (N, 3): numbers with a fraction are interpolated, labels and counts are the nearest vertex's.

        An uncertainty grows by how far the point lies off the surface, and is none (less than 0) beside one that is none.
        """
        if self.surface is None:
            return {}
        face, weights = self.surface.closest(points)
        found = {name: _mixed(v, self.faces[face], weights) for name, v in self.columns.items()}
        for name in found.keys() & UNCERTAIN:
            off = self.surface.distance(points) * (self.mm_a_unit if name.endswith("_mm") else 1.0)
            none = ((self.columns[name][self.faces[face]] < 0) & (weights > 0)).any(1)
            found[name] = np.where(none, -1, np.hypot(found[name], off)).astype(np.float32)
        return found


def together(parts: Sequence[Part]) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Columns over the vertices of all parts in a row, as glTF can hold them, and a sentence for each that cannot be kept."""
    notes: dict[str, None] = {}
    made = [plain(p.attributes, notes) for p in parts]
    names = list(dict.fromkeys(n for m in made for n in m))
    found = {}
    for name in names:
        some = [m[name] for m in made if name in m]
        if len({v.shape[1:] for v in some}) > 1:
            notes.setdefault(f"attribute {name} is not of one kind in all parts and is not kept")
            continue
        if len(some) < len(parts):
            notes.setdefault(f"attribute {name} is not in all parts; where it is missing it is 0")
        empty = np.zeros((), np.result_type(*some))
        rows = [
            m.get(name, np.broadcast_to(empty, (len(p.vertices), *some[0].shape[1:])))
            for m, p in zip(made, parts, strict=True)
        ]
        whole, more = _fitting(name, np.concatenate(rows))
        found[name] = whole
        for note in more:
            notes.setdefault(note)
    return found, list(notes)


def plain(attributes: Columns, notes: dict[str, None]) -> dict[str, NDArray[Any]]:
    """Those that glTF can hold, in its types; what is lost goes to `notes`."""
    found = {}
    for name, values in attributes.items():
        if values.ndim > 2 or (values.ndim == 2 and not 1 <= values.shape[1] <= WIDEST) or not values.size:
            notes.setdefault(f"attribute {name} has more than {WIDEST} columns and is not kept")
            continue
        if values.dtype.kind not in "biuf":
            notes.setdefault(f"attribute {name} is no number and is not kept")
            continue
        found[name], more = _fitting(name, values)
        for note in more:
            notes.setdefault(note)
    return found


def _fitting(name: str, values: NDArray[Any]) -> tuple[NDArray[Any], list[str]]:
    if values.dtype.kind == "b":
        return values.astype(np.uint8), []
    if values.dtype.kind in "iu":
        low, high = int(values.min()), int(values.max())
        for kind in _WHOLE:
            if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
                return values.astype(kind), []
        exact = max(-low, high) <= _EXACT
        told = [] if exact else [f"attribute {name} has numbers above 2^24, which are rounded"]
        return values.astype(np.float32), told
    bad = ~np.isfinite(values) | (np.abs(values) > np.finfo(np.float32).max)
    kept = np.where(bad, 0, values).astype(np.float32)
    notes = (
        [f"attribute {name} has {int(bad.sum())} values that are no numbers; they are 0"] if bad.any() else []
    )
    if values.dtype.itemsize > 4 and kept.size:
        step, range_ = float(np.abs(np.spacing(np.abs(kept).max()))), float(np.ptp(kept))
        if range_ and step > _COARSE * range_:
            notes.append(f"attribute {name} is kept to {step:.2g} only, as 32 bits hold no more")
    return kept, notes


def _mixed(values: NDArray[Any], corners: NDArray[np.int32], weights: F64) -> NDArray[Any]:
    if values.dtype.kind != "f":
        nearest = corners[np.arange(len(corners)), weights.argmax(1)]
        return np.ascontiguousarray(values[nearest])
    w = weights.reshape(*weights.shape, *(1,) * (values.ndim - 1))
    return np.asarray((values[corners].astype(np.float64) * w).sum(1), np.float32)
