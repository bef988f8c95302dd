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
from sculpt3d.files import write_atomic
from sculpt3d.geometry import F64
from sculpt3d.mvs.depth import Phase, sweep_phases
from sculpt3d.mvs.fusion import FusionParams, fuse
from sculpt3d.mvs.maps import DepthFolder
from sculpt3d.mvs.neighbours import choose_neighbours
from sculpt3d.mvs.pyramid import Pyramid
from sculpt3d.progress import Each, Progress, one_by_one
from sculpt3d.region import around, find_region
from sculpt3d.types import F32, Bool, Region, Scene

SCOUT = (Phase("scout", 0, 3, False, True, 2, 1, 4.0, 0.5),)
SIDE = 160  # pixels of the photos' longer side
MARGIN = 0.06  # of the object's size, kept round it
MIN_POINTS = 200
GROUND_SHARE = 0.06  # of the rough points that lie on the ground, at least
THICK = 0.006  # of the cloud's size: how far a point of the ground may lie from its plane
TRIALS = (
    6000  # a plane with that share comes up at least once with a probability of 73 %, one with a tenth always
)


@dataclass(frozen=True)
class Found:
    """`how`: "masks", "object" (found standing by itself) or "gaze" (all that the cameras look at together).

    ground (4,): n . x + d is a point's height above what the object stands on; None where that is not known.
    """

    region: Region
    how: str
    ground: F64 | None = None


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
    body, ground = standing(points, centres, gaze)
    if ground is None:
        return Found(gaze, "gaze")
    own = points[body]
    return Found(around(own, MARGIN * float(np.linalg.norm(np.ptp(own, axis=0)))), "object", ground)


def standing(points: F32, cameras: F64, gaze: Region) -> tuple[Bool, F64 | None]:
    """Which points (N, 3) are the object that stands on the ground, and that ground (4,); all and None where that does not work
    out."""
    everything = np.ones(len(points), bool)
    middle = gaze.corners.mean(0)
    ground = _ground(points, cameras, middle)
    if ground is None:
        return everything, None
    size = _size(points)
    above = _without_shadows(points, points @ ground[:3] + ground[3], ground[:3], size, 2.5 * THICK * size)
    if above.sum() < MIN_POINTS:
        return everything, None
    body = np.zeros(len(points), bool)
    body[above] = _looked_at(points[above], middle, float(np.ptp(gaze.corners, axis=0).max()))
    return (body, ground) if body.sum() >= MIN_POINTS else (everything, None)


def save_found(out: Path, found: Found) -> None:
    """`out/object.npz` and `out/how.txt`."""
    ground = np.zeros(0) if found.ground is None else found.ground
    np.savez(out / "object.npz", corners=found.region.corners, planes=found.region.planes, ground=ground)
    write_atomic(out / "how.txt", found.how.encode())


def load_found(out: Path) -> Found:
    """What `save_found` wrote."""
    with np.load(out / "object.npz", allow_pickle=False) as a:
        region, ground = Region(a["corners"], a["planes"]), a["ground"]
    return Found(region, (out / "how.txt").read_text("utf-8"), ground if len(ground) else None)


def _rough_cloud(scene: Scene, gaze: Region, work: Path, each: Each, progress: Progress | None) -> F32:
    neighbours = choose_neighbours(scene, 6)
    sweep_phases(Pyramid(scene, SIDE, gaze, work / "rough", each), neighbours, SCOUT, work, each, progress)
    params = FusionParams(max_reprojection_px=0.7, max_cost=0.5, lone_error_px=0)
    return fuse(scene, DepthFolder(work, scene), work / "fusion", params, gaze).xyz


def _ground(points: F32, cameras: F64, middle: F64) -> F64 | None:
    """The plane (4,) the object stands on; None where there is none, or where it may be the object itself (a relief).

    Ground: a plane with many points, below what the cameras look at, all of them above it and around it.
    """
    rng = np.random.default_rng(0)
    few = points[rng.permutation(len(points))[:1500]].astype(np.float64)
    size = _size(points)
    thick = THICK * size
    normal, offset = _planes_below(few[rng.integers(0, len(few), (TRIALS, 3))], cameras, middle, size)
    if not len(normal):
        return None
    count = (np.abs(few @ normal.T - offset) < thick).sum(0)
    best = int(count.argmax())
    if count[best] < GROUND_SHARE * len(few):
        return None
    near = few[np.abs(few @ normal[best] - offset[best]) < 2 * thick]
    flattest = np.linalg.svd(near - near.mean(0), full_matrices=False)[2][2]
    up = flattest * np.sign(flattest @ normal[best])
    return np.r_[up, -up @ near.mean(0)]


def _size(points: F32) -> float:
    """Of the rough cloud without its outliers."""
    low, high = np.quantile(points.astype(np.float64), [0.05, 0.95], 0)
    return float(np.linalg.norm(high - low))


def _planes_below(triples: F64, cameras: F64, middle: F64, size: float) -> tuple[F64, F64]:
    """Upward normals (K, 3) and offsets (K,) of the planes through three points each (N, 3, 3) that may be the ground: under
    `middle`, under all cameras, and the cameras stand around it, not over it.
    """
    normal = np.cross(triples[:, 1] - triples[:, 0], triples[:, 2] - triples[:, 0])
    length = np.linalg.norm(normal, axis=1)
    normal, on = normal[length > 1e-9 * size * size], triples[length > 1e-9 * size * size, 0]
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    normal *= np.sign(((cameras.mean(0) - on) * normal).sum(1))[:, None]
    offset = (on * normal).sum(1)
    gaze = middle - cameras
    gaze /= np.linalg.norm(gaze, axis=1, keepdims=True)
    along = normal @ gaze.T  # (K, cameras)
    steep = np.degrees(np.arcsin(np.clip(np.abs(np.median(along, axis=1)), 0, 1)))
    across = gaze[None] - along[..., None] * normal[:, None]
    across /= np.maximum(np.linalg.norm(across, axis=2, keepdims=True), 1e-12)
    around_it = np.linalg.norm(across.mean(1), axis=1) < 0.8  # seen from more than some 120 degrees
    below = (normal @ cameras.T > offset[:, None]).all(1) & (normal @ middle - offset > 0.02 * size)
    good = below & around_it & (steep < 60)
    return normal[good], offset[good]


def _without_shadows(points: F32, height: F64, up: F64, size: float, clearance: float) -> Bool:
    """(N,) points above the ground; those just above it (outlines of shadows) only under or beside what stands higher."""
    flat = points - np.outer(points @ up, up)
    tall = height > 0.1 * size
    if not tall.any():
        return tall
    beside = cKDTree(flat[tall]).query(flat, distance_upper_bound=0.1 * size, workers=1)[0] < np.inf
    return np.asarray((height > clearance) & (tall | beside))


def _looked_at(points: F32, middle: F64, size: float) -> Bool:
    """(N,) the largest cluster near the middle of the gaze, with the smaller ones beside it."""
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
    return np.asarray(keep[label])
