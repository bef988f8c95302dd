"""Better cameras from a coarse stereo pass: dense tracks, a bundle adjustment, and again where the cameras moved far.

On pale, glossy stone SIFT leaves some dozens of tie points a photo, good to 0.4 pixel; a coarse depth map offers hundreds
that are good to 0.2. Tried on the tie points alone, plato, median camera error 1.82 mm: true intrinsics 1.80, free principal
point 1.81, Cauchy loss at 0.3 px 1.48 and at 0.1 px 2.43. With dense tracks a free principal point changes nothing (gutenberg
.040 mm either way) and a second radial parameter little (.032).
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sculpt3d.errors import NotEnoughViews
from sculpt3d.files import put, write_atomic
from sculpt3d.models.colmap import load_scene, read_model
from sculpt3d.models.residual_grid import copy_grids
from sculpt3d.mvs.depth import DepthParams, estimate_depths
from sculpt3d.photos.masks import prepared_masks
from sculpt3d.progress import Each, Progress, one_by_one, silent
from sculpt3d.region import find_region
from sculpt3d.sfm._colmap import pycolmap
from sculpt3d.sfm.mapping import MAX_ERROR_PX, MIN_ANGLE_DEG, solve
from sculpt3d.sfm.observations import (
    Observations,
    errors_px,
    intersect,
    misfit_px,
    observations_of,
    photo_pixels,
    points_of,
    with_points,
)
from sculpt3d.sfm.tracks import TrackParams, dense_tracks
from sculpt3d.sfm.undistort import undistort

LOSS_PX = 0.3
HELD_BACK = 10  # every tenth track takes no part and judges
POOR = 100  # observations, below which a photo keeps its SIFT tie points in the adjustment
FEW = 25  # observations; a photo with fewer of both kinds stands where nothing holds it, often metres off


@dataclass(frozen=True)
class RefineParams:
    """above_px: models whose `weakness_px` is lower are left alone. max_image_size: pixels at which patches are matched.

    The default lies between nymph's .009 (neighbours' rays miss by .04 px: no gain in depth) and plato's .026 (.16 px).
    rounds: at most; another is made where the last one brought the misfit down to less than `again` of what it was.
    """

    above_px: float = 0.015
    max_image_size: int = 2000
    rounds: int = 2
    again: float = 0.67


@dataclass(frozen=True)
class RefineResult:
    """`misfit_px`: median error of tracks held back from the adjustment, with the cameras as they came and after each round;
    empty where the model was left alone. `dropped`: photos whose place neither tie points nor tracks bear out.
    """

    model: Path
    weakness_px: float
    misfit_px: tuple[float, ...]
    tracks: int
    dropped: tuple[str, ...]


def refine_cameras(
    model: Path, images: Path, out: Path, masks: Path | None = None, params: RefineParams | None = None,
    each: Each = one_by_one, progress: Progress | None = None,
) -> RefineResult:  # fmt: skip
    """Write the COLMAP model `out/sparse`, in the frame of `model`, and `out/refine.json`."""
    if (out / "refine.json").exists():
        return load_refine(out)
    params, tell = params or RefineParams(), progress or silent
    weakness = weakness_px(read_model(model))
    best, tracks = model, 0
    misfits: list[float] = []
    dropped: list[str] = []
    for number in range(params.rounds if weakness >= params.above_px else 0):
        work = out / f"round{number}"
        try:
            done = _round(model, best, images, masks, work, params, each, _part(tell, number, params.rounds))
        except NotEnoughViews:  # no depth to go by: the cameras stay, and the steps that follow say why
            break
        if done["after"] >= done["before"]:
            break
        misfits = [*(misfits or [done["before"]]), done["after"]]
        best, tracks, dropped = work / "sparse", done["tracks"], dropped + done["dropped"]
        if done["after"] > params.again * done["before"]:
            break
    shutil.rmtree(out / ".sparse.part", ignore_errors=True)
    shutil.copytree(best, out / ".sparse.part")
    shutil.rmtree(out / "sparse", ignore_errors=True)
    put(out / ".sparse.part", out / "sparse")
    result = RefineResult(out / "sparse", weakness, tuple(misfits), tracks, tuple(dropped))
    write_atomic(out / "refine.json", json.dumps(asdict(result) | {"model": "sparse"}).encode())
    for number in range(params.rounds):
        shutil.rmtree(out / f"round{number}", ignore_errors=True)
    tell(1, 1)
    return result


def load_refine(out: Path) -> RefineResult:
    """What `refine_cameras` wrote."""
    text = json.loads((out / "refine.json").read_text("utf-8"))
    lists = {key: tuple(text[key]) for key in ("misfit_px", "dropped")}
    return RefineResult(**{**text, **lists, "model": out / "sparse"})


def weakness_px(model: Any) -> float:
    """What the tie points leave open of a photo's pose: their error over the root of their number, the median photo's."""
    seen = {i: 0 for i in model.reg_image_ids()}
    for point in model.points3D.values():
        for element in point.track.elements:
            seen[element.image_id] += 1
    error = float(model.compute_mean_reprojection_error())
    return float(np.median([error / np.sqrt(max(n, 1)) for n in seen.values()])) if seen else 0.0


def _round(
    first: Path,
    model: Path,
    images: Path,
    masks: Path | None,
    work: Path,
    params: RefineParams,
    each: Each,
    tell: Progress,
) -> dict[str, Any]:
    """Undistort, coarse depth, tracks, adjustment of `model` with the tie points of the `first`; `work/sparse`, its gain."""
    facts = work / "round.json"
    if facts.exists():
        return dict(json.loads(facts.read_text("utf-8")))
    undistort(model, images, work / "flat", prepared_masks(masks), each)
    scene = load_scene(work / "flat")
    longest = max(max(v.camera.width, v.camera.height) for v in scene.views)
    # A third: half gave plato .38 mm and a third .35, for 36 against 14 core-seconds.
    coarse = DepthParams(max_image_size=max(320, round(min(longest, params.max_image_size) / 3)), fast=True)
    depths = estimate_depths(scene, work / "depth", coarse, find_region(scene), each, _share(tell, 0.1, 0.7))
    matching = TrackParams(
        seeds=int(np.clip(12_000 // len(scene.views), 100, 400)), max_image_size=params.max_image_size
    )
    tracks = dense_tracks(scene, depths, work / "tracks", matching, each, _share(tell, 0.7, 0.9))
    before = read_model(model)
    names = [v.name for v in scene.views]
    dense = photo_pixels(before, read_model(work / "flat"), names, tracks)
    judge, dense = (dense.only((dense.point % HELD_BACK == 0) == back) for back in (True, False))
    ties = observations_of(read_model(first))
    ties = ties.only(np.isin(ties.image, before.reg_image_ids())).of_length(
        2
    )  # the last round may have dropped some
    after, used = _adjusted(before, dense, ties)
    result = {
        "before": misfit_px(before, judge),
        "after": misfit_px(after, judge),
        "tracks": used.numbered()[1],
        "dropped": _drop_lost(after, used, ties),
    }
    (work / "sparse").mkdir(exist_ok=True)
    after.write(str(work / "sparse"))
    copy_grids(model, work / "sparse")
    write_atomic(facts, json.dumps(result).encode())
    return result


def _adjusted(before: Any, dense: Observations, ties: Observations) -> tuple[Any, Observations]:
    """The model with adjusted cameras, its points dense tracks and tie points; and the tracks that the cameras rest on."""
    # Elsewhere tie points only add their noise: DeChalon 1.3 mm without them, 2.0 with.
    poor = [i for i in before.reg_image_ids() if (dense.image == i).sum() < POOR]
    needed = ties.only(np.isin(ties.point, ties.point[np.isin(ties.image, poor)]))
    used, last = dense.beside(needed), int(dense.point.max(initial=-1))
    model, xyz = before, intersect(before, used)
    # Tracks cover the object alone: what lies beside it would no longer hold a lens of many terms.
    bent = [int(c) for c, camera in before.cameras.items() if len(camera.extra_params_idxs()) > 1]
    for _ in range(2):
        model = with_points(model, used, xyz)
        solve(model, LOSS_PX, held=bent)
        error = errors_px(model, used, points_of(model))
        used = used.only(error < max(3 * float(np.median(error)), LOSS_PX)).of_length(2)
        xyz = intersect(model, used)
    ties = ties.only(errors_px(model, ties, intersect(model, ties)) < MAX_ERROR_PX).of_length(2)
    used = used.only(used.point <= last)
    everything = used.beside(ties)
    model = with_points(model, everything, intersect(model, everything))
    pycolmap.ObservationManager(model).filter_points3D_with_small_triangulation_angle(
        MIN_ANGLE_DEG, set(model.point3D_ids())
    )
    model.update_point_3d_errors()
    return model, used


def _drop_lost(model: Any, dense: Observations, ties: Observations) -> list[str]:
    """Take photos out that few tracks and few tie points see, unless all are like that; their names."""
    lost = [i for i in model.reg_image_ids() if max((dense.image == i).sum(), (ties.image == i).sum()) < FEW]
    if len(lost) > 0.2 * model.num_reg_images():
        return []
    names = sorted(str(model.images[i].name) for i in lost)
    manager = pycolmap.ObservationManager(model)
    for i in lost:
        manager.deregister_frame(model.images[i].frame_id)
    return names


def _part(tell: Progress, number: int, rounds: int) -> Progress:
    return lambda done, total: tell(round(1000 * (number + done / max(total, 1)) / rounds), 1000)


def _share(tell: Progress, start: float, end: float) -> Progress:
    return lambda done, total: tell(round(1000 * (start + (end - start) * done / max(total, 1))), 1000)
