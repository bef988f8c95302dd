"""Dense stereo and fusion on a COLMAP workspace that exists already, in its own frame and unit."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.artifacts import scene_of
from pipelines.console import Console
from pipelines.parallel import memory_budget_gb, run_each, workers_within
from pipelines.photogrammetry import How
from pipelines.report import versions
from pipelines.workspace import Workspace, key_of_files
from sculpt3d.errors import InputError
from sculpt3d.io.ply import write_atomic, write_cloud

STAGES = ("undistort", "depth", "fusion")


def densify(
    workspace: Path, out: Path, images: Path | None = None, masks: Path | None = None, how: How | None = None,
    console: Console | None = None,
) -> Mapping[str, Any]:  # fmt: skip
    """Write `out/cloud.ply`, `out/report.json` and `out/stereo/` (COLMAP's depth, normal and cost maps).

    The cloud's frame and unit are the model's. Without masks whole photos are worked on.
    """
    from sculpt3d.io.colmap import find_model, read_model
    from sculpt3d.mvs.depth import DepthParams, estimate_depths
    from sculpt3d.mvs.fusion import FusionParams, fuse
    from sculpt3d.mvs.maps import DepthFolder
    from sculpt3d.photos import match_masks
    from sculpt3d.sfm.undistort import undistort

    how, console = how or How(), console or Console("quiet")
    model = find_model(workspace)
    folder = images or _images_of(workspace, model)
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
    megapixels = max(c.width * c.height for c in cameras.cameras.values()) / 1e6
    each = run_each(workers_within(how.workers, memory_budget_gb(how.memory_gb), megapixels))

    flat = ws.step(
        "undistort", 1, lambda to, tell: undistort(model, folder, to, masks, each, tell), {}, [given]
    )
    scene, _ = scene_of(flat)
    depth_params, fusion_params = DepthParams(), FusionParams()

    def work_depth(to: Path, tell: Any) -> None:
        estimate_depths(scene, to, depth_params, None, each, tell)

    depth = ws.step("depth", 1, work_depth, depth_params, [flat.key])

    def work_fusion(to: Path, tell: Any) -> None:
        cloud = fuse(scene, DepthFolder(depth.path, scene), to / "maps", fusion_params, None, tell)
        write_cloud(to / "cloud.ply", cloud, ("frame and unit of the COLMAP model",))
        write_atomic(to / "facts.json", json.dumps({"points": len(cloud.xyz)}).encode())
        shutil.rmtree(to / "maps")

    fused = ws.step("fusion", 1, work_fusion, fusion_params, [depth.key])
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


def _images_of(workspace: Path, model: Path) -> Path:
    for folder in (workspace / "images", model.parent / "images", model.parent.parent / "images"):
        if folder.is_dir():
            return folder
    raise InputError(
        f"The photos of {workspace} are not in its folder images/; give their folder with --images"
    )
