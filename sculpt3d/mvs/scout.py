"""Which part of the scene is the object: found from coarse depth maps, so that stereo spends its time there.

On thumbnails all views are swept; what agrees is a rough cloud of everything in the photos. The ground the
object stands on is the plane below it that the cameras look across; what is left and hangs together where they look is the
object. Where that does not work out, everything the cameras look at together is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from sculpt3d.errors import NotEnoughViews
from sculpt3d.geometry import F64
from sculpt3d.io.ply import write_atomic
from sculpt3d.mvs.depth import Phase, sweep_phases
from sculpt3d.mvs.fusion import FusionParams, fuse
from sculpt3d.mvs.maps import DepthFolder
from sculpt3d.mvs.neighbours import choose_neighbours
from sculpt3d.mvs.pyramid import Pyramid
from sculpt3d.progress import Each, Progress, one_by_one
from sculpt3d.region import around, find_region
from sculpt3d.types import F32, Region, Scene

SCOUT = (Phase("scout", 0, 3, False, True, 2, 1, 4.0, 0.5),)
SIDE = 160  # pixels of the photos' longer side
MARGIN = 0.06  # of the object's size, kept round it
MIN_POINTS = 200
GROUND_SHARE = 0.08  # of the rough points that lie on the ground, at least


@dataclass(frozen=True)
class Found:
    """`how`: "masks", "object" (found standing by itself) or "gaze" (all that the cameras look at together)."""

    region: Region
    how: str


def find_object(scene: Scene, work: Path, each: Each = one_by_one, progress: Progress | None = None) -> Found:
    """The body that holds the object; `work` takes the rough depth maps."""
    gaze = find_region(scene)
    if any(v.mask is not None for v in scene.views):
        return Found(gaze, "masks")
    try:
        points = _rough_cloud(scene, gaze, work, each, progress)
    except NotEnoughViews:
        return Found(gaze, "gaze")
    centres = np.array([v.cam_from_world.source_origin for v in scene.views])
    middle = gaze.corners.mean(0)
    standing = _above_ground(points, centres, middle)
    if standing is None or len(standing) < MIN_POINTS:
        return Found(gaze, "gaze")
    body = _looked_at(standing, middle, float(np.ptp(gaze.corners, axis=0).max()))
    if len(body) < MIN_POINTS:
        return Found(gaze, "gaze")
    return Found(around(body, MARGIN * float(np.linalg.norm(np.ptp(body, axis=0)))), "object")


def save_found(out: Path, found: Found) -> None:
    """`out/object.npz` and `out/how.txt`."""
    np.savez(out / "object.npz", corners=found.region.corners, planes=found.region.planes)
    write_atomic(out / "how.txt", found.how.encode())


def load_found(out: Path) -> Found:
    """What `save_found` wrote."""
    with np.load(out / "object.npz", allow_pickle=False) as a:
        return Found(Region(a["corners"], a["planes"]), (out / "how.txt").read_text())


def _rough_cloud(scene: Scene, gaze: Region, work: Path, each: Each, progress: Progress | None) -> F32:
    neighbours = choose_neighbours(scene, 6)
    sweep_phases(Pyramid(scene, SIDE, gaze, work / "rough", each), neighbours, SCOUT, work, each, progress)
    params = FusionParams(max_reprojection_px=0.7, max_cost=0.5, lone_error_px=0)
    return fuse(scene, DepthFolder(work, scene), work / "fusion", params, gaze).xyz


def _above_ground(points: F32, cameras: F64, middle: F64) -> F32 | None:
    """Points (M, 3) above the ground plane; None where there is none, or where it may be the object itself (a relief).

    Ground: a plane with many points, below what the cameras look at, all of them above it and around it.
    """
    rng = np.random.default_rng(0)
    few = points[rng.permutation(len(points))[:4000]].astype(np.float64)
    size = float(np.linalg.norm(np.quantile(few, 0.95, 0) - np.quantile(few, 0.05, 0)))
    thick = 0.006 * size
    best: tuple[int, F64, float] | None = None
    for _ in range(600):
        a, b, c = few[rng.choice(len(few), 3, replace=False)]
        normal = np.cross(b - a, c - a)
        length = float(np.linalg.norm(normal))
        if length < 1e-9 * size * size:
            continue
        normal = normal / length * (np.sign((cameras.mean(0) - a) @ normal / length) or 1.0)
        count = int((np.abs((few - a) @ normal) < thick).sum())
        if (best is None or count > best[0]) and _is_below(normal, a, cameras, middle, size):
            best = count, normal, float(a @ normal)
    if best is None or best[0] < GROUND_SHARE * len(few):
        return None
    _, normal, offset = best
    near = np.abs(few @ normal - offset) < thick
    offset = float(np.median(few[near] @ normal))
    return _without_shadows(points, points @ normal - offset, normal, size, 2.5 * thick)


def _without_shadows(points: F32, height: F64, normal: F64, size: float, clearance: float) -> F32:
    """Points above the ground; those just above it (outlines of shadows) only under or beside what stands higher."""
    flat = points - np.outer(points @ normal, normal)
    tall = height > 0.1 * size
    if not tall.any():
        return points[tall]
    beside = cKDTree(flat[tall]).query(flat, distance_upper_bound=0.1 * size, workers=1)[0] < np.inf
    return points[(height > clearance) & (tall | beside)]


def _is_below(normal: F64, on_plane: F64, cameras: F64, middle: F64, size: float) -> bool:
    """Whether the plane lies under `middle`, under all cameras, and the cameras stand around it, not over it."""
    height = (cameras - on_plane) @ normal
    if (height <= 0).any() or (middle - on_plane) @ normal < 0.02 * size:
        return False
    gaze = middle - cameras
    steep = np.degrees(np.arcsin(np.abs(gaze @ normal) / np.linalg.norm(gaze, axis=1)))
    across = gaze - np.outer(gaze @ normal, normal)
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-12)
    around_it = float(np.linalg.norm(across.mean(0))) < 0.8  # seen from more than some 120 degrees
    return bool(np.median(steep) < 60 and around_it)


def _looked_at(points: F32, middle: F64, size: float) -> F32:
    """The largest cluster near the middle of the gaze, with the smaller ones beside it."""
    cell = 0.025 * size
    key, which = np.unique(np.floor(points / cell).astype(np.int64), axis=0, return_inverse=True)
    which = which.ravel()
    pairs = cKDTree(key).query_pairs(1.8, output_type="ndarray")
    graph = coo_matrix((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(len(key),) * 2)
    label = connected_components(graph, directed=False)[1][which]
    count = np.bincount(label)
    centre = np.stack([np.bincount(label, points[:, k]) for k in range(3)], 1) / count[:, None]
    away = np.linalg.norm(centre - middle, axis=1) / size
    main = int(np.argmax(count * np.exp(-((away / 0.25) ** 2))))
    own = points[label == main]
    reach = 0.6 * float(np.linalg.norm(np.ptp(own, axis=0)))
    beside = (np.linalg.norm(centre - own.mean(0), axis=1) < reach) & (count >= 0.01 * count[main])
    keep = beside | (np.arange(len(count)) == main)
    return points[keep[label]]
