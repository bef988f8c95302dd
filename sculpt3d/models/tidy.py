"""What every format's reader hands on, made sound once: numbers checked, stray vertices and flat faces gone, centred."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sculpt3d.errors import UnreadableFile
from sculpt3d.geometry import F64
from sculpt3d.models.document import Document, Part

FAR = 16  # sizes from the origin; beyond, float32 steps are coarser than a millionth of the size
_FLAT = 1e-10  # twice the area, of the longest edge squared
_LARGEST = 1e18  # float32 squares it still


def tidy(found: Document, file: str) -> Document:
    """float32 parts about `offset`; raises `UnreadableFile` where nothing usable is left."""
    parts, notes = [], list(found.notes)
    stray = flat = 0
    for part in found.parts:
        _check(part, file)
        clean = _without_flat(part) if len(part.faces) else part
        flat += len(part.faces) - len(clean.faces)
        if len(part.faces):
            kept = _without_stray(clean)
            stray += len(clean.vertices) - len(kept.vertices)
            clean = kept
        if len(clean.vertices):
            parts.append(clean)
    if not parts:
        raise UnreadableFile(f"{file} holds no surface and no points; export it again")
    if stray:
        notes.append(f"{stray:,} vertices that no face uses are left out")
    if flat:
        notes.append(f"{flat:,} faces without area are left out")
    offset = found.offset + _centre(parts)
    if offset.any():
        notes.append(f"coordinates are kept as local ones plus {', '.join(f'{v:.10g}' for v in offset)}")
    local = [replace(p, vertices=_local(p.vertices, offset - found.offset)) for p in parts]
    return replace(found, parts=tuple(local), offset=offset, notes=tuple(notes))


def _check(part: Part, file: str) -> None:
    bad = int((~(np.abs(part.vertices) < _LARGEST)).any(1).sum())
    if bad:
        raise UnreadableFile(f"{file} has {bad} vertices that are not numbers; export it again")
    if part.faces.size and not 0 <= part.faces.min() <= part.faces.max() < len(part.vertices):
        raise UnreadableFile(f"{file} has triangles that point outside it; export it again")


def _without_flat(part: Part) -> Part:
    a, b, c = (part.vertices[part.faces[:, k]].astype(np.float64) for k in range(3))
    longest = np.maximum.reduce([((x - y) ** 2).sum(1) for x, y in ((a, b), (b, c), (c, a))])
    whole = np.linalg.norm(np.cross(b - a, c - a), axis=1) > _FLAT * longest
    return part if whole.all() else replace(part, faces=part.faces[whole])


def _without_stray(part: Part) -> Part:
    used = np.zeros(len(part.vertices), bool)
    used[part.faces.reshape(-1)] = True
    if used.all():
        return part
    number = np.cumsum(used, dtype=np.int32) - np.int32(1)
    return replace(
        part,
        vertices=part.vertices[used],
        faces=number[part.faces],
        uv=None if part.uv is None else part.uv[used],
        rgba=None if part.rgba is None else part.rgba[used],
        normals=None if part.normals is None else part.normals[used],
        attributes={k: v[used] for k, v in part.attributes.items()},
    )


def _centre(parts: list[Part]) -> F64:
    """A round number near the middle where the model lies far from the origin for its size; else zero."""
    low = np.min([p.vertices.min(0) for p in parts], axis=0).astype(np.float64)
    high = np.max([p.vertices.max(0) for p in parts], axis=0).astype(np.float64)
    size = float((high - low).max())
    if np.abs([low, high]).max() <= FAR * size or size == 0:
        return np.zeros(3)
    step = 10.0 ** np.floor(np.log10(size))
    return np.asarray(np.round((low + high) / 2 / step) * step + 0.0, np.float64)


def _local(vertices: NDArray[np.generic], offset: F64) -> NDArray[np.float32]:
    if not offset.any():
        return np.ascontiguousarray(vertices, np.float32)
    return (vertices.astype(np.float64) - offset).astype(np.float32)
