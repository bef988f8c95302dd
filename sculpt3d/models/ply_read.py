"""Any PLY file as a document: a part for each texture that its faces use."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.geometry import F64
from sculpt3d.models.beside import Pictures
from sculpt3d.models.distinct import split, used
from sculpt3d.models.document import Document, Material, Part, Texture
from sculpt3d.models.mapped import map_file
from sculpt3d.models.ply_elements import left_out, read_elements
from sculpt3d.models.ply_faces import Faces
from sculpt3d.models.ply_header import Header, read_header
from sculpt3d.models.ply_vertices import Vertices
from sculpt3d.models.unit_normals import unit_normals
from sculpt3d.types import F32, I32, U8

_TEXTURE = re.compile(r"texture\s?file\s*:?\s+(.+)", re.IGNORECASE)
_OFFSET = re.compile(r"offset((?:\s+[-+.\deE]+){3})\s*$", re.IGNORECASE)


def read_ply(path: Path) -> Document:
    """Raises `UnreadableFile`."""
    mapped = map_file(path)
    header = read_header(mapped, path.name)
    notes: list[str] = []
    vertices, faces = read_elements(mapped, header, path.name)
    notes += faces.notes if faces is not None else ()
    notes += left_out(header, vertices)
    parts = _parts(path.parent, header, vertices, faces, notes)
    unit, source = unit_of(header.comments)
    return Document(
        path.stem,
        tuple(parts),
        offset_of(header.comments),
        unit,
        source,
        tuple(notes),
    )


def unit_of(comments: tuple[str, ...]) -> tuple[float | None, str]:
    """Metres a unit, where our own comment says so, and who says it: that there is no scale is an answer too."""
    said = {word.strip() for comment in comments for word in comment.split(",")}
    told = "a comment in the file" if said & {"metres", "no scale"} else ""
    return (1.0 if "metres" in said and "no scale" not in said else None), told


def offset_of(comments: tuple[str, ...]) -> F64:
    """What is to be added to the positions: `comment offset X Y Z`."""
    found = next((m for c in comments if (m := _OFFSET.match(c))), None)
    try:
        offset = np.array([float(w) for w in found[1].split()]) if found else np.zeros(3)
    except ValueError:
        return np.zeros(3)
    return offset if np.isfinite(offset).all() else np.zeros(3)


def _parts(folder: Path, header: Header, v: Vertices, faces: Faces | None, notes: list[str]) -> list[Part]:
    if faces is None:
        return [_part(_splats(v, notes), np.zeros((0, 3), np.int32), None, None, Material())]
    names = [m[1].strip().strip("\"'") for c in header.comments if (m := _TEXTURE.match(c))]
    textured = names if v.uv is not None or faces.uv is not None else []
    if names and not textured:
        notes.append(f"the picture {names[0]} is left out: there are no texture coordinates")
    number = _numbers(faces, len(textured), notes)
    pictures = Pictures(folder, notes)
    parts = []
    for k in range(-1, max(len(textured), 1)):
        of_it = None if number is None else np.flatnonzero(number == k)
        if (of_it is None and k != 0) or (of_it is not None and not len(of_it)):
            continue
        picture = pictures.read(textured[k]) if textured and k >= 0 else None
        material = material_of(textured[k] if textured and k >= 0 else "", picture)
        parts.append(_of_faces(v, faces, of_it, material))
    return parts


def _splats(v: Vertices, notes: list[str]) -> Vertices:
    """Gaussian splats as points of their colour: the constant term of the spherical harmonics."""
    if v.rgba is not None or not {"f_dc_0", "f_dc_1", "f_dc_2", "opacity"} <= v.attributes.keys():
        return v
    notes.append("Gaussian splats are shown as points")
    light = np.stack([v.attributes[f"f_dc_{k}"] for k in range(3)], 1) / (2 * np.sqrt(np.pi)) + 0.5
    codes = (np.nan_to_num(light).clip(0, 1) * 255 + 0.5).astype(np.uint8)
    return replace(v, rgba=np.column_stack([codes, np.full(len(codes), 255, np.uint8)]))


def material_of(name: str, picture: U8 | None) -> Material:
    """A picture with an alpha cuts out or shines through as its values tell."""
    if picture is None:
        return Material(name)
    if picture.shape[2] == 4 and picture[..., 3].min() < 255:
        between = ((picture[..., 3] > 8) & (picture[..., 3] < 247)).mean()
        return Material(name, texture=Texture(picture), alpha="blend" if between > 0.05 else "mask")
    return Material(name, texture=Texture(np.ascontiguousarray(picture[..., :3])))


def _numbers(faces: Faces, textures: int, notes: list[str]) -> I32 | None:
    """(T,) the texture of each triangle, -1 for none; None where all have the first."""
    number = faces.number
    if number is None or textures == 0:
        if textures > 1:
            notes.append("several pictures are named, but no face says which it has: the first is taken")
        if faces.uv is None or not np.isnan(faces.uv).any():
            return None
        number = np.zeros(len(faces.triangles), np.int32)
    number = np.where((number >= 0) & (number < max(textures, 1)), number, -1).astype(np.int32)
    if faces.uv is not None:
        without = np.isnan(faces.uv).any((1, 2))
        number[without] = -1
        if textures and without.any():
            notes.append(
                f"{int(without.sum()):,} triangles have no texture coordinates: they are without a picture"
            )
    return None if (number == 0).all() else number


def _of_faces(v: Vertices, faces: Faces, of_it: NDArray[np.intp] | None, material: Material) -> Part:
    """The triangles `of_it`; vertices are doubled where corners differ in texture coordinates or in the face's colour."""
    triangles = faces.triangles if of_it is None else faces.triangles[of_it]
    uv = None if faces.uv is None else faces.uv if of_it is None else faces.uv[of_it]
    rgba = None if faces.rgba is None or v.rgba is not None else faces.rgba
    if rgba is not None and of_it is not None:
        rgba = rgba[of_it]
    if uv is None and rgba is None:
        if of_it is None:
            return _part(v, triangles, None, v.uv, material)
        over, vertex = used(triangles, len(v.xyz))
        return _part(v, over, vertex, None if v.uv is None else v.uv[vertex], material)
    sides = [] if uv is None else [np.nan_to_num(uv) + np.float32(0)]
    if rgba is not None:
        sides.append(np.repeat(rgba.view(np.uint32), 3, 1))
    over, vertex, corner = split(triangles, *sides)
    own = None if v.uv is None else v.uv[vertex]
    corner_uv = own if uv is None else sides[0].reshape(-1, 2)[corner]
    part = _part(v, over, vertex, corner_uv, material)
    return part if rgba is None else with_colours(part, np.ascontiguousarray(rgba[corner // 3]))


def with_colours(part: Part, rgba: U8) -> Part:
    """Colours that let light through make the material do so."""
    clear = bool(len(rgba)) and rgba[:, 3].min() < 255 and part.material.alpha == "opaque"
    return replace(
        part, rgba=rgba, material=replace(part.material, alpha="blend") if clear else part.material
    )


def _part(v: Vertices, faces: I32, vertex: I32 | None, uv: F32 | None, material: Material) -> Part:
    def pick(values: Any) -> Any:
        return values if values is None or vertex is None else values[vertex]

    down = None if uv is None else np.nan_to_num(uv)
    if down is not None:
        down[:, 1] = 1 - down[:, 1]  # PLY counts v from the bottom
    attributes = {name: pick(values) for name, values in v.attributes.items()}
    part = Part(pick(v.xyz), faces, material, down, None, unit_normals(pick(v.normals)), attributes)
    return part if v.rgba is None else with_colours(part, pick(v.rgba))
