"""What is exported: a project of ours, or any finished model, with what is known of where it comes from."""

from __future__ import annotations

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
from sculpt3d.geometry import F64, Rigid3
from sculpt3d.models.document import Document, Material, Part, Texture
from sculpt3d.models.normals import with_normals
from sculpt3d.models.read import read_document
from sculpt3d.types import Mesh, Pinhole, View
from sculpt3d.webasset.poster import stand
from sculpt3d.webasset.second import Second, read_again

NO_PHOTO = Path(os.devnull)


@dataclass(frozen=True)
class Source:
    """document: all detail there is, local about its offset; parts: where the colours are, as local; full: the document's
    surface; measured: facts for the provenance packet; views: cameras to compare pictures from; second: what another reader
    makes of the same file, None where none knows it. Lengths are metres where `metric`. scale: of a unit of the file in them."""

    name: str
    document: Document
    full: Mesh
    parts: Sequence[Part]
    metric: bool
    credit: str = ""
    creator: str = ""
    date: str = ""
    measured: dict[str, Any] = field(default_factory=dict)
    is_project: bool = False
    views: Sequence[View] = ()
    second: Second | None = None
    notes: tuple[str, ...] = ()
    scale: float = 1.0

    @property
    def offset(self) -> F64:
        return self.document.offset

    def as_it_is(self, triangles: int, size: int) -> tuple[Part, ...] | None:
        """The parts of a finished model that is small enough: their own charts, factors and pictures. Colours that are only
        at vertices go into a picture, which every program shows."""
        if self.is_project or sum(len(p.faces) for p in self.parts) > triangles:
            return None
        if not all(_stands_alone(p, size) for p in self.parts):
            return None
        return tuple(_bare(p) for p in with_normals(replace(self.document, parts=tuple(self.parts))).parts)


def _stands_alone(part: Part, size: int) -> bool:
    texture = part.material.texture
    if texture is None or part.uv is None:
        return part.rgba is None
    return max(texture.pixels.shape[:2]) <= size and bool(np.isfinite(part.uv).all())


def _bare(part: Part) -> Part:
    """Without coordinates that no picture uses."""
    return replace(part, uv=None) if part.material.texture is None else part


def load_source(path: Path) -> Source:
    """A project folder, or a GLB, PLY, OBJ or STL file."""
    if path.is_dir():
        return _project(path)
    given = read_document(path)
    document, scale = in_metres(given)
    points = sum(len(p.vertices) for p in document.parts if not len(p.faces))
    surfaces = tuple(p for p in document.parts if len(p.faces))
    if not surfaces:
        raise UnreadableFile(
            f"{path.name} holds points but no surface; make one of them first, with sculpt3d densify or another program"
        )
    notes = document.notes + ((f"{points:,} points that are no surface are left out",) if points else ())
    document = replace(document, parts=surfaces)
    said = {str(k): v for k, v in document.provenance.items()}
    rights = str(said.get("dc:rights", said.get("copyright", "")))
    kept = {k.split(":", 1)[1]: v for k, v in said.items() if k.startswith("sculpt3d:")}
    name, day = str(said.get("dc:title", document.name)), str(said.get("dc:date", _day(path)))
    full = document.surface()
    return Source(
        name, document, full, surfaces, document.metric, rights, str(said.get("dc:creator", "")), day, kept,
        views=_around(full), second=read_again(path, document.offset, scale), notes=notes, scale=scale,
    )  # fmt: skip


def in_metres(document: Document) -> tuple[Document, float]:
    """glTF knows metres only: the document in them, and the factor."""
    unit = document.unit_m or 1.0
    if unit == 1.0:
        return document, 1.0
    parts = tuple(
        replace(p, vertices=(p.vertices * np.float64(unit)).astype(np.float32)) for p in document.parts
    )
    notes = (*document.notes, f"one unit was {unit:g} m; the files are in metres, attributes as they were")
    return replace(document, parts=parts, offset=document.offset * unit, unit_m=1.0, notes=notes), unit


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


def _project(folder: Path) -> Source:
    if not (folder / "mesh.ply").is_file() or not (folder / "model.glb").is_file():
        raise UnreadableFile(
            f"{folder} is no finished project; run sculpt3d reconstruct PHOTOS -o {folder} first"
        )
    document, coloured = read_document(folder / "mesh.ply"), read_document(folder / "model.glb")
    full = document.surface()
    report = json.loads((folder / "report.json").read_text("utf-8")) if (folder / "report.json").is_file() else {}
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
    parts = _uncompressed(folder, document.offset) or [
        _moved(p, coloured.offset - document.offset) for p in coloured.parts
    ]
    name = title_of(folder) or folder.resolve().name
    day, views = _day(folder / "mesh.ply"), _photos(folder) or _cameras(folder)
    views = [_moved_view(v, document.offset) for v in views] or _around(full)
    second, detail = (read_again(folder / n, document.offset) for n in ("model.glb", "mesh.ply"))
    if second is not None:
        second = None if detail is None else replace(second, detail=detail.parts)
    return Source(
        name,
        document,
        full,
        parts,
        metric,
        credit,
        credit,
        day,
        measured,
        True,
        views,
        second,
        document.notes,
    )


def _moved(part: Part, by: F64) -> Part:
    return replace(part, vertices=(part.vertices + by).astype(np.float32)) if by.any() else part


def _moved_view(view: View, offset: F64) -> View:
    """The same camera in coordinates about the offset."""
    local = Rigid3(view.cam_from_world.rotation, view.cam_from_world.apply(offset[None])[0])
    return replace(view, cam_from_world=local) if offset.any() else view


def title_of(folder: Path) -> str:
    """The object's name in the project's own model."""
    with open(folder / "model.glb", "rb") as f:
        head = f.read(20)
        text = json.loads(f.read(int.from_bytes(head[12:16], "little")))
    return str(text.get("nodes", [{}])[0].get("name", ""))


def _uncompressed(folder: Path, offset: F64) -> Sequence[Part]:
    """The texture as it was baked, before JPEG; () where the steps were deleted."""
    textures, places = (
        sorted(folder.glob("work/texture-*/texture.png")),
        sorted(folder.glob("work/place-*/place.json")),
    )
    if len(textures) != 1 or len(places) != 1:
        return ()
    mesh = load_textured(textures[0].parent, load_place(places[0].parent).world_from_sfm)
    material = Material(texture=Texture(mesh.texture, ("clamp", "clamp")))
    more = {"unseen": mesh.unseen.astype(np.uint8)}
    return (_moved(Part(mesh.vertices, mesh.faces, material, mesh.uv, attributes=more), -offset),)


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
