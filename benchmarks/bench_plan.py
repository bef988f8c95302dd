"""What `plan` foresees, beside what dense stereo then finds: six statues photographed on three rings with a sector left out.

    python benchmarks/bench_plan.py SCANS [--sets 2] [--real]

SCANS: a folder of GLB scans. Prints whether the first suggestion points into the gap, and the rank correlation (Spearman)
between the predicted sigma and the true error of the dense cloud, patch by patch. Cameras are the true ones with tie points of
0.4 px; `--real`: those of the cameras step.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import trimesh
from PIL import Image
from scipy.spatial import cKDTree
from scipy.stats import spearmanr

from pipelines.parallel import run_each
from sculpt3d._open3d import o3d
from sculpt3d.align import Placement, move_scene
from sculpt3d.compare.registration import icp, robust_umeyama
from sculpt3d.geometry import Rigid3, Sim3, project
from sculpt3d.models.colmap import read_model
from sculpt3d.mvs.depth import DepthParams, estimate_depths
from sculpt3d.mvs.fusion import fuse
from sculpt3d.mvs.maps import DepthFolder
from sculpt3d.planning.cameras import matching_px, noise_px, scene_of_model
from sculpt3d.planning.coarse import Coarse, coarse_surface
from sculpt3d.planning.predict import Matching
from sculpt3d.planning.suggest import suggest
from sculpt3d.planning.visibility import Sight
from sculpt3d.region import around
from sculpt3d.synthetic import Look, Stage, ring
from sculpt3d.types import Mesh, Pinhole, PointCloud, Scene, SparsePoints, View

CAMERA = Pinhole(640, 480, 700.0, 700.0, 320.0, 240.0)
DISTANCE = 1.55  # of the statue's size
GAPS = (60, 70, 80, 90, 75, 65)  # degrees
LEAST = 10  # cloud points, to know a patch's error by


@dataclass(frozen=True)
class Set:
    """A statue, upright along +Y, its photos without those of the gap; gap: middle and width, degrees from +Z to +X."""

    name: str
    truth: trimesh.Trimesh
    stage: Stage
    views: tuple[View, ...]
    gap: tuple[float, float]

    @property
    def middle(self) -> np.ndarray:
        return np.asarray(self.truth.bounds.mean(0))

    @property
    def size(self) -> float:
        return float(np.linalg.norm(np.ptp(self.truth.bounds, axis=0)))


def statue(path: Path) -> tuple[trimesh.Trimesh, np.ndarray]:
    """A scan with a mottled skin: linear colours (V, 3)."""
    mesh = trimesh.load(path, force="mesh")
    mesh = trimesh.Trimesh(mesh.vertices, mesh.faces)
    for _ in range(2):
        mesh = mesh.subdivide()
    rng, v = np.random.default_rng(1), mesh.vertices / np.linalg.norm(np.ptp(mesh.bounds, axis=0))
    waves = np.concatenate(
        [np.sin(v @ rng.normal(size=(3, 8)) * f + rng.uniform(0, 6, 8)) for f in (30, 70, 150)], 1
    )
    grey = 0.35 * np.exp(0.3 * waves.sum(1) / 3 + 0.15 * rng.normal(size=len(v)))
    return mesh, np.clip(grey[:, None] * [1.0, 0.92, 0.8], 0.02, 0.95).astype(np.float32)


def photograph(path: Path, number: int, out: Path) -> Set:
    mesh, colour = statue(path)
    rng = np.random.default_rng(number)
    middle, size = mesh.bounds.mean(0), float(np.linalg.norm(np.ptp(mesh.bounds, axis=0)))
    gap = (float(rng.uniform(0, 360)), float(GAPS[number % len(GAPS)]))
    poses = [
        p
        for height, count in ((8, 18), (30, 14), (55, 8))
        for p in ring(middle, DISTANCE * size, height, count, rng.uniform(0, 360))
        if abs(off(azimuth(p, middle), gap[0])) > gap[1] / 2
    ]
    stage = Stage(Mesh(mesh.vertices.astype(np.float32), mesh.faces.astype(np.int32)), colour)
    views = []
    out.mkdir(parents=True)
    for k, pose in enumerate(poses):
        photo = out / f"{k:02d}.png"
        Image.fromarray(stage.photograph(CAMERA, pose, Look(ambient=0.6, noise=2.0), 2, k)).save(photo)
        views.append(View(photo.name, CAMERA, pose, photo))
    return Set(path.stem, mesh, stage, tuple(views), gap)


def azimuth(pose: Rigid3, middle: np.ndarray) -> float:
    away = pose.source_origin - middle
    return float(np.degrees(np.arctan2(away[0], away[2])) % 360)


def off(a: float, b: float) -> float:
    return (a - b + 180) % 360 - 180


def tie_points(given: Set, count: int = 6000, noise: float = 0.4, wrong: float = 0.03) -> SparsePoints:
    """On the surface where photos see it well, off by what `noise` px leaves, and a few false ones."""
    rng = np.random.default_rng(7)
    xyz, face = trimesh.sample.sample_surface(given.truth, count, seed=1)
    normal = given.truth.face_normals[face]
    seen = np.zeros((len(given.views), count), bool)
    for k, view in enumerate(given.views):
        uv, z = project(view.camera.matrix(), view.cam_from_world, xyz)
        depth = given.stage.depth(view.camera, view.cam_from_world)
        x, y = np.clip(np.floor(uv).astype(int), 0, [view.camera.width - 1, view.camera.height - 1]).T
        towards = view.cam_from_world.source_origin - xyz
        cosine = (towards * normal).sum(1) / np.linalg.norm(towards, axis=1)
        seen[k] = (np.abs(depth[y, x] - z) < 0.01 * z) & (rng.random(count) < 0.6 * cosine - 0.1)
    tracks = [np.flatnonzero(seen[:, k]) for k in range(count)]
    keep = [k for k in range(count) if len(tracks[k]) >= 2]
    lists = [tracks[k] for k in keep]
    spread = noise * DISTANCE * given.size / CAMERA.fx
    points = xyz[keep] + rng.normal(0, spread, (len(keep), 3))
    few = int(wrong * len(keep))
    points = np.concatenate([points, given.middle + rng.normal(0, 0.6 * given.size, (few, 3))])
    lists += [np.sort(rng.choice(len(given.views), 2, replace=False)) for _ in range(few)]
    start = np.concatenate([[0], np.cumsum([len(t) for t in lists])])
    error = np.full(len(points), noise * 1.2533 * 0.7, np.float32)
    return SparsePoints(points, error, start.astype(np.int32), np.concatenate(lists).astype(np.int32))


def real_cameras(given: Set, photos: Path, work: Path) -> tuple[Scene, Sim3]:
    """The cameras step on the photos, and the way from its frame into the true one."""
    from sculpt3d.photos.check import check_photos
    from sculpt3d.sfm.cameras import SfmParams, map_cameras

    checked = check_photos(photos, work / "photos", each=run_each(2))
    found = map_cameras(checked, work / "sfm", SfmParams(max_features=4096), run_each(2))
    scene = scene_of_model(read_model(found.model))
    views = tuple(replace(v, image=photos / f"{v.name.split('.')[0]}.png") for v in scene.views)
    scene = replace(scene, views=views)
    true = {v.name.split(".")[0]: v.cam_from_world.source_origin for v in given.views}
    here = np.array([v.cam_from_world.source_origin for v in scene.views])
    there = np.array([true[v.name.split(".")[0]] for v in scene.views])
    return scene, robust_umeyama(here, there)


def dense(scene: Scene, size: float, work: Path) -> PointCloud:
    """The cloud of the object in the scene's frame."""
    body = around(
        scene.points.xyz[np.abs(scene.points.xyz - np.median(scene.points.xyz, 0)).max(1) < size], 0.05 * size
    )
    estimate_depths(scene, work, DepthParams(fast=True), body, run_each(2))
    return fuse(scene, DepthFolder(work, scene), work / "fusion", region=body)


