"""Tie points where SIFT finds none: textured pixels of a coarse depth map, found in the other photos to a tenth of a pixel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sculpt3d.geometry import F64, project, unproject
from sculpt3d.mvs.neighbours import choose_neighbours
from sculpt3d.mvs.stack import Stack, build_stack
from sculpt3d.progress import Each, Progress, one_by_one
from sculpt3d.sfm.patches import BLUR_PX, find_patches
from sculpt3d.sfm.seeds import best_of_cells, fit_planes, noise_px
from sculpt3d.types import DepthMap, Pinhole, Scene
from sculpt3d.views import finest_size, read_grey, scaled


@dataclass(frozen=True)
class TrackParams:
    """seeds: a photo. max_image_size: pixels at which patches are matched. radius: of a patch, pixels. reach_px: how far
    a match may lie from where the cameras expect it. max_sigma_px: expected error beyond which a match is left out.

    Camera error plato / nymph, mm: radius 7 .28 / .16, 9 .29 / .27 (surface is not flat that far), 5 .54 / .18; max_sigma_px
    .2 .99 / .23, .3 .44 / .17, .6 .30 / .18. Seeds by texture alone sit on silhouettes: 258 tracks on plato instead of 9500.
    """

    seeds: int = 400
    max_image_size: int = 2000
    radius: int = 7
    reach_px: float = 4.0
    max_sigma_px: float = 0.4
    neighbours: int = 16


@dataclass(frozen=True)
class Tracks:
    """Row k: track `track[k]` was seen by view `view[k]` at pixel `uv[k]` of the undistorted photo. Tracks: 0..N-1."""

    track: NDArray[np.int64]
    view: NDArray[np.int64]
    uv: F64


MAX_COST = 0.7
BEND_ANGLE = (
    0.34  # sin 20 degrees: how another photo sees what the surface leaves its plane by within a patch
)
LEVELS = 256  # of a grey level, in 16 bits
MAX_TILT_DEG = 65.0
MAX_ZOOM = 1.7  # between two photos; more blurs one patch out of recognition
MAX_DEPTH_DIFFERENCE = 0.02  # relative; else something hides the point
MAX_RETURN_PX = 0.5  # there and back again
MIN_VIEWS = 3


def dense_tracks(
    scene: Scene, depths: Mapping[str, DepthMap], work: Path, params: TrackParams | None = None,
    each: Each = one_by_one, progress: Progress | None = None,
) -> Tracks:  # fmt: skip
    """Tracks through at least three views; `work` takes the memory-mapped pictures."""
    work.mkdir(parents=True, exist_ok=True)
    matcher = _Matcher(scene, depths, work, params or TrackParams())
    parts = each(matcher.from_view, range(len(scene.views)), progress)
    counts = np.concatenate([[0], np.cumsum([len(np.unique(p.track)) for p in parts])])
    return Tracks(
        np.concatenate([p.track + counts[i] for i, p in enumerate(parts)]),
        np.concatenate([p.view for p in parts]),
        np.concatenate([p.uv for p in parts]),
    )


class _Matcher:
    """All views' pictures and depths; `from_view` is one unit of work."""

    def __init__(self, scene: Scene, depths: Mapping[str, DepthMap], work: Path, params: TrackParams) -> None:
        self.scene, self.depths, self.params = scene, depths, params
        sizes = [finest_size(v.camera, params.max_image_size) for v in scene.views]
        self.cameras = [scaled(v.camera, *s) for v, s in zip(scene.views, sizes, strict=True)]
        self.pictures = build_stack(work / "pictures.u16", sizes, np.uint16, self._picture)
        small = [depths[v.name].depth.shape for v in scene.views]
        self.maps: Stack = build_stack(
            work / "depths.f32", small, np.float32, lambda i: depths[scene.views[i].name].depth
        )
        self.neighbours = choose_neighbours(scene, params.neighbours)

    def _picture(self, i: int) -> NDArray[np.uint16]:
        camera = self.cameras[i]
        grey = read_grey(self.scene.views[i], camera.height, camera.width).astype(np.float32) * LEVELS
        return np.asarray(np.rint(cv2.GaussianBlur(grey, (0, 0), BLUR_PX)), np.uint16)

    def from_view(self, i: int) -> Tracks:
        """Tracks that start in view `i`."""
        uv, xyz, normal = self._seeds(i)
        found: list[tuple[NDArray[np.int64], int, F64]] = [(np.arange(len(uv)), i, uv)]
        for j in sorted(self.neighbours[i].views):
            index, at = self._match(i, j, uv, xyz, normal)
            if len(index):
                found.append((index, j, at))
        track = np.concatenate([f[0] for f in found])
        view = np.concatenate([np.full(len(f[0]), f[1]) for f in found])
        where = np.concatenate([f[2] for f in found])
        keep = np.bincount(track, minlength=len(uv))[track] >= MIN_VIEWS
        sizes = np.array([[c.width, c.height] for c in self.cameras], np.float64)
        whole = np.array([[v.camera.width, v.camera.height] for v in self.scene.views], np.float64)
        number = np.unique(track[keep], return_inverse=True)[1].astype(np.int64)
        return Tracks(number, view[keep], (where * whole[view] / sizes[view])[keep])

    def _seeds(self, i: int) -> tuple[F64, F64, F64]:
        """The best pixel of each cell: pixels (N, 2), points and normals (N, 3) in the scene's frame."""
        view, camera, p = self.scene.views[i], self.cameras[i], self.params
        found = self.depths[view.name]
        h, w = found.depth.shape
        plane = fit_planes(
            np.where(found.cost < MAX_COST, found.depth, 0), max(2, round(p.radius * w / camera.width))
        )
        blurred = self.pictures.view(i).astype(np.float32) / np.float32(LEVELS)
        noise = noise_px(read_grey(view, camera.height, camera.width), blurred, p.radius)
        bend = plane.misfit * camera.fx * BEND_ANGLE
        error = np.hypot(cv2.resize(noise, (w, h), interpolation=cv2.INTER_NEAREST), bend)
        x, y = best_of_cells(np.where(error < p.max_sigma_px, 1 / error, 0), p.seeds)
        coarse = scaled(view.camera, h, w)
        at = np.stack([x, y], 1) + 0.5
        xyz = unproject(coarse.matrix(), view.cam_from_world, at, 1 / plane.inverse[y, x])
        normal = plane.normals(x, y, coarse) @ view.cam_from_world.rotation
        return at * [camera.width / w, camera.height / h], xyz, normal

    def _match(self, i: int, j: int, uv: F64, xyz: F64, normal: F64) -> tuple[NDArray[np.int64], F64]:
        """Seeds of view `i` (indices) and their pixels in view `j`."""
        start, affine, seen = self._expected(i, j, uv, xyz, normal)
        index = np.flatnonzero(seen)
        if not len(index):
            return index, np.zeros((0, 2))
        p, a, b = self.params, self.pictures.view(i), self.pictures.view(j)
        there = find_patches(a, b, uv[index], start[index], affine[index], p.radius, p.reach_px)
        good = there.sigma_px < p.max_sigma_px
        index, at = index[good], there.uv[good]
        back = find_patches(b, a, at, uv[index], np.linalg.inv(affine[index]), p.radius, p.reach_px)
        same = np.linalg.norm(back.uv - uv[index], axis=1) < MAX_RETURN_PX
        return index[same], at[same]

    def _expected(self, i: int, j: int, uv: F64, xyz: F64, normal: F64) -> tuple[F64, F64, NDArray[np.bool_]]:
        """Where view `j` should see the seeds (N, 2), how their patches are turned (N, 2, 2), and whether it sees them."""
        start, depth = _pixels(self.scene, self.cameras, j, xyz)
        towards = self.scene.views[j].cam_from_world.source_origin - xyz
        cosine = (towards * normal).sum(1) / np.linalg.norm(towards, axis=1)
        affine = np.stack(
            [
                _pixels(self.scene, self.cameras, j, self._on_plane(i, uv + d, xyz, normal))[0] - start
                for d in np.eye(2)
            ],
            -1,
        )
        zoom = np.sqrt(np.abs(np.linalg.det(affine)))
        seen = (
            (depth > 0)
            & (cosine > np.cos(np.radians(MAX_TILT_DEG)))
            & (zoom < MAX_ZOOM)
            & (zoom > 1 / MAX_ZOOM)
        )
        there = self.maps.view(j)
        h, w = there.shape
        at = np.floor(start * [w / self.cameras[j].width, h / self.cameras[j].height]).astype(np.int64)
        seen &= (at >= 0).all(1) & (at < [w, h]).all(1)
        z = there[np.clip(at[:, 1], 0, h - 1), np.clip(at[:, 0], 0, w - 1)]
        return start, affine, seen & (np.abs(z - depth) < MAX_DEPTH_DIFFERENCE * depth)

    def _on_plane(self, i: int, uv: F64, xyz: F64, normal: F64) -> F64:
        """Where the rays of pixels `uv` of view `i` meet the seeds' planes; (N, 3)."""
        centre = self.scene.views[i].cam_from_world.source_origin
        ray = (
            unproject(self.cameras[i].matrix(), self.scene.views[i].cam_from_world, uv, np.ones(len(uv)))
            - centre
        )
        along = ((xyz - centre) * normal).sum(1) / (ray * normal).sum(1)
        return centre + along[:, None] * ray


def _pixels(scene: Scene, cameras: list[Pinhole], j: int, xyz: Any) -> tuple[F64, F64]:
    return project(cameras[j].matrix(), scene.views[j].cam_from_world, xyz)
