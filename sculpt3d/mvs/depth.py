"""Depth maps of all views, coarse to fine; every phase reads only what the phase before wrote for all views.

So the result is the same with any number of threads, and a killed run goes on where it was: each view of each phase is
a file that appears whole.
"""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from sculpt3d.errors import NotEnoughViews
from sculpt3d.geometry import project
from sculpt3d.io.colmap import write_depth_map
from sculpt3d.io.ply import write_atomic
from sculpt3d.mvs import patchmatch_cpu as kernel
from sculpt3d.mvs import patchmatch_cuda
from sculpt3d.mvs.maps import DepthFolder, map_paths
from sculpt3d.mvs.neighbours import Neighbours, choose_neighbours
from sculpt3d.mvs.stack import Stack, build_stack, pack
from sculpt3d.progress import Each, Progress, one_by_one
from sculpt3d.types import Pinhole, Region, Scene
from sculpt3d.views import finest_size, read_grey, read_mask, scaled


@dataclass(frozen=True)
class DepthParams:
    """max_image_size: longer side of the depth maps, pixels. neighbours: candidate views a photo."""

    max_image_size: int = 3200
    neighbours: int = 8


@dataclass(frozen=True)
class _Phase:
    """How one level is swept. `scale`: halvings below the finest level."""

    name: str
    scale: int
    sweeps: int
    geometric: bool
    all_views: bool
    perturbations: int
    randoms: int
    step_px: float
    normal_step: float
    parabola_px: float = 0.0


PHASES = (
    _Phase("quarter", 2, 4, False, True, 3, 1, 4.0, 0.5),
    _Phase("quarter-geometric", 2, 2, True, True, 3, 1, 2.0, 0.3),
    _Phase("half", 1, 2, True, False, 3, 0, 1.0, 0.2),
    _Phase("full", 0, 1, True, False, 1, 0, 0.5, 0.1, 0.35),
)


def estimate_depths(
    scene: Scene,
    out: Path,
    params: DepthParams | None = None,
    region: Region | None = None,
    each: Each = one_by_one,
    progress: Progress | None = None,
) -> DepthFolder:
    """Write COLMAP depth, normal and cost maps of every view below `out/stereo`; what is there already is kept.

    With `region` only pixels whose ray meets it are worked on. Raises `NotEnoughViews` where no photo has neighbours.
    """
    params = params or DepthParams()
    neighbours = choose_neighbours(scene, params.neighbours)
    if not any(n.views for n in neighbours):
        raise NotEnoughViews(
            "No two photos see the same part of the object; add photos that overlap by two thirds"
        )
    work = out / "phases"
    work.mkdir(parents=True, exist_ok=True)
    if patchmatch_cuda.available():
        level = _Level(scene, neighbours, params, PHASES[-1], work, out, region, None)
        patchmatch_cuda.estimate(scene, out, params.max_image_size, level.active)
        _note(out, level)
        return DepthFolder(out, scene)
    total = len(PHASES) * len(scene.views)
    previous: _Level | None = None
    for number, phase in enumerate(PHASES):
        level = _Level(scene, neighbours, params, phase, work, out, region, previous)

        def tell(done: int, _: int, number: int = number) -> None:
            if progress:
                progress(number * len(scene.views) + done, total)

        each(level.run, range(len(scene.views)), tell)
        previous = level
    if previous is not None:
        _note(out, previous)
    return DepthFolder(out, scene)


def _note(out: Path, level: _Level) -> None:
    """How much was worked on, for the report."""
    views = len(level.scene.views)
    pixels = sum(int(level.active(i).sum()) for i in range(views))
    write_atomic(out / "depth.json", json.dumps({"megapixels": pixels / 1e6, "views": views}).encode())


