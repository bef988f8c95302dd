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
from pipelines.parallel import memory_budget_gb, run_each, workers_within
from pipelines.photogrammetry import How
from pipelines.report import versions
from pipelines.workspace import Workspace, key_of_files
from sculpt3d.errors import InputError
from sculpt3d.files import write_atomic
from sculpt3d.types import Spacing

if TYPE_CHECKING:
    from sculpt3d.mvs.depth import DepthParams

STAGES = ("undistort", "object", "depth", "fusion")


def densify(
    workspace: Path, out: Path, images: Path | None = None, masks: Path | None = None, how: How | None = None,
    console: Console | None = None, everything: bool = False, params: DepthParams | None = None,
    point_spacing: Spacing | None = None,
) -> Mapping[str, Any]:  # fmt: skip
    """Write `out/cloud.ply`, `out/report.json` and `out/stereo/` (COLMAP's depth, normal and cost maps).

    The cloud's frame and unit are the model's. Worked on is what the masks show, else the object that all cameras look at;
    `everything`: whole photos. `point_spacing`: in mm if the model's unit is the metre.
    """
    from sculpt3d.models.colmap import find_model, read_model
    from sculpt3d.mvs.depth import DepthParams
    from sculpt3d.photos.masks import match_masks
    from sculpt3d.sfm.undistort import undistort

    how, console = how or How(), console or Console("quiet")
    model = find_model(workspace)
    folder = images or images_of(workspace, model)
    cameras = read_model(model)
    names = [str(cameras.images[i].name) for i in cameras.reg_image_ids()]
    missing = [n for n in names if not (folder / n).is_file()]
    if missing:
        raise InputError(
            f"{len(missing)} of the model's {len(names)} photos are not in {folder} (the first is {missing[0]}); "
            "give their folder with --images"
        )
    found_masks = {} if masks is None else match_masks(masks, names)
    given = key_of_files(
        {f.name: f for f in model.iterdir() if f.is_file()}
        | {n: folder / n for n in names}
        | {f"mask of {n}": m for n, m in found_masks.items()}
    )
    ws = Workspace(out, console)
    console.plan(STAGES)
    sizes = [c.width * c.height / 1e6 for c in (cameras.images[i].camera for i in cameras.reg_image_ids())]
    console.expect(expected_cost(len(sizes), sum(sizes), everything, masks is not None))
    each = run_each(workers_within(how.workers, memory_budget_gb(how.memory_gb), max(sizes)))

    flat = ws.step(
        "undistort", 2, lambda to, tell: undistort(model, folder, to, masks, each, tell), {}, [given]
    )
    scene = scene_of(flat)
    found = None if everything else object_step(ws, scene, flat, each)
    depth = depth_step(ws, scene, flat, found, params or DepthParams(), each)
    fused = fusion_step(ws, scene, found, depth, "frame and unit of the COLMAP model", point_spacing)
    ws.prune()
    shutil.copy2(fused.path / "cloud.ply", out / ".cloud.ply.part")
    (out / ".cloud.ply.part").replace(out / "cloud.ply")
    link = out / "stereo"
    if link.is_symlink() or not link.exists():
        link.unlink(missing_ok=True)
        link.symlink_to((depth.path / "stereo").relative_to(out))
    made = json.loads((depth.path / "depth.json").read_text())
    dense = {
        **json.loads((fused.path / "facts.json").read_text()),
        **made,
        "region": how_found(found),
        "core_seconds": depth.core_seconds,
    }
    report = {
        "cameras": {"views": len(scene.views), "tie_points": len(scene.points.xyz)},
        "dense": dense,
        "stages": [step.facts() for step in ws.steps],
        "outputs": {"cloud.ply": "cloud.ply", "stereo": "stereo", "report.json": "report.json"},
        "versions": versions(),
    }
    write_atomic(out / "report.json", json.dumps(report, indent=1).encode())
    return report


def expected_cost(photos: int, megapixels: float, everything: bool, masked: bool) -> dict[str, float]:
    """Core-seconds of the stages, for the time left: thumbnails cost by photo, the object fills a third of its photos."""
    worked_on = megapixels * (1.0 if everything else 0.15 if masked else 0.3)
    scout = 0.0 if everything else 0.02 * photos if masked else 0.14 * photos
    return {"undistort": 0.09 * megapixels, "object": scout, **stereo_cost(worked_on, photos)}


def images_of(workspace: Path, model: Path) -> Path:
    """The folder images/ of a COLMAP workspace."""
    for folder in (workspace / "images", model.parent / "images", model.parent.parent / "images"):
        if folder.is_dir():
            return folder
    raise InputError(
        f"The photos of {workspace} are not in its folder images/; give their folder with --images"
    )
