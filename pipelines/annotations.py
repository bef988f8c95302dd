"""`annotations.json` of a project, or NAME.annotations.json beside a model: points with words, shown on the page.

    {"annotations": [{"position": [0.01, 0.32, 0.08], "title": "Left hand", "text": "Restored in 1902."}]}

position: in the model's frame and unit (metres, +Y up); title: up to 120 characters; text: up to 2000, may be left out.
The file may come from a stranger: sizes are bounded, and what it says is only ever shown as text.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sculpt3d.errors import UnreadableFile
from sculpt3d.types import Mesh
from sculpt3d.webasset.distance import Surface

MAX_BYTES, MAX_COUNT, MAX_TITLE, MAX_TEXT = 1_000_000, 100, 120, 2000
ROOM = 0.5  # of the model's size: how far from it a point may lie


@dataclass(frozen=True)
class Annotation:
    """position and outward normal in the model's frame. colour: #rrggbb, empty for the page's own."""

    position: tuple[float, float, float]
    normal: tuple[float, float, float]
    title: str
    text: str
    colour: str = ""


def annotations_of(source: Path) -> Path:
    """Where the annotations of a project or model lie, if it has any."""
    name = "annotations.json"
    return source / name if source.is_dir() else source.with_name(f"{source.stem}.{name}")


def read_annotations(path: Path, mesh: Mesh, surface: Surface) -> Sequence[Annotation]:
    """() where there is no file. `surface`: of `mesh`; it gives the normals. Raises `UnreadableFile`."""
    if not path.is_file():
        return ()
    if path.stat().st_size > MAX_BYTES:
        raise UnreadableFile(f"{path.name} is larger than 1 MB; shorten it")
    try:
        listed = json.loads(path.read_bytes())["annotations"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnreadableFile(f'{path.name} is no JSON like {{"annotations": [...]}}; correct it') from error
    if not isinstance(listed, list) or len(listed) > MAX_COUNT:
        raise UnreadableFile(f"{path.name} needs a list of at most {MAX_COUNT} annotations")
    low, high = mesh.vertices.min(0), mesh.vertices.max(0)
    room = ROOM * float((high - low).max())
    found = []
    for number, entry in enumerate(listed, 1):
        position, title, text = _entry(entry, f"Annotation {number} in {path.name}")
        if (position < low - room).any() or (position > high + room).any():
            raise UnreadableFile(
                f"Annotation {number} in {path.name} lies far from the model; correct its position"
            )
        face = surface.closest(position[None])[0][0]
        a, b, c = mesh.vertices[mesh.faces[face]].astype(np.float64)
        out = np.cross(b - a, c - a)
        out /= max(float(np.linalg.norm(out)), 1e-30)
        found.append(Annotation(_three(position), _three(out), title, text))
    return found


def _entry(entry: Any, which: str) -> tuple[np.ndarray, str, str]:
    try:
        position = np.array([float(v) for v in entry["position"]])
        title, text = entry["title"], entry.get("text", "")
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UnreadableFile(f'{which} needs a "position" of three numbers and a "title"') from error
    if position.shape != (3,) or not np.isfinite(position).all():
        raise UnreadableFile(f'{which} needs a "position" of three numbers and a "title"')
    if (
        not isinstance(title, str)
        or not isinstance(text, str)
        or not 0 < len(title) <= MAX_TITLE
        or len(text) > MAX_TEXT
    ):
        raise UnreadableFile(
            f"{which}: a title has up to {MAX_TITLE} characters, a text up to {MAX_TEXT}; shorten them"
        )
    return position, title, text


def _three(v: np.ndarray) -> tuple[float, float, float]:
    return float(v[0]), float(v[1]), float(v[2])
