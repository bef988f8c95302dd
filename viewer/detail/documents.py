"""Large models as they were read, kept to be mapped into memory the next time: found by the file's content."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.models.document import Document, Material, Part, Texture
from viewer.detail.store import (
    Damaged,
    Tables,
    folder,
    key_of_file,
    make_room,
    open_tables,
    touched,
    write_tables,
)

LARGE = 20_000_000  # bytes of a file; what is smaller is read in no time
_ALONE = {".ply", ".stl", ".glb"}  # files that name no others
_waiting: dict[str, Document] = {}  # what was read and is not kept yet


def file_of(path: Path) -> Path:
    """The model of a project, or the file itself."""
    return path / "model.glb" if (path / "model.glb").is_file() else path


def key_of(path: Path) -> str | None:
    """Of a file's content; None where it is small, or not all that the model is."""
    file = file_of(path)
    try:
        about = file.stat()
        if file.suffix.lower() not in _ALONE or about.st_size < LARGE or not file.is_file():
            return None
        return _key(file.resolve(), about.st_mtime_ns, about.st_size)
    except OSError:
        return None


def find(path: Path) -> Document | None:
    """The document that the file gave, with normals; None where it is not kept."""
    key = key_of(path)
    if key is None:
        return None
    kept = folder() / f"{key}.model"
    if not kept.is_file():
        return None
    try:
        tables, told = open_tables(kept)
        found = _read(tables, told)
    except (Damaged, KeyError, IndexError, OSError, TypeError, ValueError):
        kept.unlink(missing_ok=True)
        return None
    touched(kept)
    return replace(found, name=file_of(path).stem)


def remember(path: Path, document: Document) -> None:
    """What was read of a file, before a user said anything of it; `keep_waiting` writes it."""
    key = key_of(path)
    if key is not None and document.name == file_of(path).stem:
        _waiting.clear()
        _waiting[key] = document


def keep_waiting() -> None:
    """Write what is remembered where there is room; a document that JSON cannot tell is not kept."""
    while _waiting:
        key, document = _waiting.popitem()
        tables, told = _written(document)
        try:
            if json.loads(json.dumps(told)) != told:
                continue
        except (TypeError, ValueError):
            continue
        if make_room(sum(t.nbytes for t in tables.values()), folder()):
            write_tables(folder() / f"{key}.model", {name: [t] for name, t in tables.items()}, told)


@lru_cache(8)
def _key(file: Path, changed: int, size: int) -> str | None:
    if file.suffix.lower() == ".glb":
        with open(file, "rb") as f:
            head = f.read(20)
            if len(head) < 20 or b'"uri"' in f.read(min(struct.unpack_from("<I", head, 12)[0], size)):
                return None  # it may name other files
    return f"{key_of_file(file)}{file.suffix.lower()}"


def _written(document: Document) -> tuple[Tables, dict[str, Any]]:
    tables: Tables = {}
    pictures: dict[int, str] = {}

    def put(name: str, values: NDArray[Any] | None) -> None:
        if values is not None:
            tables[name] = values

    def picture(values: NDArray[Any] | None) -> str:
        if values is None:
            return ""
        name = pictures.setdefault(id(values), f"picture {len(pictures)}")
        tables[name] = values
        return name

    parts = []
    for k, part in enumerate(document.parts):
        for name in ("vertices", "faces", "uv", "rgba", "normals"):
            put(f"{k} {name}", getattr(part, name))
        for name, values in part.attributes.items():
            put(f"{k} of {name}", np.asarray(values))
        m = part.material
        parts.append({
            "name": part.name, "attributes": list(part.attributes), "material": m.name, "factor": list(m.factor),
            "texture": picture(None if m.texture is None else m.texture.pixels),
            "wrap": [] if m.texture is None else list(m.texture.wrap), "alpha": m.alpha, "cutoff": m.cutoff,
            "normal": picture(m.normal_map), "occlusion": picture(m.occlusion),
        })  # fmt: skip
    return tables, {
        "parts": parts, "offset": document.offset.tolist(), "unit_m": document.unit_m,
        "unit_source": document.unit_source, "notes": list(document.notes), "provenance": dict(document.provenance),
    }  # fmt: skip


def _read(tables: Tables, told: dict[str, Any]) -> Document:
    parts = []
    for k, said in enumerate(told["parts"]):
        texture = None
        if said["texture"]:
            texture = Texture(tables[said["texture"]], (said["wrap"][0], said["wrap"][1]))
        r, g, b, a = said["factor"]
        material = Material(
            said["material"], (r, g, b, a), texture, said["alpha"], said["cutoff"], tables.get(said["normal"]),
            tables.get(said["occlusion"]),
        )  # fmt: skip
        faces, vertices = tables[f"{k} faces"], tables[f"{k} vertices"]
        if len(faces) and not 0 <= faces.min() <= faces.max() < len(vertices):
            raise ValueError
        parts.append(
            Part(
                vertices, faces, material, tables.get(f"{k} uv"), tables.get(f"{k} rgba"), tables.get(f"{k} normals"),
                {name: tables[f"{k} of {name}"] for name in said["attributes"]}, said["name"],
            )
        )  # fmt: skip
    return Document(
        "", tuple(parts), np.array(told["offset"], np.float64), told["unit_m"], told["unit_source"],
        tuple(told["notes"]), told["provenance"],
    )  # fmt: skip
