"""What is exported: a project of ours, or any finished model, with what is known of where it comes from."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.artifacts import load_place, load_textured
from sculpt3d.errors import UnreadableFile
from sculpt3d.geometry import Rigid3
from sculpt3d.models.finished import Model, read_gltf, read_model
from sculpt3d.models.ply import read_mesh
from sculpt3d.surface.topology import vertex_normals
from sculpt3d.types import Mesh, Pinhole, View
from sculpt3d.webasset.maps import Asset
from sculpt3d.webasset.poster import stand
from sculpt3d.webasset.skins import Skin
from sculpt3d.webasset.tangents import tangents

NO_PHOTO = Path(os.devnull)


@dataclass(frozen=True)
class Source:
    """full: all detail there is; skins: where the colours are; measured: facts for the provenance packet; views: cameras to
    compare pictures from, in the model's frame."""

    name: str
    full: Mesh
    skins: Sequence[Skin]
    metric: bool
    credit: str = ""
    creator: str = ""
    date: str = ""
    measured: dict[str, Any] = field(default_factory=dict)
    is_project: bool = False
    views: Sequence[View] = ()

    def as_it_is(self, triangles: int, size: int) -> Asset | None:
        """A finished model that is small enough keeps its own charts and texture."""
        skin = self.skins[0]
        if self.is_project or len(self.skins) > 1 or skin.texture is None or skin.uv is None:
            return None
        square = skin.texture.shape[0] == skin.texture.shape[1] <= size
        if len(skin.faces) > triangles or not square or skin.uv.min() < -1e-4 or skin.uv.max() > 1.0001:
            return None
        normals, uv = _smooth(skin), np.clip(skin.uv, 0, 1)
        along = None if skin.normal_map is None else tangents(skin.vertices, normals, skin.faces, uv)
        return Asset(skin.vertices, normals, skin.faces, uv, skin.texture, along, skin.normal_map, skin.ao)


def load_source(path: Path) -> Source:
    """A project folder, or a GLB, PLY, OBJ or STL file."""
    if path.is_dir():
        return _project(path)
    model = read_model(path)
    said = {str(k): v for k, v in model.provenance.items()}
    rights = str(said.get("dc:rights", said.get("copyright", "")))
    kept = {k.split(":", 1)[1]: v for k, v in said.items() if k.startswith("sculpt3d:")}
    name, day = str(said.get("dc:title", model.name)), str(said.get("dc:date", _day(path)))
    creator = str(said.get("dc:creator", ""))
    whole = _whole(path, model)
    return Source(name, whole, model.skins, model.metric, rights, creator, day, kept, views=_around(whole))


def source_files(path: Path) -> dict[str, Path]:
    """All files that an export's bytes follow from, by name."""
    if path.is_dir():
        names = ("mesh.ply", "model.glb", "report.json", "cameras/images.bin")
        steps = [*path.glob("work/texture-*/texture.png"), *path.glob("work/texture-*/charts.npz")]
        found = [
            p
            for p in [*(path / n for n in names), *steps, *path.glob("work/place-*/place.json")]
            if p.is_file()
        ]
        return {str(p.relative_to(path)): p for p in found}
    beside = (
        path.parent.iterdir() if path.suffix.lower() in {".gltf", ".obj"} else [path]
    )  # they name other files
    return {p.name: p for p in beside if p.is_file()}


def _whole(path: Path, model: Model) -> Mesh:
    """With `filled`, where the file is a PLY of ours."""
    if path.suffix.lower() == ".ply":
        with contextlib.suppress(UnreadableFile, ValueError):
            return read_mesh(path)
    return model.welded()


