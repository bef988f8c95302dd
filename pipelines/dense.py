"""The three steps of dense stereo, the same for a whole reconstruction and for cameras that exist already."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.workspace import Step, Workspace
from sculpt3d.errors import NotEnoughViews
from sculpt3d.files import write_atomic
from sculpt3d.models.ply import write_cloud
from sculpt3d.progress import Each
from sculpt3d.types import Region, Scene, Spacing

if TYPE_CHECKING:
    from sculpt3d.mvs.depth import DepthParams


def object_step(ws: Workspace, scene: Scene, flat: Step, each: Each) -> Step:
    """Which part of the scene is the object."""
    from sculpt3d.mvs.scout import find_object, save_found

    def work(out: Path, tell: Any) -> None:
        save_found(out, find_object(scene, out / "rough", each, tell))
        shutil.rmtree(out / "rough", ignore_errors=True)

    return ws.step("object", 2, work, {}, [flat.key])


def depth_step(
    ws: Workspace, scene: Scene, flat: Step, found: Step | None, params: DepthParams, each: Each
) -> Step:
    """Depth maps of all views, of the object or (`found` None) of everything."""
    from sculpt3d.mvs.depth import estimate_depths

    region = region_of(found)
    worked_on = megapixels_of(scene, region, params.max_image_size)
    ws.console.expect(stereo_cost(worked_on, len(scene.views), params.fast))

    def work(out: Path, tell: Any) -> None:
        estimate_depths(scene, out, params, region, each, tell)
        shutil.rmtree(out / "phases")  # ten times the size of the result, of no use to anyone else

    return ws.step("depth", 4, work, params, [flat.key, found.key if found else "everything"])


def fusion_step(
    ws: Workspace, scene: Scene, found: Step | None, depth: Step, frame: str, spacing: Spacing | None = None
) -> Step:
    """The fused cloud, `cloud.ply`, and how many points it has, `facts.json`."""
    from sculpt3d.clouds import evened, pixel_size, spacing_in, without_loners
    from sculpt3d.mvs.fusion import FusionParams, fuse
    from sculpt3d.mvs.maps import DepthFolder

    params, region = FusionParams(), region_of(found)

    def work(out: Path, tell: Any) -> None:
        cloud = fuse(scene, DepthFolder(depth.path, scene), out / "maps", params, region, tell)
        cloud = without_loners(cloud, pixel_size(scene, cloud))
        if not len(cloud.xyz):
            raise NotEnoughViews("No surface hangs together; add photos that overlap by two thirds")
        if spacing is not None:
            cloud = evened(cloud, spacing_in(spacing, scene, cloud))
        write_cloud(out / "cloud.ply", cloud, (frame,))
        write_atomic(out / "facts.json", json.dumps({"points": len(cloud.xyz)}).encode())
        shutil.rmtree(out / "maps")

    given = {"fusion": vars(params), "spacing": spacing and vars(spacing)}
    return ws.step("fusion", 6, work, given, [depth.key])


def stereo_cost(megapixels: float, photos: int, fast: bool = False) -> dict[str, float]:
    """Core-seconds of depth and fusion, for the time left; fusion's count twice, it has one thread."""
    return {"depth": (3.7 if fast else 6.2) * megapixels + 0.03 * photos, "fusion": 0.7 * megapixels}


def megapixels_of(scene: Scene, region: Region | None, max_image_size: int) -> float:
    """How much of all photos stereo will work on, about: from outlines in thumbnails; masks leave two thirds of theirs."""
    from sculpt3d.region import outline
    from sculpt3d.views import finest_size, scaled

    total = 0.0
    for view in scene.views:
        h, w = finest_size(view.camera, max_image_size)
        share = (
            1.0
            if region is None
            else outline(region, view, scaled(view.camera, *finest_size(view.camera, 160))).mean()
        )
        total += h * w / 1e6 * float(share) * (1.0 if view.mask is None else 0.67)
    return total


def region_of(found: Step | None) -> Region | None:
    from sculpt3d.mvs.scout import load_found

    return None if found is None else load_found(found.path).region


def how_found(found: Step | None) -> str:
    """For the report: "masks", "object", "gaze" or "everything"."""
    from sculpt3d.mvs.scout import load_found

    return "everything" if found is None else load_found(found.path).how
