"""Depth maps to one cloud: a pixel becomes a point where enough other views agree; their positions are averaged.

Views are walked from the finest to the coarsest and pixels that took part in a point are spent: where detail shots and
overviews show the same place the detail stays, and nothing is there twice. Bytes do not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d._kernels import njit
from sculpt3d.errors import NotEnoughViews
from sculpt3d.geometry import F64
from sculpt3d.mvs.neighbours import choose_neighbours
from sculpt3d.mvs.stack import Stack, build_stack
from sculpt3d.progress import Progress, silent
from sculpt3d.types import F32, DepthMap, PointCloud, Region, Scene, View
from sculpt3d.views import read_rgb, scaled

POINT = np.dtype(
    [("xyz", "<f4", 3), ("normal", "<f4", 3), ("views", "<i4"), ("error", "<f4"), ("rgb", "u1", 3)]
)


@dataclass(frozen=True)
class FusionParams:
    """max_reprojection_px, max_depth_difference (relative), max_cost, max_error_px: what agrees; min_views: agreeing other views.

    Views that see something farther away (`see_through`, relative) where the point should be speak against it; half as
    many as agree are enough. Such points are the skirts of plain background round an outline. One other view is enough
    (`lone_*`) where it agrees closely and both are sure: parts that only two photos see.
    """

    max_reprojection_px: float = 1.0
    max_depth_difference: float = 0.01
    max_cost: float = 0.7
    max_error_px: float = 1.0
    min_views: int = 2
    lone_reprojection_px: float = 0.5
    lone_error_px: float = 0.4
    see_through: float = 0.02
    neighbours: int = 20


def fuse(
    scene: Scene,
    depths: Mapping[str, DepthMap],
    work: Path,
    params: FusionParams | None = None,
    region: Region | None = None,
    progress: Progress | None = None,
) -> PointCloud:
    """Fused cloud in the scene's frame and unit. `work` takes copies of the maps and the points found so far, both mapped:
    in memory are one view and its neighbours, however many there are."""
    params, tell = params or FusionParams(), progress or silent
    work.mkdir(parents=True, exist_ok=True)
    names = [v.name for v in scene.views]
    sizes = [depths[n].depth.shape for n in names]
    stack = build_stack(
        work / "depths.f32", sizes, np.float32, lambda i: confident(depths[names[i]], scene.views[i], params)
    )
    errors = build_stack(work / "errors.f32", sizes, np.float32, lambda i: depths[names[i]].error)
    cameras = np.array([_camera_row(v, *sizes[i]) for i, v in enumerate(scene.views)])
    neighbours = choose_neighbours(scene, params.neighbours)
    rules = np.array([
        params.max_reprojection_px, params.max_depth_difference, params.min_views, params.lone_reprojection_px,
        params.lone_error_px, params.see_through,
    ])  # fmt: skip
    spent = np.memmap(work / "spent.u8", np.uint8, "w+", shape=stack.flat.shape)
    file = work / "points.bin"
    with open(file, "wb") as made:
        for done, i in enumerate(_finest_first(stack, cameras)):
            view = scene.views[i]
            tell(done, len(scene.views))
            near = np.array(neighbours[i].views, np.int64)
            rows = _fuse_view(
                i, near, stack.flat, errors.flat, stack.offset, stack.size, spent, cameras, rules
            )
            made.write(_points_of(view, depths[view.name].normal, rows, region).tobytes())
    tell(len(scene.views), len(scene.views))
    if not file.stat().st_size:
        raise NotEnoughViews(
            "No surface point is seen alike by three photos; add photos that overlap by two thirds"
        )
    points = np.memmap(file, POINT, "r")
    return PointCloud(*(points[name] for name in ("xyz", "normal", "rgb", "views", "error")))


def _finest_first(stack: Stack, cameras: F64) -> list[int]:
    """Views by the size of their pixels on the surface, in steps of a tenth so that equal ones stay in order."""
    depth = [stack.view(i)[::4, ::4] for i in range(len(cameras))]
    size = [
        float(np.median(z[z > 0])) / c[0] if (z > 0).any() else np.inf
        for z, c in zip(depth, cameras, strict=True)
    ]
    return sorted(range(len(size)), key=lambda i: (np.round(np.log(size[i]) * 10), i))


def confident(found: DepthMap, view: View, params: FusionParams) -> F32:
    """The depth where the views agreed on it and it is sure, else 0; (H, W)."""
    focal = scaled(view.camera, *found.depth.shape).fx
    sure = (found.cost < params.max_cost) & (found.error * focal < params.max_error_px * found.depth)
    return np.where(sure, found.depth, np.float32(0)).astype(np.float32)


def _camera_row(view: View, h: int, w: int) -> F64:
    """fx fy cx cy, then cam_from_world's rotation and translation, (16,)."""
    c, pose = scaled(view.camera, h, w), view.cam_from_world
    return np.r_[c.fx, c.fy, c.cx, c.cy, pose.rotation.ravel(), pose.translation]


