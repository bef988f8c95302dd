"""OBJ with its materials as a document: a part for each material."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.errors import UnreadableFile
from sculpt3d.models.beside import Pictures, find_beside
from sculpt3d.models.codes import rgba_of
from sculpt3d.models.distinct import split, used
from sculpt3d.models.document import Document, Material, Part
from sculpt3d.models.mapped import map_file
from sculpt3d.models.mtl import Entry, decoded, material_of, read_mtl
from sculpt3d.models.obj_lines import Lines, read_lines
from sculpt3d.models.polygons import triangulate
from sculpt3d.models.unit_normals import unit_normals
from sculpt3d.types import F32, I32, U8

_OUR_UNIT = re.compile(rb"#[^\r\n]*, (metres|no scale), \+Y up")


def read_obj(path: Path) -> Document:
    """Raises `UnreadableFile`. Texture coordinates count from the bottom in the file."""
    notes: list[str] = []
    mapped = map_file(path)
    lines = read_lines(mapped, path.name)
    if len(lines.corners[0]) and lines.corners[0].max() >= len(lines.xyz):
        raise UnreadableFile(f"{path.name} has faces that point outside it; export it again")
    _told(lines, notes)
    rgba = _colours(lines.extra, notes)
    unit = _OUR_UNIT.search(mapped.data[:4096].tobytes())
    said = None if unit is None else unit[1] == b"metres"
    if not len(lines.sizes):
        cloud = Part(lines.xyz, np.zeros((0, 3), np.int32), rgba=rgba)
        return _document(path, (cloud,), said, notes)
    if (lines.sizes == 3).all():
        face = np.arange(len(lines.sizes), dtype=np.int32)
        corners = [None if c is None else c.reshape(-1, 3) for c in lines.corners]
    else:
        at, face = triangulate(lines.xyz, lines.corners[0], lines.sizes, path.name)
        corners = [None if c is None else c[at] for c in lines.corners]
    parts = []
    for material, entry, of_it in _by_material(path.parent, lines, face, notes):
        chosen = [c if c is None or of_it is None else c[of_it] for c in corners]
        parts.append(_part(lines, rgba, chosen, material, entry))
    return _document(path, tuple(parts), said, notes)


def _document(path: Path, parts: tuple[Part, ...], metric: bool | None, notes: list[str]) -> Document:
    """metric: None where the file does not say."""
    source = "" if metric is None else "a comment in the file"
    return Document(path.stem, parts, unit_m=1.0 if metric else None, unit_source=source, notes=tuple(notes))


def _told(lines: Lines, notes: list[str]) -> None:
    """What of the lines is not kept; corners beyond the end of their lists lose what they name."""
    loose = 0
    for row, there in ((1, len(lines.uv)), (2, len(lines.normals))):
        corners = lines.corners[row]
        if corners is not None:
            beyond = corners >= there
            loose += int(beyond.sum())
            corners[beyond] = -1
    said = (
        (loose, "corners name texture coordinates or normals that are not there"),
        (lines.small, "faces of fewer than three corners are left out"),
        (lines.lines, "lines are left out"),
        (lines.points if len(lines.sizes) else 0, "single points are left out"),
        (lines.curves, "free-form curves and surfaces are left out"),
    )
    notes += [f"{count:,} {what}" for count, what in said if count]


def _colours(extra: F32 | None, notes: list[str]) -> U8 | None:
    """(V, 4) from what follows x y z: r g b, w r g b or r g b a; a lone w is no colour. White where a line has none."""
    if extra is None:
        return None
    there = ~np.isnan(extra)
    many = there.sum(1)
    if not (many >= 3).any():
        return None
    coloured = many >= 3
    full = many == 4
    columns = extra[:, :3]
    alpha: NDArray[Any] | None = None
    if full.all() and (extra[:, 0] == 1).all() and not (extra[:, 3] == 1).all():
        columns = extra[:, 1:]
    elif full.all():
        alpha = extra[:, 3]
    rgba = rgba_of([np.where(coloured, columns[:, j], np.nan) for j in range(3)], alpha)
    rgba[~coloured] = 255
    if not coloured.all():
        notes.append(f"{int((~coloured).sum()):,} vertices have no colour: they are white")
    return rgba


def _by_material(
    folder: Path, lines: Lines, face: I32, notes: list[str]
) -> list[tuple[Material, Entry, NDArray[np.intp] | None]]:
    """Each material, what its file says of it, and the triangles that have it (None: all)."""
    entries: dict[str, Entry] = {}
    named = [(key, decoded(rest), faces) for key, rest, faces in lines.named]
    for name in dict.fromkeys(rest for key, rest, _ in named if key == "mtllib"):
        entries |= _library(folder, name, notes)
    uses = [("", 0), *((rest, faces) for key, rest, faces in named if key == "usemtl")]
    number = {name: k for k, name in enumerate(dict.fromkeys(name for name, _ in uses))}
    starts = np.array([faces for _, faces in uses])
    which = np.array([number[name] for name, _ in uses], np.int32)
    of_face = which[np.searchsorted(starts, np.arange(len(lines.sizes)), side="right") - 1]
    of_triangle = of_face[face]
    order = np.argsort(of_triangle, kind="stable")
    edges = np.searchsorted(of_triangle[order], np.arange(len(number) + 1))
    pictures = Pictures(folder, notes)
    found = []
    names = list(number)
    single = (np.diff(edges) > 0).sum() == 1
    unknown = []
    for name, first, beyond in zip(names, edges[:-1], edges[1:], strict=True):
        if first == beyond:
            continue
        known = entries.get(name) or entries.get(name.strip("\"'"))
        if known is None and name:
            unknown.append(name)
        material = Material(name) if known is None else material_of(name, known, pictures, notes)
        found.append((material, known or Entry(), None if single else order[first:beyond]))
    if unknown and entries:
        notes.append(f"materials that no file tells of: {', '.join(unknown[:5])}")
    return found


def _library(folder: Path, name: str, notes: list[str]) -> dict[str, Entry]:
    """One file whose name may hold blanks, or several."""
    whole = find_beside(folder, name)
    found: dict[str, Entry] = {}
    for one, path in [(name, whole)] if whole else [(w, find_beside(folder, w)) for w in name.split()]:
        if path is None:
            notes.append(f"the materials in {one[:200]} are not beside the model: surfaces are without them")
        else:
            found |= read_mtl(path, notes)
    return found


def _part(
    lines: Lines, colours: U8 | None, corners: list[I32 | None], material: Material, entry: Entry
) -> Part:
    """Vertices are doubled where corners that share them differ in texture coordinates or normal."""
    vertices, coordinates, directions = corners
    assert vertices is not None
    textured = coordinates is not None and bool((coordinates >= 0).any())
    shaded = directions is not None and bool((directions >= 0).all())
    sides = [c for c, has in ((coordinates, textured), (directions, shaded)) if has and c is not None]
    uv = normals = None
    if sides:
        faces, vertex, corner = split(vertices, *sides)
    else:
        faces, vertex = used(vertices, len(lines.xyz))
    if coordinates is not None and textured:
        index = coordinates.reshape(-1)[corner]
        uv = np.where((index >= 0)[:, None], np.nan_to_num(lines.uv[index]), 0).astype(np.float32)
        uv = entry.colour.laid(uv) if entry.colour else uv
        uv[:, 1] = 1 - uv[:, 1]
    elif material.texture is not None:
        material = replace(material, texture=None, normal_map=None)
    if directions is not None and shaded:
        normals = unit_normals(lines.normals[directions.reshape(-1)[corner]])
    rgba = None if colours is None else colours[vertex]
    if rgba is not None and rgba[:, 3].min() < 255 and material.alpha == "opaque":
        material = replace(material, alpha="blend")
    return Part(lines.xyz[vertex], faces, material, uv, rgba, normals, name=material.name)
