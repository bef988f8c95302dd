"""Depth maps by pycolmap's CUDA PatchMatch, where the installed wheel and the machine have it."""

from __future__ import annotations

import os
import zlib  # noqa: F401  (pycolmap imported before zlib breaks zlib in the process)
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pycolmap
from numpy.typing import NDArray

from sculpt3d.io.colmap import read_depth_map, write_depth_map
from sculpt3d.types import Scene, View


def available() -> bool:
    """Whether the wheel was built with CUDA and a device is there."""
    return bool(pycolmap.has_cuda) and any(
        Path(device).exists() for device in ("/dev/nvidia0", "/dev/nvidiactl", "/dev/dxg")
    )


def estimate(
    scene: Scene, out: Path, max_image_size: int, wanted: Callable[[int], NDArray[np.bool_]]
) -> None:
    """Write `out/stereo` as the CPU kernel does. `wanted(i)` (H, W): pixels of view i inside its mask and the region.

    COLMAP gives no costs: a depth it kept after its geometric filter counts as agreed (cost 0).
    """
    workspace = _root(scene.views[0])
    for name in ("images", "sparse"):
        if not (out / name).exists():
            os.symlink((workspace / name).resolve(), out / name)
    names = [view.name for view in scene.views]
    for folder in ("depth_maps", "normal_maps", "consistency_graphs", "cost_maps"):
        (out / "stereo" / folder).mkdir(parents=True, exist_ok=True)
    (out / "stereo" / "patch-match.cfg").write_text("".join(f"{n}\n__auto__, 20\n" for n in names))
    (out / "stereo" / "fusion.cfg").write_text("\n".join(names) + "\n")
    options = pycolmap.PatchMatchOptions()
    options.max_image_size = max_image_size
    options.geom_consistency = True
    options.filter = True
    pycolmap.patch_match_stereo(out, options=options)
    for i, name in enumerate(names):
        _masked(out, name, wanted(i))


def _root(view: View) -> Path:
    """The workspace of an undistorted photo: the folder around images/."""
    return view.image.parents[len(Path(view.name).parts)]


def _masked(out: Path, name: str, wanted: NDArray[np.bool_]) -> None:
    paths = {k: out / "stereo" / f"{k}_maps" / f"{name}.geometric.bin" for k in ("depth", "normal", "cost")}
    depth = np.array(read_depth_map(paths["depth"]))
    keep = (depth > 0) & (wanted if wanted.shape == depth.shape else True)
    write_depth_map(paths["depth"], np.where(keep, depth, 0))
    paths["cost"].parent.mkdir(parents=True, exist_ok=True)
    write_depth_map(paths["cost"], np.where(keep, 0, 2).astype(np.float32))