class _Level:
    """One phase over all views."""

    def __init__(
        self,
        scene: Scene,
        neighbours: tuple[Neighbours, ...],
        params: DepthParams,
        phase: _Phase,
        work: Path,
        out: Path,
        region: Region | None,
        previous: _Level | None,
    ) -> None:
        self.scene, self.neighbours, self.phase, self.work, self.out = scene, neighbours, phase, work, out
        self.region, self.previous = region, previous
        finest = [finest_size(v.camera, params.max_image_size) for v in scene.views]
        self.sizes = [
            (max(8, round(h / 2**phase.scale)), max(8, round(w / 2**phase.scale))) for h, w in finest
        ]
        self.cameras = [scaled(v.camera, h, w) for v, (h, w) in zip(scene.views, self.sizes, strict=True)]
        self.pictures = build_stack(work / f"scale{phase.scale}.u32", self.sizes, np.uint32, self._packed)
        self.geo = None if previous is None or not phase.geometric else previous.depths()

    def depths(self) -> Stack:
        return build_stack(
            self.work / f"{self.phase.name}.f32",
            self.sizes,
            np.float32,
            lambda i: np.load(self.file(i), allow_pickle=False)["depth"],
        )

    def file(self, i: int) -> Path:
        return self.work / self.phase.name / f"{i:06d}.npz"

    def _packed(self, i: int) -> NDArray[np.uint32]:
        return pack(read_grey(self.scene.views[i], *self.sizes[i]))

    def run(self, i: int) -> None:
        """Sweep view `i` and write its planes."""
        view, last = self.scene.views[i], self.phase is PHASES[-1]
        final = map_paths(self.out, view.name)
        if (final["cost"] if last else self.file(i)).exists():
            return
        planes = self._start(i)
        if self.neighbours[i].views and planes["active"].any():
            self._sweep(i, planes)
        keep = planes["active"] & (planes["cost"] < 1.5)
        planes["depth"][~keep] = 0
        if last:
            for key in ("depth", "normal", "cost"):  # cost last: it marks the view as done
                write_depth_map(
                    final[key], np.where(keep[..., None], planes[key], 0) if key == "normal" else planes[key]
                )
        else:
            del planes["active"]
            _save(self.file(i), planes)

    def _sweep(self, i: int, p: dict[str, NDArray[Any]]) -> None:
        phase, near = self.phase, self.neighbours[i]
        index = np.array(near.views)
        warp, back = self._warps(i)
        geo = self.geo or Stack(
            np.zeros(1, np.float32),
            np.zeros(len(self.sizes), np.int64),
            np.ones((len(self.sizes), 2), np.int64),
        )
        cam = self.cameras[i]
        grey = (self.pictures.view(i) & 255).astype(np.uint8)
        angle = np.radians(np.clip(np.median(near.angle_deg[:4]), 3, 40))
        z_per_px = np.float32(1 / (cam.fx * np.sin(angle)))
        z_near, z_far = self._depth_range(i)
        common = (
            grey,
            p["active"],
            p["depth"],
            p["normal"],
            p["cost"],
            p["choice"],
            np.array([cam.fx, cam.fy, cam.cx - 0.5, cam.cy - 0.5], np.float32),
            self.pictures.flat,
            self.pictures.offset[index],
            self.pictures.size[index],
            warp,
            phase.geometric,
            geo.flat,
            geo.offset[index],
            geo.size[index],
            back,
        )
        for k in range(phase.sweeps):
            seed = zlib.crc32(f"{self.scene.views[i].name}/{phase.name}/{k}".encode())
            kernel.sweep(
                *common,
                k % 2 == 0,
                k == 0,
                phase.all_views,
                phase.perturbations,
                np.float32(phase.step_px / (1 + k)),
                np.float32(phase.normal_step / (1 + k)),
                phase.randoms,
                np.float32(z_near),
                np.float32(z_far),
                z_per_px,
                seed,
            )
        if phase.parabola_px:
            kernel.refine_parabola(*common, np.float32(phase.parabola_px), z_per_px)

    def _warps(self, i: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        ref = self.scene.views[i].cam_from_world
        k_ref = _integer_matrix(self.cameras[i])
        warp, back = [], []
        for j in self.neighbours[i].views:
            k_src = _integer_matrix(self.cameras[j])
            src_from_ref = self.scene.views[j].cam_from_world @ ref.inverse()
            ref_from_src = src_from_ref.inverse()
            warp.append(
                np.r_[
                    (k_src @ src_from_ref.rotation @ np.linalg.inv(k_ref)).ravel(),
                    k_src @ src_from_ref.translation,
                ]
            )
            back.append(
                np.r_[
                    (k_ref @ ref_from_src.rotation @ np.linalg.inv(k_src)).ravel(),
                    k_ref @ ref_from_src.translation,
                ]
            )
        return np.array(warp, np.float32), np.array(back, np.float32)

    def _start(self, i: int) -> dict[str, NDArray[Any]]:
        h, w = self.sizes[i]
        active = self.active(i)
        if self.previous is None:
            depth, normal = self._from_tie_points(i)
            choice = np.zeros((h, w, 2), np.uint8)
        else:
            with np.load(self.previous.file(i), allow_pickle=False) as before:
                depth, normal, choice = _upsample(before, self.previous.cameras[i], self.cameras[i])
            # Pixels new at this level (mask edges) start from the nearest plane's depth.
            depth = np.where(
                depth > 0, depth, np.float32(np.median(depth[depth > 0]) if (depth > 0).any() else 1)
            )
        return {
            "depth": np.ascontiguousarray(depth, np.float32),
            "normal": np.ascontiguousarray(normal, np.float32),
            "choice": np.ascontiguousarray(choice),
            "cost": np.full((h, w), 2, np.float32),
            "active": active,
        }

    def active(self, i: int) -> NDArray[np.bool_]:
        """Pixels to work on: inside the mask and on a ray that meets the region."""
        h, w = self.sizes[i]
        view, cam = self.scene.views[i], self.cameras[i]
        active = read_mask(view, h, w)
        if self.region is not None:
            c = view.cam_from_world.apply(self.region.centre)
            x = (np.arange(w) + 0.5 - cam.cx) / cam.fx
            y = (np.arange(h) + 0.5 - cam.cy) / cam.fy
            along = (x[None] * c[0] + y[:, None] * c[1] + c[2]) / np.sqrt(x[None] ** 2 + y[:, None] ** 2 + 1)
            outside = (c @ c) > self.region.radius**2
            active &= ((c @ c) - along**2 <= self.region.radius**2) & ((along > 0) | (not outside))
        return active

    def _depth_range(self, i: int) -> tuple[float, float]:
        z = self._tie_depths(i)[1]
        near, far = (z.min() * 0.8, z.max() * 1.25) if len(z) >= 5 else (1e-3, 1e3)
        if len(z) >= 200:
            near, far = np.quantile(z, 0.005) * 0.7, np.quantile(z, 0.995) * 1.5
        if self.region is not None:
            c = float(self.scene.views[i].cam_from_world.apply(self.region.centre)[2])
            low, high = max(c - self.region.radius, 1e-3 * self.region.radius), c + self.region.radius
            near, far = (
                (low, high) if len(z) < 5 or far <= low or near >= high else (max(near, low), min(far, high))
            )
        return float(near), float(far)

    def _tie_depths(self, i: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Pixels (N, 2) at this level and depths (N,) of the tie points that view `i` saw."""
        points = self.scene.points
        index = np.repeat(np.arange(len(points.xyz)), np.diff(points.start))[points.view_index == i]
        uv, z = project(self.cameras[i].matrix(), self.scene.views[i].cam_from_world, points.xyz[index])
        return uv[z > 0], z[z > 0]

    def _from_tie_points(self, i: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        h, w = self.sizes[i]
        near, far = self._depth_range(i)
        rng = np.random.default_rng(zlib.crc32(self.scene.views[i].name.encode()))
        uv, z = self._tie_depths(i)
        depth = 1 / rng.uniform(1 / far, 1 / near, (h, w))
        if len(z) >= 5:
            grid = np.stack(np.meshgrid(np.arange(w) + 0.5, np.arange(h) + 0.5), -1).reshape(-1, 2)
            pick = cKDTree(uv).query(grid, k=min(3, len(z)))[1][np.arange(h * w), rng.integers(0, 3, h * w)]
            guess = z[pick].reshape(h, w) * rng.normal(1, 0.01, (h, w))
            depth = np.where(rng.random((h, w)) < 0.8, guess, depth)
        normal = np.stack(
            [rng.uniform(-0.5, 0.5, (h, w)), rng.uniform(-0.5, 0.5, (h, w)), np.full((h, w), -1.0)], -1
        )
        normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
        return np.clip(depth, near, far).astype(np.float32), normal.astype(np.float32)


def _integer_matrix(camera: Pinhole) -> NDArray[np.float64]:
    k = camera.matrix()
    k[:2, 2] -= 0.5
    return k


def _upsample(before: Any, coarse: Pinhole, fine: Pinhole) -> tuple[Any, Any, Any]:
    """Planes at the next level: each fine pixel's ray meets its coarse pixel's plane."""
    ys = np.minimum(
        ((np.arange(fine.height) + 0.5) * coarse.height / fine.height).astype(int), coarse.height - 1
    )
    xs = np.minimum(((np.arange(fine.width) + 0.5) * coarse.width / fine.width).astype(int), coarse.width - 1)
    pick = np.ix_(ys, xs)
    depth, normal, choice = before["depth"][pick], before["normal"][pick], before["choice"][pick]

    def along(rx: Any, ry: Any) -> Any:
        return normal[..., 0] * rx + normal[..., 1] * ry + normal[..., 2]

    was = along(((xs + 0.5 - coarse.cx) / coarse.fx)[None], ((ys + 0.5 - coarse.cy) / coarse.fy)[:, None])
    now = along(
        ((np.arange(fine.width) + 0.5 - fine.cx) / fine.fx)[None],
        ((np.arange(fine.height) + 0.5 - fine.cy) / fine.fy)[:, None],
    )
    ratio = np.where(np.abs(now) > 0.05, was / np.where(np.abs(now) > 0.05, now, 1), 1)
    return depth * np.clip(ratio, 0.9, 1.1), normal, choice


def _save(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.part.npz")
    np.savez(temporary, **arrays)  # type: ignore[arg-type]
    os.replace(temporary, path)
