"""COLMAP's files: models (binary or text) as scenes, and its depth, normal and cost map format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d._pycolmap import pycolmap
from sculpt3d.errors import InputError, UnreadableFile
from sculpt3d.files import put
from sculpt3d.geometry import F64, Rigid3, Sim3, far_centre
from sculpt3d.models.colmap_check import MAX_SIDE, check_files, check_model
from sculpt3d.models.colmap_find import find_model, text_names
from sculpt3d.models.residual_grid import copy_grids
from sculpt3d.types import Pinhole, Scene, SparsePoints, View


def read_model(path: Path) -> Any:
    """The `pycolmap.Reconstruction` at `find_model(path)`; checked, it may come from a stranger."""
    folder = find_model(path)
    check_files(folder)
    try:
        model = pycolmap.Reconstruction(str(folder))
    except (RuntimeError, ValueError, IndexError, MemoryError) as error:
        raise UnreadableFile(f"The COLMAP model in {folder} cannot be read; export it again") from error
    if not (folder / "images.bin").is_file():
        for image_id, name in text_names(folder).items():
            if image_id in model.images:
                model.images[image_id].name = name
    check_model(folder, model)
    return model


def far_offset(model: Any) -> F64:
    """A round place near the model where it lies far from the origin for its size, as UTM's coordinates do; else zero."""
    eyes = np.array([model.images[i].projection_center() for i in model.reg_image_ids()])
    return far_centre(eyes.min(0), eyes.max(0))


def load_scene(workspace: Path, masks: Path | None = None) -> Scene:
    """An undistorted workspace (images/, sparse/) as a scene in the model's own frame.

    Masks are taken from `masks`, else from `workspace/masks`, as `NAME.png`. Views come sorted by name.
    """
    model = read_model(workspace)
    folder = masks if masks is not None else workspace / "masks"
    images = sorted((model.images[i] for i in model.reg_image_ids()), key=lambda image: str(image.name))
    views = tuple(
        _view(image, model.cameras[image.camera_id], workspace / "images", folder) for image in images
    )
    number = {image.image_id: i for i, image in enumerate(images)}
    points = [model.points3D[i] for i in sorted(model.points3D)]
    tracks = [sorted({number[e.image_id] for e in p.track.elements if e.image_id in number}) for p in points]
    return Scene(
        views,
        SparsePoints(
            np.array([p.xyz for p in points], np.float64).reshape(-1, 3),
            np.array([p.error for p in points], np.float32),
            np.concatenate([[0], np.cumsum([len(t) for t in tracks])]).astype(np.int32),
            np.array([i for t in tracks for i in t], np.int32),
        ),
    )


def _view(image: Any, camera: Any, images: Path, masks: Path) -> View:
    name = str(image.name)
    if str(camera.model.name) not in {"PINHOLE", "SIMPLE_PINHOLE"}:
        raise InputError(f"{name} is not undistorted; run `sculpt3d densify` on the workspace")
    k = camera.calibration_matrix()
    pinhole = Pinhole(
        int(camera.width), int(camera.height), *(float(k[i]) for i in ((0, 0), (1, 1), (0, 2), (1, 2)))
    )
    mask = masks / f"{name}.png"
    return View(
        name,
        pinhole,
        Rigid3.from_matrix(image.cam_from_world().matrix()),
        images / name,
        mask if mask.is_file() else None,
    )


def transform_model(model: Path, out: Path, target_from_source: Sim3) -> None:
    """Write the model moved into another frame, in binary, to `out`."""
    moved = read_model(model)
    moved.transform(
        pycolmap.Sim3d(
            np.c_[target_from_source.scale * target_from_source.rotation, target_from_source.translation]
        )
    )
    out.mkdir(parents=True, exist_ok=True)
    moved.write(str(out))
    copy_grids(model, out)


def write_depth_map(path: Path, array: NDArray[Any]) -> None:
    """(H, W) or (H, W, C) float32 in COLMAP's map format: "W&H&C&", then channel by channel, row by row."""
    planes = np.asarray(array, np.float32).reshape(*array.shape[:2], -1)
    h, w, c = planes.shape
    temporary = path.with_name(f".{path.name}.part")
    with open(temporary, "wb") as f:
        f.write(f"{w}&{h}&{c}&".encode())
        f.write(np.ascontiguousarray(planes.transpose(2, 0, 1)).tobytes())
    put(temporary, path)


def read_depth_map(path: Path) -> NDArray[np.float32]:
    """What `write_depth_map` or COLMAP wrote, memory-mapped: (H, W) or (H, W, C)."""
    with open(path, "rb") as f:
        head = f.read(64)
    parts = head.split(b"&", 3)
    if len(parts) < 4 or not all(p.isdigit() for p in parts[:3]):
        raise UnreadableFile(f"{path.name} is not a COLMAP map; compute it again")
    w, h, c = (int(p) for p in parts[:3])
    start = sum(len(p) + 1 for p in parts[:3])
    if (
        not (0 < w < MAX_SIDE and 0 < h < MAX_SIDE and c in (1, 3))
        or path.stat().st_size != start + 4 * w * h * c
    ):
        raise UnreadableFile(f"{path.name} is cut short or broken; compute it again")
    planes = np.memmap(path, np.float32, "r", start, (c, h, w))
    return planes[0] if c == 1 else planes.transpose(1, 2, 0)


def camera_poses(model: Path) -> dict[str, Rigid3]:
    """cam_from_world by photo name."""
    found = read_model(model)
    return {
        str(found.images[i].name): Rigid3.from_matrix(found.images[i].cam_from_world().matrix())
        for i in found.reg_image_ids()
    }
