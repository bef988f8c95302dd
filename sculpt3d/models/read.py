"""The one door for models: any file that is one, as a `Document`. docs/models.md says how to add a format."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sculpt3d.errors import UnreadableFile
from sculpt3d.models.colmap_points import find_points
from sculpt3d.models.document import Document
from sculpt3d.models.tidy import tidy

MAX_BYTES = 4_000_000_000
FORMATS = "GLB, glTF, PLY, OBJ or STL"
_GLTF, _PLY, _OBJ, _STL, _TABLE = "glTF", "PLY", "OBJ", "STL", "a table of points"
_KINDS = {
    **dict.fromkeys((".glb", ".gltf"), _GLTF),
    ".ply": _PLY,
    ".obj": _OBJ,
    ".stl": _STL,
    **dict.fromkeys((".xyz", ".asc", ".txt", ".csv", ".pts", ".xyzrgb", ".xyzn"), _TABLE),
}
_REMEDIES = {
    **dict.fromkeys((".las", ".laz", ".copc"), "a LAS cloud: convert it with CloudCompare or PDAL to PLY"),
    ".e57": "an E57 cloud: convert it with CloudCompare to PLY",
    **dict.fromkeys(
        (".pcd", ".ptx", ".bin"), "a point cloud of another kind: save it as PLY in CloudCompare"
    ),
    ".fbx": "an FBX scene: open it in Blender and export it as GLB",
    ".3ds": "a 3DS scene: open it in Blender or MeshLab and export it as GLB",
    ".dae": "a COLLADA scene: open it in Blender or MeshLab and export it as GLB",
    **dict.fromkeys(
        (".usdz", ".usd", ".usda", ".usdc"), "a USD scene: open it in Blender and export it as GLB"
    ),
    ".blend": "a Blender file: export it as GLB there",
    ".3mf": "a 3MF print: export it as STL or OBJ",
    ".max": "a 3ds Max file: export it as OBJ or GLB there",
    ".c4d": "a Cinema 4D file: export it as GLB there",
    ".ztl": "a ZBrush tool: export it as OBJ or PLY there",
    ".psx": "a Metashape project: export its model as OBJ or PLY there",
    ".off": "an OFF mesh: convert it with MeshLab to PLY",
    **dict.fromkeys((".wrl", ".x3d", ".vrml"), "a VRML or X3D scene: convert it with MeshLab to PLY or GLB"),
    **dict.fromkeys((".stp", ".step", ".igs", ".iges"), "a CAD model: export it as STL there"),
    **dict.fromkeys((".splat", ".ksplat", ".spz"), "a cloud of Gaussian splats: export it as PLY"),
}
_SIGNS = (
    (b"glTF", _GLTF),
    (b"ply\n", _PLY),
    (b"ply\r", _PLY),
    (b"LASF", ".las"),
    (b"ASTM-E57", ".e57"),
    (b"Kaydara FBX", ".fbx"),
    (b"PXR-USDC", ".usd"),
    (b"#usda", ".usd"),
    (b"BLENDER", ".blend"),
    (b"MM\x00", ".3ds"),
    (b"OFF\n", ".off"),
    (b"#VRML", ".wrl"),
    (b"# .PCD", ".pcd"),
    (b"ISO-10303", ".step"),
)


def read_document(path: Path) -> Document:
    """A model file, or a folder with a COLMAP model for its points. Raises `UnreadableFile` with the remedy. Files that a model
    names are read where they lie beside or below it only."""
    points = find_points(path)
    if points is None and not path.is_file():
        raise UnreadableFile(f"There is no model {path}; give a {FORMATS} file, or a project folder")
    file = path if points is None else points[0]
    if file.stat().st_size > MAX_BYTES:
        raise UnreadableFile(f"{file.name} is larger than {MAX_BYTES // 10**9} GB; simplify it first")
    if points is not None:
        from sculpt3d.models.colmap_points import read_points

        return tidy(_with_note(read_points(file), points[1]), file.name)
    kind, note = _kind(path)
    found = _reader(kind)(path)
    return tidy(_with_note(found, note), path.name)


def _kind(path: Path) -> tuple[str, str]:
    """What the file is by its name, else by its first bytes; with a note where these tell otherwise."""
    named, found = _KINDS.get(path.suffix.lower()), _sniffed(path)
    refused = _REMEDIES.get(found or "") or (_REMEDIES.get(path.suffix.lower()) if found is None else None)
    if refused:
        raise UnreadableFile(f"{path.name} is {refused}")
    if found is not None and found != named:
        return found, f"{path.name} is {found} in truth, and read as such"
    if named is None:
        raise UnreadableFile(f"{path.name} is no {FORMATS} file; export it in one of these")
    return named, ""


def _sniffed(path: Path) -> str | None:
    """The kind that the first bytes tell for sure: one that is read, or the suffix of one that is refused."""
    try:
        with open(path, "rb") as f:
            head = f.read(4096)
    except OSError as error:
        raise UnreadableFile(
            f"{path.name} cannot be read ({error.strerror}); check its permissions"
        ) from error
    sign = next((kind for sign, kind in _SIGNS if head.startswith(sign)), None)
    if sign is not None:
        return sign
    if head.startswith(b"PK\x03\x04"):
        return ".usdz" if b".usd" in head[:256] else ".3mf" if path.suffix.lower() == ".3mf" else None
    if head.lstrip()[:1] == b"{" and b'"asset"' in head:
        return _GLTF
    size = path.stat().st_size
    if len(head) >= 84 and size == 84 + 50 * int.from_bytes(head[80:84], "little") and size > 84:
        return _STL
    if re.match(rb"\s*solid\b[^\n]*\n\s*facet\s", head, re.IGNORECASE):
        return _STL
    if re.search(rb"^\s*v\s+[-+\d.]\S*\s+[-+\d.]\S*\s+[-+\d.]", head, re.MULTILINE) and b"\0" not in head:
        return _OBJ
    return None


def _reader(kind: str) -> Callable[[Path], Document]:
    if kind == _GLTF:
        from sculpt3d.models.gltf import read_gltf

        return read_gltf
    if kind == _PLY:
        from sculpt3d.models.ply_read import read_ply

        return read_ply
    if kind == _OBJ:
        from sculpt3d.models.obj import read_obj

        return read_obj
    if kind == _STL:
        from sculpt3d.models.stl import read_stl

        return read_stl
    from sculpt3d.models.tables import read_table

    return read_table


def _with_note(found: Document, note: str) -> Document:
    return replace(found, notes=(note, *found.notes)) if note else found
