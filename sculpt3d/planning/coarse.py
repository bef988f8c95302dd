"""A coarse closed surface of the object from tie points alone: closed over holes, for what is not seen is what counts here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, cKDTree

from sculpt3d.align import place, place_relief, up_on
from sculpt3d.errors import NotEnoughViews
from sculpt3d.geometry import F64, Sim3
from sculpt3d.mvs.scout import standing
from sculpt3d.region import find_region
from sculpt3d.relief import find_front
from sculpt3d.surface.poisson import poisson
from sculpt3d.surface.topology import face_areas, face_components, keep_faces
from sculpt3d.types import Mesh, Scene, SparsePoints

LEAST = 60  # points on the object
ALONE = 0.05  # of the object's size
AROUND = 12  # points that a normal is taken from
DEPTH = 6  # of the octree: details of a sixtieth of the object
CELLS = 20  # patches along the longest side
BENDS = 0.03  # of the object's size: as far as a patch's bending is felt
# Stereo's windows take a surface for flat. On six statues (benchmarks/bench_plan.py) true errors follow sigma alone with a rank
# correlation of .23 to .46, with the bending of the coarse surface .35 to .72, with the tie points' roughness too .60 to .76.
BENT_BLURS = 10.0
ROUGH_BLURS = 10.0  # so that the median sigma is the dense cloud's median error on those
FLAKE = 8  # tie points that roughness is seen in
SMOOTH = 0.03
GAP_DEG = 1.5  # rays that meet at less do not tell depth


@dataclass(frozen=True)
class Coarse:
    """A surface in the world frame of `world_from_source`, and the small patches that it is judged by: patch (F,) of each face;
    centre, outward normal (P, 3), area (P,); blur (P,): what shape finer than this surface makes of a
    sigma, as a factor. tie (N, 3): the
    tie points it rests on. relief: it has a front only (+Z); metric: lengths are metres."""

    mesh: Mesh
    patch: NDArray[np.int64]
    centre: F64
    normal: F64
    area: F64
    blur: F64
    tie: F64
    relief: bool
    metric: bool
    world_from_source: Sim3

    @property
    def size(self) -> float:
        return float(np.linalg.norm(np.ptp(self.mesh.vertices, axis=0)))


def coarse_surface(scene: Scene, up: F64, work: Path, height_mm: float | None = None,
                   orientations: Mapping[str, int] | None = None,
                   known: tuple[float, str] | None = None) -> Coarse:  # fmt: skip
    """`up` in the scene's frame; `known`: how many metres its unit is, and what says so; `work` takes files for a
    while. Raises `NotEnoughViews` where no surface comes of it."""
    eyes = np.array([v.cam_from_world.source_origin for v in scene.views])
    xyz, normal = _on_object(scene, eyes)
    front = find_front(xyz, normal, eyes)
    mesh = _trimmed(
        Mesh(*poisson(xyz.astype(np.float32), normal.astype(np.float32), DEPTH, work)), xyz, front, up
    )
    if len(mesh.faces) < 50:
        raise NotEnoughViews("The tie points make no surface; take more photos that overlap by two thirds")
    if front is None:
        placed = place(mesh.vertices, up, height_mm, known)
    else:
        level = up_on(front, up, scene, orientations or {})
        placed = place_relief(xyz.astype(np.float32), front, level, height_mm, known)
    move = placed.world_from_sfm
    mesh = Mesh(move.apply(mesh.vertices).astype(np.float32), mesh.faces)
    tie = move.apply(xyz)
    parts = _patches(mesh, tie)
    return Coarse(mesh, *parts, tie, front is not None, placed.metric, move)


def _patches(mesh: Mesh, tie: F64) -> tuple[NDArray[np.int64], F64, F64, F64, F64]:
    """Faces of a cell of a grid that look the same way, together: patch (F,), centre, normal (P, 3), area, blur (P,)."""
    corner = mesh.vertices.astype(np.float64)[mesh.faces]
    outward = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]) / 2
    area, centre = np.linalg.norm(outward, axis=1), corner.mean(1)
    main = np.abs(outward).argmax(1)
    way = 2 * main + (outward[np.arange(len(main)), main] > 0)
    cell = np.floor(centre / (np.ptp(centre, axis=0).max() / CELLS)).astype(np.int64)
    patch: NDArray[np.int64] = (
        np.unique(np.c_[cell, way], axis=0, return_inverse=True)[1].ravel().astype(np.int64)
    )
    whole = np.bincount(patch, area)
    middle, facing = (
        np.stack([np.bincount(patch, values[:, k] * weight) for k in range(3)], 1)
        for values, weight in ((centre, area), (outward, 1.0))
    )
    normal = np.asarray(
        facing / np.maximum(np.linalg.norm(facing, axis=1, keepdims=True), 1e-300), np.float64
    )
    centres = np.asarray(middle / np.maximum(whole, 1e-300)[:, None], np.float64)
    reach = BENDS * float(np.linalg.norm(np.ptp(centre, axis=0)))
    near = cKDTree(centre).query_ball_point(centres, reach, workers=1)
    bent = [
        1 - float(np.linalg.norm(outward[n].sum(0))) / max(float(area[n].sum()), 1e-300) if n else 0.0
        for n in near
    ]
    blur = np.sqrt(1 + BENT_BLURS * np.array(bent, np.float64)) * ROUGH_BLURS * _rough(tie, centres) ** 1.5
    return patch, centres, normal, whole.astype(np.float64), blur


def _rough(tie: F64, at: F64) -> F64:
    """How far tie points about `at` (P, 3) scatter off their planes, as a share of how far they reach: folds and hair, which a
    coarse surface smooths away, and the points' own noise."""
    tree = cKDTree(tie)
    group = tie[tree.query(tie, k=FLAKE, workers=1)[1]]
    group = group - group.mean(1, keepdims=True)
    spread = np.linalg.eigvalsh(np.einsum("nki,nkj->nij", group, group))
    share = np.sqrt(np.maximum(spread[:, 0], 0) / np.maximum(spread[:, 2], 1e-300))
    some = min(10, len(tie))
    return np.asarray(np.maximum(share[tree.query(at, k=some, workers=1)[1]].mean(1), SMOOTH), np.float64)


