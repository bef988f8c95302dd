"""Depth maps by pycolmap's CUDA PatchMatch, where the installed wheel and the machine have it."""

from __future__ import annotations

import os
import zlib  # noqa: F401  (pycolmap imported before zlib breaks zlib in the process)
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pycolmap
from numpy.typing import NDArray

from sculpt3d.models.colmap import read_depth_map, write_depth_map
from sculpt3d.mvs.maps import map_paths
from sculpt3d.mvs.neighbours import Neighbours
from sculpt3d.mvs.pyramid import Pyramid
from sculpt3d.types import View


def available() -> bool:
    """Whether the wheel was built with CUDA and a device is there."""
    return bool(pycolmap.has_cuda) and any(
        Path(device).exists() for device in ("/dev/nvidia0", "/dev/nvidiactl", "/dev/dxg")
    )


def estimate(pyramid: Pyramid, neighbours: tuple[Neighbours, ...], out: Path, max_image_size: int) -> None:
    """Write `out/stereo` as the CPU kernel does.

    COLMAP gives neither costs nor errors: a depth it kept after its geometric filter counts as agreed (cost 0), its error
    as a third of a pixel of matching.
    """
    scene = pyramid.scene
    workspace = _root(scene.views[0])
    for name in ("images", "sparse"):
        if not (out / name).exists():
            os.symlink((workspace / name).resolve(), out / name)
    names = [view.name for view in scene.views]
    for folder in ("depth_maps", "normal_maps", "consistency_graphs", "cost_maps"):
        (out / "stereo" / folder).mkdir(parents=True, exist_ok=True)
    (out / "stereo" / "patch-match.cfg").write_text("".join(f"{n}\n__auto__, 20\n" for n in names), "utf-8")
    (out / "stereo" / "fusion.cfg").write_text("\n".join(names) + "\n", "utf-8")
    options = pycolmap.PatchMatchOptions()
    options.max_image_size = max_image_size
    options.geom_consistency = True
    options.filter = True
    pycolmap.patch_match_stereo(out, options=options)
    for i, name in enumerate(names):
        angle = np.radians(np.clip(np.median(neighbours[i].angle_deg[:4] or [10.0]), 3, 40))
        error = 0.33 / (pyramid.cameras[i].fx * np.sin(angle))
        _complete(map_paths(out, name), pyramid.wanted_whole(i), float(error))


def _root(view: View) -> Path:
    """The workspace of an undistorted photo: the folder around images/."""
    return view.image.parents[len(Path(view.name).parts)]


def _complete(paths: Mapping[str, Path], wanted: NDArray[np.bool_], relative_error: float) -> None:
    depth = np.array(read_depth_map(paths["depth"]))
    keep = (depth > 0) & (wanted if wanted.shape == depth.shape else True)
    depth = np.where(keep, depth, 0)
    write_depth_map(paths["depth"], depth)
    write_depth_map(paths["error"], depth * relative_error)
    write_depth_map(paths["cost"], np.where(keep, 0, 2).astype(np.float32))
