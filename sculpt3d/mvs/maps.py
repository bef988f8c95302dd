"""Depth, normal, cost and error maps on disk, in COLMAP's format and folders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from sculpt3d.models.colmap import read_depth_map
from sculpt3d.types import DepthMap, Scene

_FOLDERS = {"depth": "depth_maps", "normal": "normal_maps", "cost": "cost_maps", "error": "error_maps"}


def map_paths(out: Path, name: str) -> dict[str, Path]:
    """Where the maps of photo `name` lie, by depth, normal, cost and error; their folders are made."""
    paths = {key: out / "stereo" / folder / f"{name}.geometric.bin" for key, folder in _FOLDERS.items()}
    for path in paths.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    return paths


class DepthFolder(Mapping[str, DepthMap]):
    """The maps below `out/stereo`, read when asked for."""

    def __init__(self, out: Path, scene: Scene) -> None:
        self.out, self.names = out, tuple(v.name for v in scene.views)

    def __getitem__(self, name: str) -> DepthMap:
        paths = map_paths(self.out, name)
        return DepthMap(*(np.asarray(read_depth_map(paths[key])) for key in _FOLDERS))

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)
