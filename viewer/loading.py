"""Any GLB, PLY, OBJ or STL (or a project folder) as arrays for the graphics card."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sculpt3d.errors import UnreadableFile
from sculpt3d.models.interchange import check_file, check_numbers, load_geometry
from sculpt3d.models.ply import read_cloud, read_elements, read_mesh
from sculpt3d.surface.topology import vertex_normals
from sculpt3d.types import F32, I32, U8

_MAX_TEXTURE = 16384


@dataclass(frozen=True)
class Model:
    """faces (F, 3), or (0, 3) for a cloud. `unit_m`: metres a unit, None = no scale."""

    name: str
    vertices: F32
    normals: F32
    faces: I32
    uv: F32 | None
    texture: U8 | None
    rgb: U8 | None
    unit_m: float | None


def load(path: Path) -> Model:
    """Raises `UnreadableFile` with the remedy."""
    if path.is_dir():
        path = path / "model.glb"
    check_file(path)
    if path.suffix.lower() == ".ply":
        try:
            return _ply(path)
        except UnreadableFile:  # ASCII, quads, big-endian: slower, but read
            pass
    return _by_trimesh(path)


def _ply(path: Path) -> Model:
    unit = 1.0 if b"metres" in _head(path) and b"no scale" not in _head(path) else None
    if "face" in read_elements(path) and len(read_elements(path)["face"]):
        mesh = read_mesh(path)
        check_numbers(path, mesh.vertices, mesh.faces)
        return _model(path, mesh.vertices, None, mesh.faces, rgb=mesh.rgb, unit=unit)
    cloud = read_cloud(path)
    return _model(path, cloud.xyz, cloud.normal, np.zeros((0, 3), np.int32), rgb=cloud.rgb, unit=unit)


def _head(path: Path) -> bytes:
    with open(path, "rb") as f:
        return f.read(2048).split(b"end_header")[0]


def _by_trimesh(path: Path) -> Model:
    geometry = load_geometry(path)
    faces = np.asarray(getattr(geometry, "faces", np.zeros((0, 3))), np.int32).reshape(-1, 3)
    uv, texture, rgb = _colours(geometry)
    unit = 1.0 if path.suffix.lower() in {".glb", ".gltf"} and not _says_no_scale(path) else None
    return _model(path, np.asarray(geometry.vertices, np.float32), None, faces, uv, texture, rgb, unit)


def _colours(geometry: Any) -> tuple[F32 | None, U8 | None, U8 | None]:
    visual = getattr(geometry, "visual", None)
    uv = getattr(visual, "uv", None)
    material = getattr(visual, "material", None)
    picture = getattr(material, "baseColorTexture", None) or getattr(material, "image", None)
    if uv is not None and picture is not None:
        if max(picture.size) > _MAX_TEXTURE:
            picture = picture.resize((_MAX_TEXTURE, _MAX_TEXTURE))
        flipped = np.asarray(uv, np.float32) * [1, -1] + [0, 1]  # trimesh counts v from the bottom
        return flipped.astype(np.float32), np.asarray(picture.convert("RGB")), None
    colours = getattr(visual, "vertex_colors", None)
    if colours is not None and len(colours) == len(geometry.vertices) and getattr(visual, "kind", None):
        return None, None, np.asarray(colours)[:, :3].astype(np.uint8)
    return None, None, None


def _says_no_scale(path: Path) -> bool:
    """A GLB of ours says so in asset.extras.unit."""
    try:
        with open(path, "rb") as f:
            head = f.read(20)
            if head[:4] != b"glTF":
                return False
            size = min(struct.unpack("<I", head[12:16])[0], 50_000_000)
            text = json.loads(f.read(size))
        return bool(text.get("asset", {}).get("extras", {}).get("unit") == "no scale")
    except (OSError, ValueError, struct.error, AttributeError):
        return False


def _model(path: Path, vertices: F32, normals: F32 | None, faces: I32, uv: F32 | None = None,
           texture: U8 | None = None, rgb: U8 | None = None, unit: float | None = None) -> Model:  # fmt: skip
    if not len(vertices):
        raise UnreadableFile(f"{path.name} holds no surface and no points; export it again")
    check_numbers(path, vertices, faces)
    if normals is None:
        normals = vertex_normals(vertices, faces) if len(faces) else np.zeros_like(vertices)
    return Model(
        path.resolve().parent.name if path.stem == "model" else path.stem,  # a project's model bears its name
        np.ascontiguousarray(vertices, np.float32),
        normals,
        np.ascontiguousarray(faces, np.int32),
        uv,
        texture,
        rgb,
        unit,
    )
