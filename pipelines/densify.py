"""Dense stereo and fusion on a COLMAP workspace that exists already, in its own frame and unit."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.artifacts import scene_of
from pipelines.console import Console
from pipelines.dense import depth_step, fusion_step, how_found, object_step, stereo_cost
from pipelines.opening import keep_short
from pipelines.parallel import memory_budget_gb, run_each, workers_within
from pipelines.report_facts import versions
from pipelines.settings import How
from pipelines.workspace import Workspace, key_of_files
from pipelines.workspace_photos import photos_of_model
from sculpt3d.align import about, with_photos
from sculpt3d.files import put, write_atomic
from sculpt3d.geometry import F64
from sculpt3d.models.ply import read_cloud, write_cloud
from sculpt3d.system import linked
from sculpt3d.types import Spacing

if TYPE_CHECKING:
    from sculpt3d.mvs.depth import DepthParams

STAGES = ("undistort", "object", "depth", "fusion")
OWN_FRAME = "frame and unit of the COLMAP model"


def densify(
    workspace: Path, out: Path, images: Path | None = None, masks: Path | None = None, how: How | None = None,
    console: Console | None = None, everything: bool = False, params: DepthParams | None = None,
    point_spacing: Spacing | None = None, number: int | None = None, invert_masks: bool | None = None,
) -> Mapping[str, Any]:  # fmt: skip
    """Write `out/cloud.ply`, `out/report.json` and `out/stereo/` (COLMAP's depth, normal and cost maps).

    The cloud's frame and unit are the model's. Worked on is what the masks show, else the object that all cameras look at;
    `everything`: whole photos. `point_spacing`: in mm if the model's unit is the metre. `number`: of the model below sparse/;
    None, the largest. Far from the origin (UTM) all work is about an offset; the cloud has the model's own coordinates.
    """
    from sculpt3d.mvs.depth import DepthParams
    from sculpt3d.sfm.undistort import notes_of, undistort

    how, console = how or How(), console or Console("quiet")
    shots = photos_of_model(workspace, images, masks, number, invert_masks)
    given = key_of_files(
        {f.name: f for f in shots.model.iterdir() if f.is_file()}
        | {n: shots.folder / n for n in shots.names}
        | {f"mask of {n}": m for n, m in shots.masks.found.items()}
    )
    keep_short(out, shots.names)
    ws = Workspace(out, console)
    console.plan(STAGES)
    for sentence in shots.notes:
        console.say(f"note: {sentence}")
    sizes = shots.megapixels
    console.expect(expected_cost(len(sizes), sum(sizes), everything, bool(shots.masks.found)))
    each = run_each(workers_within(how.workers, memory_budget_gb(how.memory_gb), max(sizes)))

    def straighten(to: Path, tell: Any) -> None:
        undistort(shots.model, shots.folder, to, shots.masks, each, tell, set(shots.names))

    flat = ws.step("undistort", 4, straighten, {"invert_masks": shots.masks.invert}, [given])
    of_photos = notes_of(flat.path)
    for sentence in of_photos:
        console.say(f"note: {sentence}")
    scene = with_photos(about(scene_of(flat), shots.offset))
    found = None if everything else object_step(ws, scene, flat, each)
    depth = depth_step(ws, scene, flat, found, params or DepthParams(), each)
    fused = fusion_step(ws, scene, found, depth, OWN_FRAME, point_spacing)
    ws.prune()
    hand_out_cloud(fused.path / "cloud.ply", out / "cloud.ply", shots.offset)
    link = out / "stereo"
    maps = (depth.path / "stereo").relative_to(out).as_posix()
    if not linked(link, maps):
        console.say(f"note: {link} cannot be a link to the maps here; they are in {out / maps}")
        link = out / maps
    made = json.loads((depth.path / "depth.json").read_text("utf-8"))
    dense = {
        **json.loads((fused.path / "facts.json").read_text("utf-8")),
        **made,
        "region": how_found(found),
        "core_seconds": depth.core_seconds,
    }
    report = {
        "cameras": {"views": len(scene.views), "tie_points": len(scene.points.xyz), "model": shots.model.name},
        "notes": [*shots.notes, *of_photos],
        **({"offset": shots.offset.tolist()} if shots.offset.any() else {}),
        "dense": dense,
        "stages": [step.facts() for step in ws.steps],
        "outputs": {"cloud.ply": "cloud.ply", "stereo": link.relative_to(out).as_posix(), "report.json": "report.json"},
        "versions": versions(),
    }
    write_atomic(out / "report.json", json.dumps(report, indent=1).encode())
    return report


def expected_cost(photos: int, megapixels: float, everything: bool, masked: bool) -> dict[str, float]:
    """Core-seconds of the stages, for the time left: thumbnails cost by photo, the object fills a third of its photos."""
    worked_on = megapixels * (1.0 if everything else 0.15 if masked else 0.3)
    scout = 0.0 if everything else 0.02 * photos if masked else 0.14 * photos
    return {"undistort": 0.09 * megapixels, "object": scout, **stereo_cost(worked_on, photos)}


def hand_out_cloud(source: Path, target: Path, offset: F64) -> None:
    """As it is, or with the model's own far coordinates in double precision."""
    if offset.any():
        write_cloud(target, read_cloud(source), (OWN_FRAME, "coordinates in double precision"), offset)
        return
    temporary = target.with_name(f".{target.name}.part")
    shutil.copy2(source, temporary)
    put(temporary, target)
