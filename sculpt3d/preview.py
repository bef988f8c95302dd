"""Pictures of meshes, clouds and depth maps without a screen or a graphics card: ray casting, slow and sure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sculpt3d.colour import linear
from sculpt3d.framing import standoff
from sculpt3d.geometry import Rigid3, project
from sculpt3d.synthetic import Look, Stage, ring
from sculpt3d.types import F32, U8, Mesh, Pinhole, PointCloud

_LOOK = Look(ambient=0.5, background=(0.93, 0.93, 0.94), light_follows_camera=True)
CLAY = (0.62, 0.6, 0.57)
_ELEVATION = 12.0  # degrees


def turntable(
    mesh: Mesh, colour: NDArray[np.uint8] | None = None, count: int = 4, size: int = 480
) -> list[U8]:
    """`count` pictures around +Y, slightly from above, all at one scale; the shape decides whether they are high or wide.

    `colour`: sRGB (V, 3), clay where None. The k-th shows the side that faces 360 k / count degrees from +Z to +X.
    """
    return turntables(mesh, (colour,), count, size)[0]


def turntables(
    mesh: Mesh, colours: Sequence[NDArray[np.uint8] | None], count: int = 4, size: int = 480
) -> list[list[U8]]:
    """`turntable` for each of `colours`, at little more than the cost of one."""
    clay = np.broadcast_to(np.array(CLAY, np.float32) ** 2.2, mesh.vertices.shape)
    stage, worn = Stage(mesh, clay), [clay if c is None else linear(c) for c in colours]
    camera, poses = _around(mesh.vertices, count, size)
    pictures = [stage.photographs(camera, pose, worn, _LOOK) for pose in poses]
    return [list(of_one) for of_one in zip(*pictures, strict=True)]


def cloud_turntable(cloud: PointCloud, count: int = 4, size: int = 480) -> list[U8]:
    """The same of a cloud: every point whose normal looks this way, as one pixel in its own colour."""
    inner = np.quantile(cloud.xyz, [0.001, 0.999], 0)
    kept = ((cloud.xyz >= inner[0]) & (cloud.xyz <= inner[1])).all(1)
    camera, poses = _around(cloud.xyz[kept], count, size)
    pictures = []
    for pose in poses:
        uv, z = project(camera.matrix(), pose, cloud.xyz)
        x, y = np.floor(uv).astype(np.int64).T
        towards = ((pose.source_origin - cloud.xyz) * cloud.normal).sum(1) > 0
        shown = towards & (z > 0) & (x >= 0) & (y >= 0) & (x < camera.width) & (y < camera.height)
        far_first = np.flatnonzero(shown)[np.argsort(-z[shown], kind="stable")]
        picture = np.full((camera.height, camera.width, 3), round(255 * _LOOK.background[0]), np.uint8)
        picture[y[far_first], x[far_first]] = cloud.rgb[far_first]
        pictures.append(picture)
    return pictures


def depth_picture(depth: F32, size: int = 480) -> U8:
    """Near is red, far is blue, grey is where depth (H, W) is 0; the longer side at most `size` pixels."""
    step = -(-max(depth.shape) // size)
    depth = depth[::step, ::step]
    sure = depth > 0
    picture = np.full((*depth.shape, 3), 60, np.uint8)
    if sure.any():
        near, far = (float(v) for v in np.quantile(depth[sure], [0.01, 0.99]))
        picture[sure] = heat(depth[sure].astype(np.float64), near, max(far, near * 1.0001))
    return picture


def _around(xyz: F32, count: int, size: int) -> tuple[Pinhole, list[Rigid3]]:
    low, high = xyz.min(0).astype(float), xyz.max(0).astype(float)
    wide = float(max(high[0] - low[0], high[2] - low[2]) / max(high[1] - low[1], 1e-9))
    width, height = (int(size * max(wide, 0.5)), size) if wide < 1 else (size, int(size / min(wide, 1.6)))
    centre, focal = (low + high) / 2, 1.6 * max(width, height)
    distance = standoff(xyz, centre, _ELEVATION, width / 2 / focal, height / 2 / focal)
    camera = Pinhole(width, height, focal, focal, width / 2, height / 2)
    return camera, ring(centre, distance, _ELEVATION, count)


def heat(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.uint8]:
    """Red (low) over yellow to blue-green (high), readable without telling red from green; (N,) -> (N, 3)."""
    t = np.clip((values - low) / (high - low), 0, 1)
    stops = np.array([[190, 30, 45], [245, 180, 50], [240, 235, 190], [60, 150, 170], [20, 80, 120]], float)
    x = t * (len(stops) - 1)
    i = np.minimum(x.astype(int), len(stops) - 2)
    return np.asarray(stops[i] + (stops[i + 1] - stops[i]) * (x - i)[:, None], np.uint8)