def onto_truth(given: Set, xyz: np.ndarray) -> Sim3:
    samples, face = trimesh.sample.sample_surface(given.truth, 200_000, seed=4)
    some = xyz[np.random.default_rng(0).permutation(len(xyz))[:20_000]]
    return icp(some, np.asarray(samples), np.asarray(given.truth.face_normals[face]), Sim3.identity(), True)


def true_errors(given: Set, surface: Coarse, cloud_xyz: np.ndarray, truth_from_plan: Sim3) -> np.ndarray:
    """(P,) root mean square distance of a patch's cloud points from the true surface, in its unit; nan where too few."""
    patch_at = truth_from_plan.apply(surface.centre)
    reach = 0.02 * given.size
    tensor = o3d.core.Tensor(np.ascontiguousarray(cloud_xyz, np.float32))
    distance = given.stage.scene.compute_distance(tensor, nthreads=2).numpy().astype(np.float64)
    near, owner = cKDTree(patch_at).query(cloud_xyz, workers=2)
    good = (near < 2 * reach) & (distance < reach)
    count = np.bincount(owner[good], minlength=len(patch_at))
    square = np.bincount(owner[good], distance[good] ** 2, len(patch_at))
    return np.where(count >= LEAST, np.sqrt(square / np.maximum(count, 1)), np.nan)