@njit(nogil=True, forceinline=True, _nrt=False)
def _to_world(cam: Any, u: float, v: float, z: float) -> Any:
    x0 = (u - cam[2]) / cam[0] * z - cam[13]
    x1 = (v - cam[3]) / cam[1] * z - cam[14]
    x2 = z - cam[15]
    return (
        cam[4] * x0 + cam[7] * x1 + cam[10] * x2,
        cam[5] * x0 + cam[8] * x1 + cam[11] * x2,
        cam[6] * x0 + cam[9] * x1 + cam[12] * x2,
    )


@njit(nogil=True, forceinline=True, _nrt=False)
def _to_pixel(cam: Any, p: Any) -> Any:
    z = cam[10] * p[0] + cam[11] * p[1] + cam[12] * p[2] + cam[15]
    if z <= 1e-12:
        return -1.0, -1.0, z
    u = (cam[4] * p[0] + cam[5] * p[1] + cam[6] * p[2] + cam[13]) / z * cam[0] + cam[2]
    v = (cam[7] * p[0] + cam[8] * p[1] + cam[9] * p[2] + cam[14]) / z * cam[1] + cam[3]
    return u, v, z


@njit(nogil=True, cache=True)
def _fuse_view(
    ref: int, near: Any, flat: Any, errors: Any, offset: Any, size: Any, spent: Any, cams: Any, rules: Any
) -> Any:
    """Rows (M, 7) f64 in picture order: column, row, mean position, number of views, 1-sigma error."""
    h, w = size[ref]
    max_px, max_relative, min_views, lone_px, lone_error, see_through = rules
    alive = 0
    for at in range(offset[ref], offset[ref] + h * w):
        alive += flat[at] > 0 and not spent[at]
    out = np.empty((alive, 7))
    found = 0
    cam = cams[ref]
    mine = np.empty(len(near), np.int64)
    for y in range(h):
        for x in range(w):
            at = offset[ref] + y * w + x
            z = flat[at]
            if z <= 0 or spent[at]:
                continue
            p = _to_world(cam, x + 0.5, y + 0.5, z)
            weight = 1 / max(errors[at], 1e-12) ** 2
            s0, s1, s2 = weight * p[0], weight * p[1], weight * p[2]
            square, n, through = 0.0, 1, 0
            close = errors[at] < lone_error * z / cam[0]
            for k in range(len(near)):
                j = near[k]
                u, v, there = _to_pixel(cams[j], p)
                gh, gw = size[j]
                if not (u >= 0 and v >= 0 and u < gw and v < gh):
                    continue
                cell = offset[j] + int(v) * gw + int(u)
                zj = flat[cell]
                if zj <= 0 or abs(zj - there) > max_relative * there:
                    if zj > (1 + see_through) * there:
                        through += 1
                    continue
                # The other view's surface along its ray through p: differs from p only in depth.
                q = _to_world(cams[j], u, v, zj)
                eu, ev, again = _to_pixel(cam, q)
                if abs(again - z) > max_relative * z:
                    continue
                off = (eu - x - 0.5) ** 2 + (ev - y - 0.5) ** 2
                if off > max_px * max_px:
                    continue
                close = close and off < lone_px * lone_px and errors[cell] < lone_error * zj / cams[j][0]
                wj = 1 / max(errors[cell], 1e-12) ** 2
                weight += wj
                s0 += wj * q[0]
                s1 += wj * q[1]
                s2 += wj * q[2]
                square += (q[0] - p[0]) ** 2 + (q[1] - p[1]) ** 2 + (q[2] - p[2]) ** 2
                mine[n - 1] = cell
                n += 1
            if (n - 1 >= min_views or (n == 2 and close)) and 2 * through < n:
                out[found, 0], out[found, 1], out[found, 5] = x, y, n
                out[found, 2], out[found, 3], out[found, 4] = s0 / weight, s1 / weight, s2 / weight
                # What the views expect, or how far they disagree, whichever is larger.
                out[found, 6] = np.sqrt(max(1 / weight, square / n / n))
                found += 1
                for k in range(n - 1):
                    spent[mine[k]] = 1
    return out[:found]


def _points_of(view: View, normal: F32, rows: F64, region: Region | None) -> NDArray[np.void]:
    if region is not None:
        rows = rows[region.contains(rows[:, 2:5])]
    at = rows[:, 1].astype(np.int64), rows[:, 0].astype(np.int64)
    colour: NDArray[np.uint8] = read_rgb(view, *normal.shape[:2])
    points = np.empty(len(rows), POINT)
    points["xyz"], points["normal"] = rows[:, 2:5], normal[at] @ view.cam_from_world.rotation
    points["rgb"], points["views"], points["error"] = colour[at], rows[:, 5], rows[:, 6]
    return points
