"""Models from strangers (GLB, glTF, PLY, OBJ, STL) through trimesh: bounded, and every failure an `UnreadableFile`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import trimesh

from sculpt3d.errors import UnreadableFile

SUFFIXES = {".glb", ".gltf", ".ply", ".obj", ".stl"}
MAX_BYTES = 4_000_000_000


def check_file(path: Path) -> None:
    """Raises `UnreadableFile` where `path` cannot be a model."""
    if not path.is_file():
        raise UnreadableFile(f"There is no model {path}; give a GLB, PLY, OBJ or STL file")
    if path.suffix.lower() not in SUFFIXES:
        raise UnreadableFile(f"{path.name} is no GLB, PLY, OBJ or STL file; export it in one of these")
    if path.stat().st_size > MAX_BYTES:
        raise UnreadableFile(
            f"{path.name} is larger than {MAX_BYTES // 10**9} GB; simplify it, then try again"
        )


def load_geometry(path: Path) -> Any:
    """One trimesh geometry with at least one vertex, all of them finite. Files it names outside its folder are not read."""
    check_file(path)
    try:
        loaded = trimesh.load(path, process=False)
        geometry = loaded.to_geometry() if isinstance(loaded, trimesh.Scene) else loaded
    except Exception as error:  # trimesh raises whatever its readers meet
        raise UnreadableFile(f"{path.name} cannot be read; export it again as GLB or PLY") from error
    if geometry is None or not len(getattr(geometry, "vertices", ())):
        raise UnreadableFile(f"{path.name} holds no surface and no points; export it again")
    check_numbers(path, np.asarray(geometry.vertices), np.asarray(getattr(geometry, "faces", ())))
    return geometry


def check_numbers(path: Path, vertices: Any, faces: Any) -> None:
    """Raises `UnreadableFile` where a vertex is no number that 32 bits hold, or a face points at none."""
    bad = int((~(np.abs(vertices) < 1e18)).any(1).sum())
    if bad:
        raise UnreadableFile(f"{path.name} has {bad} vertices that are not numbers; export it again")
    if faces.size and not 0 <= faces.min() <= faces.max() < len(vertices):
        raise UnreadableFile(f"{path.name} has triangles that point outside it; export it again")