def _on_object(scene: Scene, eyes: F64) -> tuple[F64, F64]:
    """Tie points of the object and normals (N, 3) that look towards the photos that see them; stray points are left out."""
    points = scene.points
    sure = _sure(points, eyes)
    gaze = find_region(scene)
    inside = sure & gaze.contains(points.xyz)
    if inside.sum() < LEAST:
        raise NotEnoughViews(
            f"{int(inside.sum())} tie points lie on what the photos look at together, too few for a surface; take more photos "
            "that overlap by two thirds"
        )
    chosen = np.flatnonzero(inside)
    if all(v.mask is None for v in scene.views):
        chosen = chosen[standing(points.xyz[chosen].astype(np.float32), eyes, gaze)[0]]
    chosen = chosen[_together(points.xyz[chosen])]
    towards = _towards(points, eyes)[chosen]
    return points.xyz[chosen], _normals(points.xyz[chosen], towards)


def _sure(points: SparsePoints, eyes: F64) -> NDArray[np.bool_]:
    """(N,) points whose widest rays meet at an angle that tells depth."""
    owner = np.repeat(np.arange(len(points.xyz)), np.diff(points.start))
    ray = points.xyz[owner] - eyes[points.view_index]
    ray /= np.maximum(np.linalg.norm(ray, axis=1, keepdims=True), 1e-300)
    mean = np.stack([np.bincount(owner, ray[:, k], len(points.xyz)) for k in range(3)], 1).astype(np.float64)
    mean /= np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-300)
    off = np.degrees(np.arccos(np.clip((ray * mean[owner]).sum(1), -1, 1)))
    widest = np.zeros(len(points.xyz))
    np.maximum.at(widest, owner, off)
    return np.asarray((2 * widest >= GAP_DEG) & (np.diff(points.start) >= 2))


