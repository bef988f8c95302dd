"""Any mesh in the frame of COLMAP cameras, coloured from their photos."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.console import Console
from pipelines.densify import images_of
from pipelines.parallel import memory_budget_gb, run_each, workers_within
from pipelines.photogrammetry import How
from pipelines.report import versions
from pipelines.workspace import Meter
from sculpt3d.errors import InputError
from sculpt3d.files import write_atomic
from sculpt3d.geometry import F64, Sim3
from sculpt3d.models.document import Document
from sculpt3d.models.notes import tell
from sculpt3d.progress import Each
from sculpt3d.texture.bake import TextureParams, bake_texture
from sculpt3d.types import Scene, TexturedMesh

STAGES = ("undistort", "texture", "model")
JPEG = 95  # 90: .3 dB and .1 delta E worse on fine-grained stone


def texture(
    mesh: Path, cameras: Path, out: Path, images: Path | None = None, masks: Path | None = None,
    params: TextureParams | None = None, how: How | None = None, console: Console | None = None,
) -> Mapping[str, Any]:  # fmt: skip
    """Write the GLB `out` and `out` with .report.json; frame and unit stay the mesh's, which must be the cameras'.

    Coordinates far from the origin are worked on about an offset, which becomes the GLB's node and stands in the report.
    """
    from sculpt3d.models.colmap import find_model
    from sculpt3d.models.read import read_document

    params, how, console = params or TextureParams(), how or How(), console or Console("quiet")
    if out.suffix.lower() != ".glb":
        raise InputError(f"{out.name} is no GLB; give a name that ends in .glb with -o")
    given = read_document(mesh)
    if not any(len(p.faces) for p in given.parts):
        raise InputError(f"{mesh.name} holds points but no triangles; give a mesh")
    if console.mode != "quiet":
        tell(given.notes)
    model = find_model(cameras)
    folder = images or images_of(cameras, model)
    work = out.with_name(f".{out.stem}.work")
    work.mkdir(parents=True, exist_ok=True)
    meter = Meter()
    console.plan(STAGES)
    try:
        scene, each, missing = _straightened(model, folder, masks, work, how, console)
        console.start("texture")
        made = bake_texture(given.surface(), near(scene, given.offset), params, each, console.tell)
        _done(console, "texture", meter)
        console.start("model")
        _write(out, made, given, params)
        _done(console, "model", meter)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    report = {
        "texture": facts(made),
        "cameras": {"views": len(scene.views), "without_photo": missing},
        "unit": _unit(given),
        **({"offset": given.offset.tolist()} if given.offset.any() else {}),
        "notes": list(given.notes),
        "delight": params.delight,
        "triangles": len(made.faces),
        "cost": meter.stop(),
        "versions": versions(),
    }
    write_atomic(out.with_suffix(".report.json"), json.dumps(report, indent=1).encode())
    return report


def facts(mesh: TexturedMesh) -> dict[str, Any]:
    """What report.json says of a texture."""
    return {
        "size": mesh.texture.shape[0],
        **{k: v if isinstance(v, int) else round(float(v), 4) for k, v in vars(mesh.facts).items() if k != "gains"},
        "gains": {name: [round(v, 4) for v in rgb] for name, rgb in mesh.facts.gains.items()},
    }  # fmt: skip


def _straightened(
    model: Path, folder: Path, masks: Path | None, work: Path, how: How, console: Console
) -> tuple[Scene, Each, list[str]]:
    """The scene of the photos that are there, without distortion, and the names of those that are not."""
    from sculpt3d.models.colmap import load_scene, read_model
    from sculpt3d.photos.masks import match_masks
    from sculpt3d.sfm.undistort import undistort

    found = read_model(model)
    names = sorted(str(found.images[i].name) for i in found.reg_image_ids())
    there = [n for n in names if (folder / n).is_file()]
    if not there:
        raise InputError(
            f"None of the model's {len(names)} photos is in {folder} (the first is {names[0] if names else '-'}); "
            "give their folder with --images"
        )
    missing = [n for n in names if n not in set(there)]
    if missing:
        console.say(f"{len(missing)} of the model's {len(names)} photos are not in {folder}: left out")
    if masks is not None:
        match_masks(masks, there)
    megapixels = max(c.width * c.height for c in found.cameras.values()) / 1e6
    each = run_each(workers_within(how.workers, memory_budget_gb(how.memory_gb), megapixels))
    meter = Meter()
    console.start("undistort")
    undistort(model, folder, work, masks, each, console.tell, there)
    _done(console, "undistort", meter)
    scene = load_scene(work)
    kept = set(there)
    return replace(scene, views=tuple(v for v in scene.views if v.name in kept)), each, missing


def near(scene: Scene, offset: F64) -> Scene:
    """The scene about `offset` (3,): large coordinates lose nothing, as they are taken off in double."""
    move = Sim3(1.0, np.eye(3), -offset)
    views = tuple(replace(v, cam_from_world=move.move_camera(v.cam_from_world)) for v in scene.views)
    return replace(scene, views=views, points=replace(scene.points, xyz=move.apply(scene.points.xyz)))


def _unit(given: Document) -> str:
    if given.unit_m is None:
        return "no scale"
    return "metre" if given.unit_m == 1 else f"{given.unit_m:g} metre"


def _write(out: Path, made: TexturedMesh, given: Document, params: TextureParams) -> None:
    from sculpt3d.models.glb_write import GltfInfo, write_glb

    extras: dict[str, Any] = {
        "frame": "of the COLMAP model",
        "unseen_share": round(made.facts.unseen_share, 4),
    }
    if params.delight:
        extras["delight"] = "ambient occlusion and low-frequency shading removed from the base colour"
    if given.unit_m not in {None, 1.0}:
        extras["metres_per_unit"] = given.unit_m
    x, y, z = (float(v) for v in given.offset)
    info = GltfInfo(given.name, metric=given.unit_m == 1, extras=extras, jpeg_quality=JPEG, offset=(x, y, z))
    write_glb(out, made, info)


def _done(console: Console, stage: str, meter: Meter) -> None:
    console.done(stage, meter.stop()["seconds"] - sum(console.finished.values()), False)
