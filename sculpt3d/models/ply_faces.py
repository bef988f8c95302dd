"""The faces of a PLY file as triangles: lists of any length, strips, colours and texture coordinates of faces and corners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.errors import UnreadableFile
from sculpt3d.models.codes import rgba_of
from sculpt3d.models.growing import Growing
from sculpt3d.models.mapped import Mapped
from sculpt3d.models.ply_header import Header
from sculpt3d.models.ply_rows import Rows, rows_of
from sculpt3d.models.ply_vertices import COLOURS
from sculpt3d.models.polygons import triangulate
from sculpt3d.types import F32, I32, U8

_CORNERS = ("vertex_indices", "vertex_index", "vertices", "vertex_list", "indices")
_TEXCOORDS = ("texcoord", "texcoords", "texture_coordinates", "uv")
_NUMBERS = ("texnumber", "texture_number", "material_index", "tex_index")


@dataclass(frozen=True)
class Faces:
    """triangles (T, 3); uv (T, 3, 2) as in the file, NaN where a face has none; number (T,) of the texture; rgba (T, 4)."""

    triangles: I32
    uv: F32 | None = None
    number: I32 | None = None
    rgba: U8 | None = None
    notes: tuple[str, ...] = ()


def read_faces(mapped: Mapped, header: Header, start: int, file: str, points: NDArray[Any]) -> Faces:
    """Raises `UnreadableFile` where a face points at a vertex that is not there."""
    element = header.element("face")
    assert element is not None
    names = {p.name for p in element.properties}
    lists = {p.name: p for p in element.properties if p.count}
    corner = next((c for c in _CORNERS if c in lists), None)
    texcoord = next((c for c in _TEXCOORDS if c in lists and lists[c].kind[0] == "f"), None)
    if corner is None:
        whole = [c for c, p in lists.items() if p.kind[0] != "f"]
        corner = whole[0] if whole else None
    if corner is None or lists[corner].kind[0] == "f":
        raise UnreadableFile(f"{file} has faces without lists of vertices; export it again")
    number = next((c for c in _NUMBERS if c in names and c not in lists), None)
    colour = next((c for c in COLOURS if set(c[:3]) <= names - lists.keys()), ())
    read = _Reader(file, points, element.count, corner, texcoord, number, colour)
    for rows in rows_of(mapped, element, header.form, start, file):
        read.take(rows)
    known = {corner, texcoord, number, *colour}
    other = [p.name for p in element.properties if p.name not in known and p.name != "flags"]
    notes = [f"properties of faces are left out: {', '.join(other[:8])}"] if other else []
    if read.few:
        notes.append(f"{read.few:,} faces of fewer than three corners are left out")
    return read.faces(tuple(notes))


class _Reader:
    def __init__(
        self,
        file: str,
        points: NDArray[Any],
        count: int,
        corner: str,
        texcoord: str | None,
        number: str | None,
        colour: tuple[str, ...],
    ) -> None:
        self._file, self._points = file, points
        self._corner, self._texcoord, self._number, self._colour = corner, texcoord, number, colour
        self._triangles = Growing(np.int32, 3, room=count)
        self._uv: list[F32] = []
        self._numbers: list[I32] = []
        self._colours: list[list[NDArray[Any]]] = []
        self.few = 0

    def take(self, rows: Rows) -> None:
        sizes, flat = rows.lists[self._corner]
        corners = self._checked(flat)
        if (sizes == 3).all():
            at, face, triangles = None, None, corners.reshape(-1, 3)
        else:
            self.few += int((sizes < 3).sum())
            at, face = triangulate(self._points, corners, sizes, self._file)
            triangles = corners[at]
        self._triangles.add(triangles)
        if self._texcoord:
            self._uv.append(_corner_uv(rows.lists[self._texcoord], sizes, at))
        if self._number:
            column = np.clip(np.nan_to_num(rows.columns[self._number]), -1, 1 << 30).astype(np.int32)
            self._numbers.append(column if face is None else column[face])
        if self._colour:
            columns = [np.array(rows.columns[c]) for c in self._colour if c in rows.columns]
            self._colours.append([c if face is None else c[face] for c in columns])

    def _checked(self, flat: NDArray[Any]) -> I32:
        if len(flat) and not (flat.min() >= 0 and flat.max() < len(self._points)):
            raise UnreadableFile(f"{self._file} has triangles that point outside it; export it again")
        return flat.astype(np.int32)

    def faces(self, notes: tuple[str, ...]) -> Faces:
        rgba = None
        if self._colours:
            columns = [np.concatenate(c) for c in zip(*self._colours, strict=True)]
            rgba = rgba_of(columns[:3], columns[3] if len(columns) > 3 else None)
        return Faces(
            self._triangles.done(),
            np.concatenate(self._uv) if self._uv else None,
            np.concatenate(self._numbers) if self._numbers else None,
            rgba,
            notes,
        )


def _corner_uv(texcoord: tuple[I32, NDArray[Any]], sizes: I32, at: NDArray[np.int64] | None) -> F32:
    """(T, 3, 2); a face whose list has not two numbers a corner has none: NaN."""
    counts, flat = texcoord
    if (counts == 2 * sizes).all():
        corners = flat.astype(np.float32).reshape(-1, 2)
    else:
        corners = np.full((int(sizes.sum()), 2), np.nan, np.float32)
        whole = counts == 2 * sizes
        corners[np.repeat(whole, sizes)] = flat[np.repeat(whole, counts)].reshape(-1, 2)
    return corners.reshape(-1, 3, 2) if at is None else corners[at]


def read_strips(mapped: Mapped, header: Header, start: int, file: str, count: int) -> I32:
    """(T, 3) of a `tristrips` element: -1 starts anew, every second triangle is turned round. Raises `UnreadableFile`."""
    element = header.element("tristrips")
    assert element is not None
    name = next((p.name for p in element.properties if p.count and p.kind[0] != "f"), None)
    found = [np.zeros((0, 3), np.int64)]
    for rows in rows_of(mapped, element, header.form, start, file) if name else ():
        sizes, flat = rows.lists[str(name)]
        ends = np.cumsum(sizes)
        strips = np.insert(flat.astype(np.int64), ends, -1)  # every row ends its strip
        cuts = np.flatnonzero(strips < 0)
        since = np.arange(len(strips)) - np.r_[0, cuts + 1][np.searchsorted(cuts, np.arange(len(strips)))]
        three = np.stack([strips[:-2], strips[1:-1], strips[2:]], 1)
        turned = since[:-2] % 2 == 1
        three[turned] = three[turned][:, [1, 0, 2]]
        a, b, c = three.T
        three = three[
            (three >= 0).all(1) & (a != b) & (b != c) & (c != a)
        ]  # doubled corners lead on to the next run
        found.append(three)
    triangles = np.concatenate(found)
    if triangles.size and triangles.max() >= count:
        raise UnreadableFile(f"{file} has triangles that point outside it; export it again")
    return triangles.astype(np.int32)
