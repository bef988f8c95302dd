"""What every format's reader hands on, made sound once: numbers checked, stray vertices and flat faces gone, centred.

In blocks that stay in the processor's cache, in NumPy: a compiled kernel would take longer to load than a million triangles
take here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.errors import UnreadableFile
from sculpt3d.geometry import F64, far_centre
from sculpt3d.models.caps import turned
from sculpt3d.models.document import Document, Part
from sculpt3d.models.flat import flat_faces
from sculpt3d.types import F32, I32, Bool

_LARGEST = 1e18  # float32 squares it still
_BLOCK = 1 << 16


def tidy(found: Document, file: str) -> Document:
    """float32 parts about `offset`; raises `UnreadableFile` where nothing usable is left."""
    parts, notes = [], list(found.notes)
    stray = flat = lost = 0
    for part in found.parts:
        bad = _without_number(part.vertices)
        if not len(part.faces):
            clean = part.picked(~bad, part.faces) if bad is not None else part
            lost += len(part.vertices) - len(clean.vertices)
        else:
            faces = _sound(part, bad, file)
            flat += len(part.faces) - len(faces)
            clean = _over_used(part, faces)
            stray += len(part.vertices) - len(clean.vertices)
        if len(clean.vertices):
            parts.append(clean)
    if not parts:
        reason = f"has {lost:,} vertices that are not numbers" if lost else "holds no surface and no points"
        raise UnreadableFile(f"{file} {reason}; export it again")
    if lost:
        notes.append(f"{lost:,} points that are not numbers are left out")
    if stray:
        notes.append(f"{stray:,} vertices that no face uses are left out")
    if flat:
        notes.append(f"{flat:,} faces without area are left out")
    offset = found.offset + _centre(parts)
    if offset.any():
        notes.append(f"coordinates are kept as local ones plus {', '.join(f'{v:.10g}' for v in offset)}")
    local = [replace(p, vertices=_local(p.vertices, offset - found.offset)) for p in parts]
    return replace(found, parts=tuple(local), offset=offset, notes=tuple(notes))


def _without_number(vertices: NDArray[Any]) -> Bool | None:
    """(V,) which are no number or too large for one; None where all are well."""
    if not len(vertices):
        return None
    flat = np.ascontiguousarray(vertices).reshape(-1)
    if flat.max() < _LARGEST and flat.min() > -_LARGEST:  # either is NaN where one is
        return None
    return np.asarray(~(np.abs(vertices) < _LARGEST).all(1))


def _sound(part: Part, bad: Bool | None, file: str) -> I32:
    """The faces that have an area. Raises `UnreadableFile` where one points nowhere or at what is no number."""
    if not 0 <= part.faces.min() <= part.faces.max() < len(part.vertices):
        raise UnreadableFile(f"{file} has triangles that point outside it; export it again")
    if bad is not None:
        count = int(np.count_nonzero(bad & _used(part)))
        if count:
            raise UnreadableFile(f"{file} has {count} vertices that are not numbers; export it again")
    flat, caps = flat_faces(part.vertices, part.faces)
    faces = turned(part.vertices, part.faces, caps, flat) if len(caps) else part.faces
    return faces if not len(flat) else np.delete(faces, flat, 0)


def _used(part: Part) -> Bool:
    marks = np.zeros(len(part.vertices), bool)
    for k in range(0, len(part.faces), _BLOCK):
        marks[part.faces[k : k + _BLOCK]] = True
    return marks


def _over_used(part: Part, faces: I32) -> Part:
    part = part if faces is part.faces else replace(part, faces=faces)
    marks = _used(part)
    if marks.all():
        return part
    number = np.cumsum(marks, dtype=np.int32) - np.int32(1)
    return part.picked(marks, number[faces])


def _centre(parts: list[Part]) -> F64:
    low = np.min([_reduced(np.minimum, p.vertices) for p in parts], axis=0)
    high = np.max([_reduced(np.maximum, p.vertices) for p in parts], axis=0)
    return far_centre(low, high)


def _reduced(smaller: Any, vertices: NDArray[Any]) -> F64:
    """The least or largest of each axis; along rows of many vertices, which NumPy does fast."""
    n = len(vertices) // 256 * 256
    rows = [vertices[n:]]
    if n:
        rows.append(smaller.reduce(np.ascontiguousarray(vertices[:n]).reshape(-1, 768), 0).reshape(-1, 3))
    return np.asarray(smaller.reduce(np.concatenate(rows), 0), np.float64)


def _local(vertices: NDArray[Any], offset: F64) -> F32:
    if not offset.any():
        return np.ascontiguousarray(vertices, np.float32)
    out = np.empty(vertices.shape, np.float32)
    for k in range(0, len(vertices), _BLOCK):
        out[k : k + _BLOCK] = vertices[k : k + _BLOCK].astype(np.float64) - offset
    return out