def one(path: Path, number: int, real: bool, work: Path) -> tuple[bool, float]:
    given = photograph(path, number, work / "photos")
    if real:
        scene, truth_from_scene = real_cameras(given, work / "photos", work)
    else:
        scene, truth_from_scene = Scene(given.views, tie_points(given)), Sim3.identity()
    start = time.monotonic()
    up = truth_from_scene.rotation.T @ [0.0, 1.0, 0.0]
    surface = coarse_surface(scene, up, work / "coarse")
    views = move_scene(scene, Placement(surface.world_from_source, False, "")).views
    sight = Sight(surface)
    match = Matching.of(sight.of(views), surface.normal, surface.blur, matching_px(noise_px(scene.points)))
    stations = suggest(surface, sight, views, match)
    seconds = time.monotonic() - start
    truth_from_plan = truth_from_scene @ surface.world_from_source.inverse()
    away = truth_from_plan.apply(stations[0].eye) - given.middle
    points_to = float(np.degrees(np.arctan2(away[0], away[2])) % 360)
    hit = abs(off(points_to, given.gap[0])) <= given.gap[1] / 2
    cloud = dense(scene, given.size / truth_from_scene.scale, work / "dense")
    placed = truth_from_scene.apply(cloud.xyz)
    if real:  # cameras leave the whole a little off and askew; judged is what is left beside that
        placed = onto_truth(given, placed).apply(placed)
    errors = true_errors(given, surface, placed, truth_from_plan)
    sigma = match.sigma()
    both = np.isfinite(errors) & np.isfinite(sigma)
    rank = float(spearmanr(sigma[both], errors[both]).statistic)
    size_right = float(np.median(errors[both]) / np.median(sigma[both]))
    all_patches = np.where(np.isnan(errors), 1e9, errors), np.where(np.isfinite(sigma), sigma, 1e9)
    with_holes = float(spearmanr(*all_patches).statistic)
    np.save(work / "cloud.npy", placed)
    np.savez(
        work / "patches.npz",
        sigma=sigma,
        truth_from_plan=truth_from_plan.matrix(),
        blur=surface.blur,
        errors=errors,
        views=match.seen.sees.sum(0),
        matched=match.matched(),
        centre=surface.centre,
        normal=surface.normal,
    )
    print(
        f"{given.name:10} {len(scene.views)} photos  gap {given.gap[1]:.0f} deg  first suggestion "
        f"{off(points_to, given.gap[0]):+.0f} deg from its middle ({'in' if hit else 'OUT'})  Spearman {rank:.3f} over "
        f"{int(both.sum())} patches, {with_holes:.3f} with holes  median error "
        f"{size_right:.2f} of the sigma  noise {match.noise_px:.2f} px  plan {seconds:.1f} s",
        flush=True,
    )
    return hit, rank


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scans", type=Path)
    parser.add_argument("--sets", type=int, default=6)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    results = []
    for number, path in enumerate(
        sorted(options.scans.glob("*.glb"))[options.first : options.first + options.sets], options.first
    ):
        with tempfile.TemporaryDirectory() as folder:
            work = options.keep / path.stem if options.keep else Path(folder)
            results.append(one(path, number, options.real, work))
    print(
        f"first suggestion into the gap: {sum(hit for hit, _ in results)} of {len(results)}; "
        f"Spearman, median: {np.median([rank for _, rank in results]):.3f}, least {min(rank for _, rank in results):.3f}"
    )


if __name__ == "__main__":
    main()
