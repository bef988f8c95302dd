"""How a run is done: presets that decide the result, and what does not."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sculpt3d.errors import InputError

PRESETS = Path(__file__).parent / "presets"


@dataclass(frozen=True)
class Preset:
    """max_features a photo; max_image_size of depth maps, px; fast_depth: fewer sweeps; surface_depth: octree levels;
    triangles and texture_size of the web model; refine_cameras with dense matches: "weak" (where SIFT's tie points left
    them uncertain) or "always"."""

    max_features: int
    max_image_size: int
    surface_depth: int
    triangles: int
    texture_size: int
    refine_cameras: Literal["weak", "always"] = "weak"
    fast_depth: bool = False


def load_preset(name: str) -> Preset:
    path = PRESETS / f"{name}.toml"
    if not path.is_file():
        raise InputError(
            f"There is no preset {name}; use one of {', '.join(sorted(p.stem for p in PRESETS.glob('*.toml')))}"
        )
    return Preset(**tomllib.loads(path.read_text("utf-8")))


@dataclass(frozen=True)
class How:
    """What does not change the result: workers, memory (GB; None = 70 % of what is free), where progress goes."""

    workers: int = os.cpu_count() or 1
    memory_gb: float | None = None
