"""A value at every vertex of a model: what it measures, in what unit, and between which colours it is shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sculpt3d.errors import InputError
from sculpt3d.geometry import F64
from sculpt3d.models.distinct import places
from sculpt3d.models.document import Document
from sculpt3d.types import F32, Mesh

Rgb = tuple[float, float, float]
# Read without telling red from green: one end is dark blue, the other dark orange, what is near nothing is pale.
DIVERGING: tuple[Rgb, ...] = (
    (0.03, 0.14, 0.36), (0.13, 0.38, 0.63), (0.49, 0.69, 0.84), (0.93, 0.93, 0.91), (0.94, 0.72, 0.45), (0.78, 0.38, 0.08),
    (0.40, 0.13, 0.02),
)  # fmt: skip
SEQUENTIAL: tuple[Rgb, ...] = ((0.07, 0.10, 0.30), (0.16, 0.33, 0.50), (0.30, 0.55, 0.55), (0.68, 0.74, 0.42), (0.99, 0.91, 0.44))
MARKED: tuple[Rgb, ...] = ((0.84, 0.83, 0.81), (0.80, 0.30, 0.60))
GREY: tuple[Rgb, ...] = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
NOTHING: Rgb = (0.55, 0.5, 0.55)  # where there is no value
NONE = 50.0  # a share 0..1 of a range beyond which there is none
_FAR = 1e5  # given where there is none: what is interpolated towards it is beyond NONE after a two-thousandth of the way


@dataclass(frozen=True)
class Field:
    """values (V,) of the document's `points()`, NaN where there is none. unit: "mm", "1/mm", "" and so on. low, high: shown at
    the ends of `colours`, sRGB 0..1. said: how it was found, for a legend."""

    name: str
    values: F32
    unit: str
    low: float
    high: float
    colours: tuple[Rgb, ...]
    said: str = ""


@dataclass(frozen=True)
class Whole:
    """The surfaces of a document as one mesh (vertices at one place are one) and where its vertices lie in it: (V,), -1 of
    points without faces."""

    mesh: Mesh
    place: NDArray[np.int64]

    def spread(self, values: NDArray[np.floating]) -> F32:
        """Values of the mesh's vertices at the document's, NaN at bare points."""
        found = np.append(np.asarray(values, np.float32), np.float32(np.nan))
        return found[self.place]


def whole(document: Document) -> Whole:
    """Raises `InputError` where there is no surface."""
    if not any(len(p.faces) for p in document.parts):
        raise InputError(
            f"{document.name} is a cloud of points without faces, and only surfaces have relief, curvature or sky: choose "
            "another mode, or make a surface of it first"
        )
    points, faces = document.points(), document.triangles()
    used = np.zeros(len(points), bool)
    used[faces.ravel()] = True
    number, first = places(points[used])
    place = np.full(len(points), -1, np.int64)
    place[used] = number
    f = place[faces].astype(np.int32)
    sound = (f[:, 0] != f[:, 1]) & (f[:, 1] != f[:, 2]) & (f[:, 2] != f[:, 0])
    return Whole(Mesh(points[used][first], np.ascontiguousarray(f[sound])), place)


def even_limit(values: NDArray[np.floating], share: float = 0.98) -> float:
    """Half the width of a range about nothing that holds that share of the values; 1 where there are none."""
    sound = np.abs(values[np.isfinite(values)])
    limit = float(np.quantile(sound, share)) if len(sound) else 0.0
    return limit if limit > 0 else 1.0


def coloured(values: NDArray[np.floating], colours: tuple[Rgb, ...]) -> F64:
    """Values 0..1 (N,) as sRGB 0..1 (N, 3), between the stops in codes; above NONE: `NOTHING`."""
    stops = np.asarray(colours, np.float64)
    x = np.clip(values, 0, 1) * (len(stops) - 1)
    k = np.minimum(x.astype(np.int64), len(stops) - 2)
    found = stops[k] + (stops[k + 1] - stops[k]) * (x - k)[:, None]
    return np.where(np.asarray(values)[:, None] > NONE, np.asarray(NOTHING), found)


def shares(field: Field) -> F32:
    """(V,) the values as 0..1 of the range, a little beyond where they are; far beyond NONE where there is none."""
    x = (field.values.astype(np.float64) - field.low) / (field.high - field.low)
    return np.where(np.isfinite(x), np.clip(x, -20, 20), _FAR).astype(np.float32)
