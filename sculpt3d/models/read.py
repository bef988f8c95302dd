"""The one door for models: any file that is one, as a `Document`."""

from __future__ import annotations

from pathlib import Path

from sculpt3d.errors import UnreadableFile
from sculpt3d.models.document import Document
from sculpt3d.models.tidy import tidy

MAX_BYTES = 4_000_000_000
_KINDS = {".glb": "gltf", ".gltf": "gltf", ".ply": "other", ".obj": "other", ".stl": "other"}


def read_document(path: Path) -> Document:
    """Raises `UnreadableFile` with the remedy. Files that a model names are read where they lie beside or below it only."""
    if not path.is_file():
        raise UnreadableFile(
            f"There is no model {path}; give a GLB, glTF, PLY, OBJ or STL file, or a project folder"
        )
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        raise UnreadableFile(
            f"{path.name} is no GLB, glTF, PLY, OBJ or STL file; export it in one of these"
        )
    if path.stat().st_size > MAX_BYTES:
        raise UnreadableFile(f"{path.name} is larger than {MAX_BYTES // 10**9} GB; simplify it first")
    if kind == "gltf":
        from sculpt3d.models.gltf import read_gltf

        return tidy(read_gltf(path), path.name)
    from sculpt3d.models.finished import document_of_trimesh

    return tidy(document_of_trimesh(path), path.name)