def _towards(points: SparsePoints, eyes: F64) -> F64:
    """(N, 3) unit: where the photos that see a point stand, on the mean."""
    owner = np.repeat(np.arange(len(points.xyz)), np.diff(points.start))
    ray = eyes[points.view_index] - points.xyz[owner]
    ray /= np.maximum(np.linalg.norm(ray, axis=1, keepdims=True), 1e-300)
    mean = np.stack([np.bincount(owner, ray[:, k], len(points.xyz)) for k in range(3)], 1)
    return np.asarray(mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-300))


def _together(xyz: F64) -> NDArray[np.bool_]:
    """(N,) points with neighbours: a false match lies by itself. Where few photos look, points are thin, but not that thin."""
    far = cKDTree(xyz).query(xyz, k=7, workers=1)[0][:, 1:].mean(1)
    size = float(np.linalg.norm(np.ptp(np.quantile(xyz, [0.05, 0.95], 0), axis=0)))
    return np.asarray(far < max(4 * float(np.median(far)), ALONE * size))


def _normals(xyz: F64, towards: F64) -> F64:
    near = cKDTree(xyz).query(xyz, k=min(AROUND, len(xyz)), workers=1)[1]
    group = xyz[near] - np.median(xyz[near], axis=1, keepdims=True)
    flattest = np.linalg.eigh(np.einsum("nki,nkj->nij", group, group))[1][:, :, 0]
    normal = flattest * np.sign((flattest * towards).sum(1))[:, None]
    normal = normal + 0.5 * towards  # a few points in a corner make any normal
    smooth = normal[near].mean(1)
    return np.asarray(smooth / np.maximum(np.linalg.norm(smooth, axis=1, keepdims=True), 1e-300))


def _trimmed(mesh: Mesh, xyz: F64, front: F64 | None, up: F64) -> Mesh:
    """What Poisson adds beyond the points' hull is brought back to it; without what it adds below them and behind a relief."""
    size = float(np.linalg.norm(np.ptp(xyz, axis=0)))
    if front is None:
        mesh = Mesh(
            _within(mesh.vertices.astype(np.float64), ConvexHull(xyz).equations, size).astype(np.float32),
            mesh.faces,
        )
    corner = mesh.vertices.astype(np.float64)[mesh.faces]
    centre = corner.mean(1)
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    normal = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-300)
    far = cKDTree(xyz).query(centre, workers=1)[0]
    if front is not None:
        keep = (normal @ front > 0) & (far < 0.05 * size)
    else:
        height = centre @ up
        low, high = np.quantile(xyz @ up, [0.005, 0.995])
        keep = ~((normal @ up < -0.5) & (height < low + 0.15 * (high - low)) & (far > 0.02 * size))
    kept = keep_faces(mesh, np.asarray(keep))
    if not len(kept.faces):
        return kept
    label = face_components(kept.faces, len(kept.vertices))
    share = np.bincount(label, face_areas(kept.vertices, kept.faces))
    return keep_faces(kept, share[label] > 0.03 * share.max())


def _within(vertices: F64, planes: F64, size: float) -> F64:
    """Vertices moved into a convex body (planes (K, 4), n . x + d <= 0) and a little around it."""
    moved = vertices.copy()
    for _ in range(8):
        beyond = moved @ planes[:, :3].T + planes[:, 3] - 0.01 * size
        worst = beyond.argmax(1)
        off = np.maximum(beyond[np.arange(len(moved)), worst], 0)
        if off.max() < 1e-3 * size:
            break
        moved -= off[:, None] * planes[worst, :3]
    return moved
