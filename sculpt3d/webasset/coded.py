"""Does a written file hold what was meant: arrays beside arrays, and colours at the same points of the same triangles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from sculpt3d.colour import delta_e, lab
from sculpt3d.geometry import F64
from sculpt3d.models.document import Part
from sculpt3d.types import F32
from sculpt3d.webasset.attributes import together
from sculpt3d.webasset.codings import Geometry
from sculpt3d.webasset.colours import Colours, joined
from sculpt3d.webasset.distance import points_on, spread

LOOKS = 60_000  # points of the surface whose colours are compared
CELLS = 12  # a side of the box: colours are compared as means over its cells too, where JPEG's noise is gone
_FEW = 8  # points in a cell
_ROUND = 4e-7  # of the largest coordinate: three roundings to float32 of what a node scales and moves


class Differs(Exception):
    """What is not as it was meant, as the rest of a sentence."""


def movement(read: Sequence[Part], meant: Sequence[Part], geometry: Geometry, offset: F64) -> float:
    """How far the farthest vertex lies from where it was meant. `Differs` where triangles or attributes are not the same.

    read: as the file tells them, in the user's coordinates less nothing; offset (3,): from those to `meant`.
    """
    if len(read) != len(meant):
        raise Differs(f"it holds {len(read)} parts of {len(meant)}")
    ordered = geometry != "draco"
    columns, _ = together(meant)
    starts = np.cumsum([0, *(len(p.vertices) for p in meant)])
    far = 0.0
    for k, (a, b) in enumerate(zip(read, meant, strict=True)):
        if len(a.faces) != len(b.faces):
            raise Differs(f"it holds {len(a.faces)} triangles of {len(b.faces)}")
        if ordered and not np.array_equal(_lowest_first(a.faces), _lowest_first(b.faces)):
            raise Differs("its triangles join other vertices")
        _same_material(a, b)
        own = {name: values[starts[k] : starts[k + 1]] for name, values in columns.items()}
        _same_attributes(a.attributes, own, ordered)
        place = a.vertices.astype(np.float64) - offset
        wanted = b.vertices.astype(np.float64)
        far = max(far, _rows_apart(place, wanted) if ordered else _sets_apart(place, a, wanted, b))
    return far


def rounding(parts: Sequence[Part]) -> float:
    """What float32 moves a vertex that a node scales and moves."""
    return _ROUND * max(float(np.abs(p.vertices).max()) for p in parts)


def _lowest_first(faces: NDArray[np.integer]) -> NDArray[np.integer]:
    """Triangles begun at their lowest vertex: meshopt's codec begins where it likes."""
    first = faces.argmin(1)
    return np.take_along_axis(faces, (first[:, None] + np.arange(3)) % 3, 1)


def _rows_apart(a: F64, b: F64) -> float:
    return float(np.linalg.norm(a - b, axis=1).max()) if len(a) == len(b) else np.inf


def _sets_apart(a: F64, of_a: Part, b: F64, of_b: Part) -> float:
    """Of vertices and triangles' middles in any order: a vertex that moved by d moves no middle farther than d."""
    pairs = ((a[of_a.faces.ravel()], b[of_b.faces.ravel()]), (a[of_a.faces].mean(1), b[of_b.faces].mean(1)))
    return max(float(cKDTree(y).query(x)[0].max()) for p in pairs for x, y in (p, p[::-1]))


def _same_material(a: Part, b: Part) -> None:
    x, y = a.material, b.material
    if x.alpha != y.alpha or (x.alpha == "mask" and abs(x.cutoff - y.cutoff) > 1e-6):
        raise Differs("what its alpha means is not the same")
    if (x.texture is None) != (y.texture is None) or (a.rgba is None) != (b.rgba is None):
        raise Differs("its colours are not all there")
    if x.texture is not None and y.texture is not None and x.texture.wrap != y.texture.wrap:
        raise Differs("its texture repeats in another way")
    if a.rgba is not None and b.rgba is not None and sorted_rows(a.rgba) != sorted_rows(b.rgba):
        raise Differs("its vertex colours are not the same")


def _same_attributes(a: Any, b: dict[str, NDArray[Any]], ordered: bool) -> None:
    for name, values in b.items():
        given = a.get(name)
        if given is None:
            raise Differs(f"attribute {name} is not there")
        x, y = (np.asarray(v, np.float64).reshape(len(v), -1) for v in (given, values))
        same = np.array_equal(x, y) if ordered else sorted_rows(x) == sorted_rows(y)
        if not same:
            raise Differs(f"attribute {name} is not the same")


def sorted_rows(values: NDArray[Any]) -> list[Any]:
    """The different rows, for comparing in any order."""
    return np.unique(values, axis=0).tolist()


@dataclass(frozen=True)
class Looks:
    """Two surfaces' colours at the same points. delta_e (N,): CIEDE2000 of each; patches: of means over cells; clear: mean
    difference of alpha."""

    delta_e: F64
    patches: F64
    clear: float


def at_same_points(read: Sequence[Part], meant: Sequence[Part], ordered: bool) -> Looks:
    """ordered: both have the same triangles in the same order; else the nearest points are taken."""
    if ordered:
        read, meant = (
            [replace(p, faces=_lowest_first(p.faces).astype(np.int32)) for p in ps] for ps in (read, meant)
        )
    mesh = joined(meant)
    face, weights = spread(mesh, LOOKS)
    points = points_on(mesh, face, weights)
    theirs, ours = Colours(read), Colours(meant).on(face, weights)
    return compared(theirs.on(face, weights) if ordered else theirs.at(points), ours, points)


def compared(a: F32, b: F32, points: F64) -> Looks:
    """Linear colour and alpha (N, 4) of the same points (N, 3). What is clear has no colour to compare."""
    shown = np.maximum(a[:, 3], b[:, 3]) > 0.05
    clear = float(np.abs(a[:, 3] - b[:, 3]).mean())
    if not shown.any():
        return Looks(np.zeros(1), np.zeros(1), clear)
    a, b, points = a[shown], b[shown], points[shown]
    low, span = points.min(0), max(float(np.ptp(points, axis=0).max()), 1e-30)
    at = np.minimum(((points - low) / span * CELLS).astype(np.int64), CELLS - 1) @ [1, CELLS, CELLS * CELLS]
    _, cell, count = np.unique(at, return_inverse=True, return_counts=True)
    means = [np.stack([np.bincount(cell, v[:, k]) for k in range(3)], 1) / count[:, None] for v in (a, b)]
    enough = count >= min(_FEW, count.max())
    patches = delta_e(*(lab(np.clip(m[enough], 0, 1)) for m in means))
    return Looks(delta_e(lab(np.clip(a[:, :3], 0, 1)), lab(np.clip(b[:, :3], 0, 1))), patches, clear)
