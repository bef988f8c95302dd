"""Compile the stereo kernels ahead of need: `python -m sculpt3d.mvs.warm`, while photos are matched.

Compiling takes 10 core-seconds once for each version of the sources; the result is kept in the user's cache.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from sculpt3d._kernels import cache_folder
from sculpt3d.system import Child


def warm_in_background() -> None:
    """Start compiling in a child process unless it has been done."""
    if not _mark().exists():
        quiet = subprocess.DEVNULL
        Child([sys.executable, "-m", "sculpt3d.mvs.warm"], stdout=quiet, stderr=quiet)


def compile_all(folder: Path) -> int:
    """Run every kernel once, on three tiny photos of a speckled wall in `folder`; the number of points found."""
    from PIL import Image

    from sculpt3d.geometry import Rigid3
    from sculpt3d.mvs.depth import estimate_depths
    from sculpt3d.mvs.fusion import fuse
    from sculpt3d.types import Pinhole, Scene, SparsePoints, View

    camera = Pinhole(64, 48, 60.0, 60.0, 32.0, 24.0)
    speckle = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    views = []
    for i in range(3):  # 0.2 aside, the wall 2 away: 6 pixels
        path = folder / f"{i}.png"
        Image.fromarray(np.roll(speckle, -6 * i, axis=1)).save(path)
        views.append(View(path.name, camera, Rigid3(np.eye(3), np.array([-0.2 * i, 0, 0])), path))
    wall = np.stack(np.meshgrid(np.linspace(-0.5, 0.9, 12), np.linspace(-0.7, 0.7, 12)), -1).reshape(-1, 2)
    points = SparsePoints(
        np.c_[wall, np.full(len(wall), 2.0)],
        np.zeros(len(wall), np.float32),
        np.arange(0, 3 * len(wall) + 1, 3, dtype=np.int32),
        np.tile(np.arange(3, dtype=np.int32), len(wall)),
    )
    scene = Scene(tuple(views), points)
    return len(fuse(scene, estimate_depths(scene, folder / "out"), folder / "fusion").xyz)


def _mark() -> Path:
    return cache_folder() / "warm"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        compile_all(Path(name))
    _mark().touch()
