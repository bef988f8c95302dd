"""The elements of a PLY file that are a model, wherever they lie in it."""

from __future__ import annotations

import numpy as np

from sculpt3d.models.mapped import Mapped
from sculpt3d.models.ply_faces import Faces, read_faces, read_strips
from sculpt3d.models.ply_header import Header
from sculpt3d.models.ply_rows import end_of
from sculpt3d.models.ply_vertices import Vertices, read_vertices
from sculpt3d.types import I32

_KNOWN = {"vertex", "face", "tristrips"}


def read_elements(
    mapped: Mapped, header: Header, file: str, surface: bool = True
) -> tuple[Vertices, Faces | None]:
    """Vertices, and faces where `surface` asks for them and there are some. Raises `UnreadableFile`."""
    wanted = (_KNOWN if surface else {"vertex"}) & {e.name for e in header.elements if e.count}
    starts: dict[str, int] = {}
    at = header.start
    for element in header.elements:
        starts.setdefault(element.name, at)
        if wanted <= starts.keys():
            break
        at = end_of(mapped, element, header.form, at, file)
    vertices = read_vertices(mapped, header, starts.get("vertex", 0), file, bool(wanted - {"vertex"}))
    faces = None
    if "face" in wanted:
        faces = read_faces(mapped, header, starts["face"], file, vertices.xyz)
    if "tristrips" in wanted:
        more = read_strips(mapped, header, starts["tristrips"], file, len(vertices.xyz))
        faces = Faces(more) if faces is None else _both(faces, more)
    return vertices, faces


def _both(faces: Faces, strips: I32) -> Faces:
    notes = faces.notes
    if faces.uv is not None or faces.rgba is not None:
        notes = (*notes, "colours of faces are left out, as there are strips too")
    return Faces(np.concatenate([faces.triangles, strips]), notes=notes)


def left_out(header: Header, vertices: Vertices) -> list[str]:
    """What a document has no place for, in words."""
    other = [e.name for e in header.elements if e.name not in _KNOWN and e.count]
    notes = [f"elements are left out: {', '.join(other[:8])}"] if other else []
    if vertices.lists:
        notes.append(f"lists of vertices are left out: {', '.join(vertices.lists[:8])}")
    return notes
