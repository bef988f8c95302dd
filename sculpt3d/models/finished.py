"""A finished model read whole: any GLB or glTF (compressed or not), PLY, OBJ or STL."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from PIL import Image

from sculpt3d.errors import UnreadableFile
from sculpt3d.gltf_check import Opened, open_gltf
from sculpt3d.gltf_check.container import Bytes
from sculpt3d.gltf_check.geometry import Part, world_parts
from sculpt3d.gltf_check.ktx2 import can_decode, decode_ktx2
from sculpt3d.types import U8, Mesh
from sculpt3d.webasset.skins import Skin

MAX_TEXELS = 16384 * 16384
_MAX_BYTES = 4 << 30


@dataclass(frozen=True)
class Model:
    """Parts in world coordinates with their colours; provenance as the file tells it."""

    name: str
    skins: tuple[Skin, ...]
    metric: bool
    provenance: dict[str, Any] = field(default_factory=dict)

    def welded(self) -> Mesh:
        """One mesh without colours; vertices at the same place are one, so charts hang together again."""
        starts = np.cumsum([0, *(len(s.vertices) for s in self.skins)])
        faces = np.concatenate([s.faces + n for s, n in zip(self.skins, starts, strict=False)])
        vertices = np.concatenate([s.vertices for s in self.skins]) + np.float32(0)
        unique, same = np.unique(vertices, axis=0, return_inverse=True)
        f = same.reshape(-1)[faces].astype(np.int32)
        whole = (f[:, 0] != f[:, 1]) & (f[:, 1] != f[:, 2]) & (f[:, 2] != f[:, 0])
        return Mesh(np.ascontiguousarray(unique, np.float32), f[whole])


def read_model(path: Path) -> Model:
    """Raises `UnreadableFile` with the reason."""
    if not path.is_file():
        raise UnreadableFile(
            f"There is no model {path}; give a GLB, PLY, OBJ or STL file, or a project folder"
        )
    if path.suffix.lower() in {".glb", ".gltf"}:
        return read_gltf(path)
    if path.suffix.lower() not in {".ply", ".obj", ".stl"}:
        raise UnreadableFile(f"{path.name} is no GLB, PLY, OBJ or STL file; export it in one of these")
    if path.stat().st_size > _MAX_BYTES:
        raise UnreadableFile(f"{path.name} is larger than 4 GB; simplify it first")
    try:
        loaded = trimesh.load(path, process=False)
        geometry = loaded.to_geometry() if isinstance(loaded, trimesh.Scene) else loaded
    except Exception as error:  # trimesh raises whatever its readers meet
        raise UnreadableFile(f"{path.name} cannot be read; export it again as GLB or PLY") from error
    faces = np.asarray(getattr(geometry, "faces", np.zeros((0, 3))), np.int32)
    vertices = np.asarray(getattr(geometry, "vertices", np.zeros((0, 3))), np.float32)
    if not len(faces) or not np.isfinite(vertices).all() or faces.min() < 0 or faces.max() >= len(vertices):
        raise UnreadableFile(f"{path.name} holds no triangles that can be used; give a mesh")
    return Model(
        path.stem, (_of_trimesh(geometry, vertices, faces),), path.suffix.lower() == ".ply" and _metres(path)
    )


def read_gltf(path: Path) -> Model:
    """A file with errors is not read: `sculpt3d check` says which."""
    opened = open_gltf(path)
    if opened.document is None or opened.values is None:
        first = next(i for i in opened.report.issues if i.severity == "error")
        raise UnreadableFile(
            f"{path.name} is not sound ({first.where or 'file'}: {first.says}); see sculpt3d check"
        )
    skins = skins_of(opened)
    if not skins:
        raise UnreadableFile(
            f"{path.name} holds no triangles that can be read here; export it without compression"
        )
    extras = opened.document["asset"].get("extras")
    metric = not (isinstance(extras, dict) and extras.get("unit") == "no scale")
    return Model(path.stem, skins, metric, opened.report.provenance)


def skins_of(opened: Opened, start: Sequence[int] | None = None) -> tuple[Skin, ...]:
    """Of a sound file: what its default scene shows, or what hangs below the nodes `start`."""
    assert opened.document is not None and opened.values is not None
    parts = [p for p in world_parts(opened.document, opened.values, start) if len(p.faces)]
    pictures: dict[int, U8] = {}
    return tuple(_skin(opened, part, pictures) for part in parts)


def _skin(opened: Opened, part: Part, pictures: dict[int, U8]) -> Skin:
    faces = part.faces[:, ::-1] if part.mirrored else part.faces
    vertices = np.ascontiguousarray(part.vertices, np.float32)
    base = part.material.get("pbrMetallicRoughness", {}).get("baseColorTexture")
    picture = None if base is None or part.uv is None else _picture(opened, base["index"], pictures)
    uv = None if part.uv is None or picture is None else np.ascontiguousarray(part.uv, np.float32)
    maps = {}
    for name, slot in (("normal_map", "normalTexture"), ("ao", "occlusionTexture")):
        info = part.material.get(slot)
        same = (
            uv is not None
            and info is not None
            and base is not None
            and info.get("texCoord", 0) == base.get("texCoord", 0)
        )
        maps[name] = _picture(opened, info["index"], pictures) if info is not None and same else None
    return Skin(vertices, np.ascontiguousarray(faces, np.int32), uv, picture, **maps)


def _picture(opened: Opened, texture: int, pictures: dict[int, U8]) -> U8 | None:
    assert opened.document is not None and opened.resources is not None
    held = opened.document["textures"][texture]
    for holder in (held, *held.get("extensions", {}).values()):
        index = holder.get("source")
        image = None if index is None else opened.resources.images[index]
        if index is None or image is None or (image[1].mime == "image/ktx2" and not can_decode()):
            continue
        if index not in pictures:
            if image[1].width * image[1].height > MAX_TEXELS:
                raise UnreadableFile(
                    f"A texture of {image[1].width} x {image[1].height} is too large; reduce it"
                )
            try:
                pictures[index] = decode_ktx2(image[0]) if image[1].mime == "image/ktx2" else _rgb(image[0])
            except Exception as error:  # Pillow raises whatever its decoders meet
                raise UnreadableFile(f"A texture cannot be decoded ({error}); export it again") from error
        return pictures[index]
    return None


def _rgb(data: Bytes) -> U8:
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture.convert("RGB"))


def _of_trimesh(geometry: Any, vertices: Any, faces: Any) -> Skin:
    visual = geometry.visual
    material = getattr(visual, "material", None)
    picture = getattr(material, "baseColorTexture", None) or getattr(material, "image", None)
    uv = getattr(visual, "uv", None)
    if uv is not None and picture is not None:
        down = np.asarray(uv, np.float32) * [1, -1] + [0, 1]  # trimesh counts v from the bottom
        return Skin(vertices, faces, down.astype(np.float32), np.asarray(picture.convert("RGB")))
    colours = getattr(visual, "vertex_colors", None) if getattr(visual, "kind", None) else None
    if colours is not None and len(colours) == len(vertices):
        return Skin(vertices, faces, rgb=np.asarray(colours)[:, :3].astype(np.uint8))
    return Skin(vertices, faces)


def _metres(path: Path) -> bool:
    with open(path, "rb") as f:
        head = f.read(2048).split(b"end_header")[0]
    return b"metres" in head and b"no scale" not in head