def _project(folder: Path) -> Source:
    if not (folder / "mesh.ply").is_file() or not (folder / "model.glb").is_file():
        raise UnreadableFile(
            f"{folder} is no finished project; run sculpt3d reconstruct PHOTOS -o {folder} first"
        )
    full, coloured = read_mesh(folder / "mesh.ply"), read_gltf(folder / "model.glb")
    report = json.loads((folder / "report.json").read_text()) if (folder / "report.json").is_file() else {}
    credit = str(coloured.provenance.get("copyright", ""))
    photos = sorted(folder.glob("work/photos-*/images/*"))
    measured = {
        "photoCount": report.get("photos", {}).get("registered"),
        "photoDigest": _digest(photos) if photos else None,
        "scaleSource": report.get("scale", {}).get("source"),
        "gsdMillimetres": report.get("gsd_mm"),
        "software": ", ".join(f"{k} {v}" for k, v in report.get("versions", {}).items()) or None,
    }
    metric = bool(report.get("scale", {}).get("metric", coloured.metric))
    skins = _uncompressed(folder) or coloured.skins
    name = title_of(folder) or folder.resolve().name
    day, views = _day(folder / "mesh.ply"), _photos(folder) or _cameras(folder) or _around(full)
    return Source(name, full, skins, metric, credit, credit, day, measured, True, views)


def title_of(folder: Path) -> str:
    """The object's name in the project's own model."""
    with open(folder / "model.glb", "rb") as f:
        head = f.read(20)
        text = json.loads(f.read(int.from_bytes(head[12:16], "little")))
    return str(text.get("nodes", [{}])[0].get("name", ""))


def _uncompressed(folder: Path) -> Sequence[Skin]:
    """The texture as it was baked, before JPEG; () where the steps were deleted."""
    textures, places = (
        sorted(folder.glob("work/texture-*/texture.png")),
        sorted(folder.glob("work/place-*/place.json")),
    )
    if len(textures) != 1 or len(places) != 1:
        return ()
    mesh = load_textured(textures[0].parent, load_place(places[0].parent).world_from_sfm)
    return (Skin(mesh.vertices, mesh.faces, mesh.uv, mesh.texture),)


def _photos(folder: Path) -> Sequence[View]:
    """The undistorted photos with their cameras; () where the steps were deleted."""
    flat, places = sorted(folder.glob("work/undistort-*")), sorted(folder.glob("work/place-*/place.json"))
    if len(flat) != 1 or len(places) != 1:
        return ()
    from sculpt3d.models.colmap import load_scene

    move = load_place(places[0].parent).world_from_sfm
    return [replace(v, cam_from_world=move.move_camera(v.cam_from_world)) for v in load_scene(flat[0]).views]


def _cameras(folder: Path) -> Sequence[View]:
    """The project's cameras, without photos and lens distortion."""
    if not (folder / "cameras").is_dir():
        return ()
    from sculpt3d.models.colmap import read_model as read_cameras

    model = read_cameras(folder / "cameras")
    images = sorted((model.images[i] for i in model.reg_image_ids()), key=lambda image: str(image.name))
    views = []
    for image in images:
        camera, pose = model.cameras[image.camera_id], image.cam_from_world()
        k = camera.calibration_matrix()
        lens = Pinhole(camera.width, camera.height, k[0, 0], k[1, 1], k[0, 2], k[1, 2])
        matrix = Rigid3.from_matrix(pose.matrix())
        views.append(View(str(image.name), lens, matrix, NO_PHOTO))
    return views


def _around(mesh: Mesh) -> Sequence[View]:
    """Four cameras around a model of which no photos are known."""
    sides = (stand(mesh.vertices, 320, 320, np.pi / 2 * k) for k in range(4))
    return [View(str(k), camera, pose, NO_PHOTO) for k, (camera, pose) in enumerate(sides)]


def _digest(photos: Sequence[Path]) -> str:
    """sha256 of the photos' names and contents, in the order of the names."""
    total = hashlib.sha256()
    for photo in photos:
        total.update(f"{photo.name} {hashlib.sha256(photo.read_bytes()).hexdigest()}\n".encode())
    return "sha256:" + total.hexdigest()


def _day(path: Path) -> str:
    return datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.UTC).date().isoformat()


def _smooth(skin: Skin) -> Any:
    """(V, 3) vertex normals across the charts' borders."""
    unique, same = np.unique(skin.vertices, axis=0, return_inverse=True)
    return vertex_normals(unique, same.reshape(-1)[skin.faces].astype(np.int32))[same.reshape(-1)]
