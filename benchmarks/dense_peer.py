"""Another engine from PyPI on the same cameras: `pyarchinit-photogrammetry`, with its native core, in its own environment.

It is GPL, so it runs as a program of its own and only files pass between us: its project (JSON), its COLMAP model, its cloud.
It takes true cameras in this way only: a new project in which each photo is given its pose. Both its depth maps without a
GPU are run: two-view SGBM at full size, which finds next to nothing at 45 degrees between photos, and PatchMatch as it comes,
at a quarter of the side (full size is 16 times that area, and cost).
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
from dense_runs import Run, apart
from dense_sets import DenseSet

BACKENDS = {"peer sgbm": ("cpu", "ultra"), "peer pm": ("patchmatch", "medium")}


def peer_run(python: Path, one: DenseSet, setting: str, out: Path) -> Run | None:
    """None, and a sentence, where it fails."""
    try:
        return apart(_run, python, one, setting, out)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired, OSError, KeyError) as error:
        print(f"{one.name} {setting}: the peer did not finish ({error})"[:200], flush=True)
        return None


def _run(python: Path, one: DenseSet, setting: str, out: Path) -> Run:
    out.mkdir(parents=True)
    project = out / "peer.ppg"
    backend, quality = BACKENDS[setting]
    _call(python, "new", project)
    _call(python, "add-photos", project, one.photos)
    _give_cameras(one, project)
    before, start = _core_seconds(), time.monotonic()
    _call(python, "dense", project, "--backend", backend, "--quality", quality, "--gpu", "off")
    core_seconds, seconds = _core_seconds() - before, time.monotonic() - start
    made = _data(project) / "point_cloud.ply"
    made.replace(out / "cloud.ply")
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
    points = next(
        int(line.split()[2])
        for line in (out / "cloud.ply").read_bytes()[:2000].split(b"\n")
        if line.startswith(b"element vertex")
    )
    return Run(out, core_seconds, core_seconds, seconds, None, peak_mb, points, f"{backend} {quality}")


def _give_cameras(one: DenseSet, project: Path) -> None:
    """Its OPENCV lens and world_from_cam poses into the project and a COLMAP model beside it."""
    from sculpt3d._pycolmap import pycolmap
    from sculpt3d.models.colmap import read_model

    model = read_model(one.model)
    for camera in model.cameras.values():
        camera.params = _opencv(camera)
        camera.model = pycolmap.CameraModelId.OPENCV
    folder = _data(project) / "sfm" / "model"
    folder.mkdir(parents=True, exist_ok=True)
    model.write(str(folder))
    images = {str(model.images[i].name): model.images[i] for i in model.reg_image_ids()}
    document = json.loads(project.read_text())
    chunk = document["chunks"][0]
    for camera in chunk["cameras"]:
        image = images[Path(camera["path"]).name]
        world_from_cam = np.vstack([image.cam_from_world().inverse().matrix(), [0, 0, 0, 1]])
        camera["transform"] = world_from_cam.tolist()
    for sensor in chunk["sensors"]:
        lens = next(iter(model.cameras.values()))
        sensor |= {"model": "OPENCV", "params": list(map(float, lens.params))}
        sensor["width"], sensor["height"] = int(lens.width), int(lens.height)
    names = {str(c["key"]): Path(c["path"]).name for c in chunk["cameras"]}
    chunk.setdefault("products", {})["reconstruction"] = "sfm/model"
    chunk.setdefault("meta", {})["sfm"] = {"image_root": str(one.photos), "names": names}
    project.write_text(json.dumps(document))


def _opencv(camera: Any) -> list[float]:
    """fx fy cx cy k1 k2 p1 p2 of a lens without tangential distortion."""
    k = camera.calibration_matrix()
    names = [n.strip() for n in str(camera.params_info).split(",")]
    radial = [float(camera.params[names.index(n)]) if n in names else 0.0 for n in ("k1", "k2")]
    if names[-1] == "k":
        radial[0] = float(camera.params[-1])
    return [k[0, 0], k[1, 1], k[0, 2], k[1, 2], *radial, 0.0, 0.0]


def _data(project: Path) -> Path:
    return project.with_name(f"{project.name}.files") / "chunk_0"


def _call(python: Path, *arguments: str | Path) -> None:
    command = [str(python), "-m", "pyarchinit_photogrammetry", *map(str, arguments)]
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=3 * 3600
    )


def _core_seconds() -> float:
    return float(sum(os.times()[2:4]))
