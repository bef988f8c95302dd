"""A document as one mesh for its levels of detail: which vertices lie at one place, and which of these are as one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d._kernels import njit
from sculpt3d.models.distinct import distinct, places
from sculpt3d.models.document import Document, Part
from sculpt3d.types import F32, I32, U8


@dataclass(frozen=True)
class Corners:
    """All parts' vertices one after another, and the triangles among them; of vertices that are alike in all the first is used.

    xyz (V, 3), normals (V, 3), uv (V, 2) or (0, 2) where no part has a picture, rgba (V, 4) or (0, 4); faces (F, 3);
    starts (parts + 1,): the first triangle of each part. place (V,): the same where vertices lie at one place. chart (V,):
    the same where they also have one uv and part, so that a collapse may take one for the other. owner (V,): the part.
    island (V,): of the picture, the same where triangles hang together on it too; (0,) where there is none.
    """

    xyz: F32
    normals: F32
    uv: F32
    rgba: U8
    faces: I32
    starts: NDArray[np.int64]
    place: I32
    chart: I32
    owner: I32
    island: I32


def corners_of_parts(document: Document) -> Corners:
    """Of all parts; vertices keep the numbers they have in `Document.points()`. What lies at one place is not asked."""
    parts = document.parts
    xyz = np.ascontiguousarray(document.points())
    uv = _uv(parts) if any(p.material.texture is not None and p.uv is not None for p in parts) else _none(2)
    rgba = _rgba(parts) if any(p.rgba is not None for p in parts) else _none(4).astype(np.uint8)
    normals = [_or(p.normals, len(p.vertices), 3) for p in parts]
    starts = np.cumsum([0, *(len(p.faces) for p in parts)])
    own = np.arange(len(xyz), dtype=np.int32)
    return Corners(
        xyz, normals[0] if len(parts) == 1 else np.concatenate(normals), uv, rgba,
        np.ascontiguousarray(document.triangles()), starts, own, own,
        np.repeat(np.arange(len(parts), dtype=np.int32), [len(p.vertices) for p in parts]), np.zeros(0, np.int32),
    )  # fmt: skip


def corners_of(document: Document) -> Corners:
    """The same, with what lies at one place and what of it is as one."""
    plain = corners_of_parts(document)
    parts, xyz, uv, faces, owner = document.parts, plain.xyz, plain.uv, plain.faces, plain.owner
    place, first = places(xyz)
    if len(first) == len(xyz):
        return replace(plain, place=place, chart=place, island=_islands(place, faces, uv))
    columns = [place[:, None].view(np.uint32), owner[:, None].view(np.uint32)]
    if len(uv):
        columns.append(uv.view(np.uint32))
    chart, _ = distinct(np.concatenate(columns, 1)) if len(columns) > 2 or len(parts) > 1 else (place, first)
    columns.append(np.ascontiguousarray(plain.normals).view(np.uint32))
    if len(plain.rgba):
        columns.append(plain.rgba.view(np.uint32))
    same, leads = distinct(np.concatenate(columns, 1))
    if len(leads) < len(xyz):
        faces = leads[same][faces]
    return replace(plain, faces=faces, place=place, chart=chart, island=_islands(chart, faces, uv))


def _islands(chart: I32, faces: I32, uv: F32) -> I32:
    """(V,)."""
    return _together(faces, chart, np.arange(len(chart), dtype=np.int32)) if len(uv) else np.zeros(0, np.int32)


@njit(nogil=True, cache=True)
def _together(faces: Any, chart: Any, root: Any) -> Any:
    """Charts that triangles join have one root (union by the smaller number, paths halved)."""
    for f in range(len(faces)):
        for k in range(2):
            a, b = chart[faces[f, k]], chart[faces[f, k + 1]]
            while root[a] != a:
                root[a] = root[root[a]]
                a = root[a]
            while root[b] != b:
                root[b] = root[root[b]]
                b = root[b]
            root[max(a, b)] = min(a, b)
    found = np.empty(len(chart), np.int32)
    for v in range(len(chart)):
        a = chart[v]
        while root[a] != a:
            root[a] = root[root[a]]
            a = root[a]
        found[v] = a
    return found


def _none(columns: int) -> F32:
    return np.zeros((0, columns), np.float32)


def _or(values: F32 | None, count: int, columns: int) -> F32:
    return np.zeros((count, columns), np.float32) if values is None else np.asarray(values, np.float32)


def _uv(parts: tuple[Part, ...]) -> F32:
    return np.ascontiguousarray(
        np.concatenate([_or(p.uv if p.material.texture is not None else None, len(p.vertices), 2) for p in parts])
    )


def _rgba(parts: tuple[Part, ...]) -> U8:
    white = [np.full((len(p.vertices), 4), 255, np.uint8) if p.rgba is None else p.rgba for p in parts]
    return np.ascontiguousarray(np.concatenate(white))
