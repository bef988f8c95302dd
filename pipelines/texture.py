"""Any mesh in the frame of COLMAP cameras, coloured from their photos."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.console import Console
from pipelines.parallel import memory_budget_gb, run_each, workers_within
from pipelines.report_facts import versions
from pipelines.settings import How
from pipelines.workspace import Meter
from pipelines.workspace_photos import ModelPhotos, photos_of_model
from sculpt3d.align import about, with_photos
from sculpt3d.errors import InputError
from sculpt3d.files import write_atomic
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
    number: int | None = None, invert_masks: bool | None = None,
) -> Mapping[str, Any]:  # fmt: skip
    """Write the GLB `out` and `out` with .report.json; frame and unit stay the mesh's, which must be the cameras'.

    Coordinates far from the origin are worked on about an offset, which becomes the GLB's node and stands in the report.
    """
    from sculpt3d.models.read import read_document
    from sculpt3d.sfm.undistort import notes_of

    params, how, console = params or TextureParams(), how or How(), console or Console("quiet")
    if out.suffix.lower() != ".glb":
        raise InputError(f"{out.name} is no GLB; give a name that ends in .glb with -o")
    given = read_document(mesh)
    if not any(len(p.faces) for p in given.parts):
        raise InputError(f"{mesh.name} holds points but no triangles; give a mesh")
    if console.mode != "quiet":
        tell(given.notes)
    shots = photos_of_model(cameras, images, masks, number, invert_masks)
    for sentence in shots.notes:
        console.say(f"note: {sentence}")
    work = out.with_name(f".{out.stem}.work")
    work.mkdir(parents=True, exist_ok=True)
    meter = Meter()
    console.plan(STAGES)
    try:
        scene, each = _straightened(shots, work, how, console)
        of_photos = notes_of(work)
        for sentence in of_photos:
            console.say(f"note: {sentence}")
        console.start("texture")
        made = bake_texture(given.surface(), about(scene, given.offset), params, each, console.tell)
        _done(console, "texture", meter)
        console.start("model")
        _write(out, made, given, params)
        _done(console, "model", meter)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    report = {
        "texture": facts(made),
        "cameras": {"views": len(scene.views), "without_photo": list(shots.missing), "model": shots.model.name},
        "unit": _unit(given),
        **({"offset": given.offset.tolist()} if given.offset.any() else {}),
        "notes": [*given.notes, *shots.notes, *of_photos],
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


def _straightened(shots: ModelPhotos, work: Path, how: How, console: Console) -> tuple[Scene, Each]:
    """The scene of the photos that are there, without distortion."""
    from sculpt3d.models.colmap import load_scene
    from sculpt3d.sfm.undistort import undistort

    each = run_each(workers_within(how.workers, memory_budget_gb(how.memory_gb), max(shots.megapixels)))
    meter = Meter()
    console.start("undistort")
    undistort(shots.model, shots.folder, work, shots.masks, each, console.tell, set(shots.names))
    _done(console, "undistort", meter)
    return with_photos(load_scene(work)), each


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
