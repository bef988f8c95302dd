"""The points of a COLMAP model, points3D.bin or points3D.txt, as a cloud: colours, reprojection error, photos that see each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sculpt3d.errors import UnreadableFile
from sculpt3d.models.colmap_check import check_points
from sculpt3d.models.colmap_find import choose_model, holds_model
from sculpt3d.models.document import Document, Part
from sculpt3d.types import F32, I32, U8

NAMES = ("points3D.bin", "points3D.txt")
_HEAD = np.dtype([("id", "<u8"), ("xyz", "<f8", 3), ("rgb", "u1", 3), ("error", "<f8"), ("views", "<u8")])


def find_points(path: Path) -> tuple[Path, str] | None:
    """The file of points where `path` is one, or a folder with COLMAP models; a sentence where there were several models. None
    for anything else."""
    if path.is_file():
        return (path, "") if path.name in NAMES else None
    folder, told = choose_model(path) if holds_model(path) else (path, "")
    found = next((folder / name for name in NAMES if (folder / name).is_file()), None)
    return None if found is None else (found, told)


def read_points(path: Path) -> Document:
    """Raises `UnreadableFile`."""
    xyz, rgb, error, views = _binary(path) if path.suffix == ".bin" else _text(path)
    if not len(xyz):
        raise UnreadableFile(f"{path.name} in {path.parent} holds no points; give a model that does")
    rgba = np.full((len(rgb), 4), 255, np.uint8)
    rgba[:, :3] = rgb
    part = Part(xyz, np.zeros((0, 3), np.int32), rgba=rgba, attributes={"error": error, "views": views})
    return Document(path.stem, (part,))


def _binary(path: Path) -> tuple[NDArray[np.float64], U8, F32, I32]:
    data = path.read_bytes()
    starts = check_points(data)
    if starts is None:
        raise UnreadableFile(f"{path.name} is cut short or broken; export the model again")
    rows = np.empty(len(starts), _HEAD)
    bytes_ = rows.view(np.uint8).reshape(len(starts), _HEAD.itemsize)
    whole = np.frombuffer(data, np.uint8)
    for k in range(0, len(starts), 1 << 16):
        bytes_[k : k + (1 << 16)] = whole[starts[k : k + (1 << 16), None] + np.arange(_HEAD.itemsize)]
    with np.errstate(over="ignore"):
        return (
            rows["xyz"].copy(),
            rows["rgb"].copy(),
            rows["error"].astype(np.float32),
            rows["views"].astype(np.int32),
        )


def _text(path: Path) -> tuple[NDArray[np.float64], U8, F32, I32]:
    """A line: id, x y z, r g b, error, then two numbers for each photo."""
    xyz, rgb, error, views = [], [], [], []
    with open(path, "rb") as lines:
        for number, line in enumerate(lines, 1):
            words = line.split()
            if not words or words[0].startswith(b"#"):
                continue
            try:
                values = [float(w) for w in words[1:8]]
                if len(values) < 7 or len(words) % 2:
                    raise ValueError
                codes = [int(v) for v in values[3:6]]
                if not all(0 <= c <= 255 for c in codes):
                    raise ValueError
            except (ValueError, OverflowError):
                raise UnreadableFile(
                    f"{path.name}: line {number} is no point; export the model again"
                ) from None
            xyz.append(values[:3])
            rgb.append(codes)
            error.append(values[6])
            views.append((len(words) - 8) // 2)
    return (
        np.array(xyz, np.float64).reshape(-1, 3),
        np.array(rgb, np.uint8).reshape(-1, 3),
        np.array(error, np.float32),
        np.array(views, np.int32),
    )
