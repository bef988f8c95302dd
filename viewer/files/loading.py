"""A model or a project folder as a document that can be drawn: every surface has normals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sculpt3d.desk.kept_unit import kept_unit
from sculpt3d.desk.units import MM_OF
from sculpt3d.models.document import Document, Part
from sculpt3d.models.normals import with_normals
from sculpt3d.models.read import read_document
from viewer.detail import documents


def load(path: Path, unit: str | None = None) -> Document:
    """A project's model bears the project's name. unit: of the file as the user says, of `MM_OF`; it goes before the file's.
    Where neither says one, it is the one the user once said.

    Raises `UnreadableFile` with the remedy.
    """
    document = _read(path)
    if path.is_dir() or path.stem == "model":
        document = replace(
            document, name=path.resolve().name if path.is_dir() else path.resolve().parent.name
        )
    document = with_unit(document, unit)
    kept = kept_unit(path) if document.unit_m is None else None
    if kept is not None:
        document = replace(document, unit_m=MM_OF[kept[0]] / 1000, unit_source=f"as you said ({kept[1]})")
    return document


def _read(path: Path) -> Document:
    """As the file gives it, with normals; a large file that was read before comes out of the cache."""
    found = documents.find(path)
    if found is None:
        found = with_normals(read_document(documents.file_of(path)))
        documents.remember(path, found)
    return found


def with_unit(document: Document, unit: str | None) -> Document:
    """As the user says, or as it is."""
    if unit is None:
        return document
    return replace(document, unit_m=MM_OF[unit] / 1000, unit_source="as you said")


def is_cloud(part: Part) -> bool:
    return not len(part.faces)


def described(document: Document) -> str:
    """How much there is, in words."""
    triangles = sum(len(p.faces) for p in document.parts)
    points = sum(len(p.vertices) for p in document.parts if is_cloud(p))
    amounts = [f"{n:,} {what}" for n, what in ((triangles, "triangles"), (points, "points")) if n]
    return " and ".join(amounts)
