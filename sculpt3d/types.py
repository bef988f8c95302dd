"""The nouns: frozen dataclasses over arrays; no algorithms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sculpt3d.geometry import F64, Rigid3

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
I32 = NDArray[np.int32]
Bool = NDArray[np.bool_]


@dataclass(frozen=True)
class Pinhole:
    """An undistorted camera; focal lengths and principal point in pixels (first pixel's centre 0.5)."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float

    def matrix(self) -> F64:
        """Calibration matrix (3, 3)."""
        return np.array([[self.fx, 0, self.cx], [0, self.fy, self.cy], [0, 0, 1.0]])


@dataclass(frozen=True)
class View:
    """One undistorted photo with its pose; `mask` is an 8-bit picture of the same size, white = object."""

    name: str
    camera: Pinhole
    cam_from_world: Rigid3
    image: Path
    mask: Path | None = None


@dataclass(frozen=True)
class SparsePoints:
    """Tie points. Point i was seen by views `view_index[start[i]:start[i + 1]]` (indices into Scene.views)."""

    xyz: F64  # (N, 3)
    error_px: F32  # (N,) mean reprojection error
    start: I32  # (N + 1,)
    view_index: I32  # (M,)


@dataclass(frozen=True)
class Scene:
    """Views and tie points in one frame. Lengths are metres where `metric`, else without unit."""

    views: tuple[View, ...]
    points: SparsePoints
    frame: Literal["sfm", "world"] = "sfm"
    metric: bool = False


@dataclass(frozen=True)
class Region:
    """The convex body that holds the object of interest, in the scene's frame and unit.

    corners (V, 3); planes (P, 4): a point is inside where n . x + d <= 0 for all of them.
    """

    corners: F64
    planes: F64

    def contains(self, xyz: NDArray[Any]) -> Bool:
        """(N, 3) -> (N,)."""
        points = np.asarray(xyz, np.float64)
        inside = np.ones(len(points), bool)
        for normal, offset in zip(self.planes[:, :3], self.planes[:, 3], strict=True):
            inside &= points @ normal <= -offset
        return inside


@dataclass(frozen=True)
class DepthMap:
    """Depth along z (H, W), 0 = none; unit normals in cam (H, W, 3); matching cost (H, W), 0 best; the depth's estimated
    1-sigma error (H, W), in its unit."""

    depth: F32
    normal: F32
    cost: F32
    error: F32


@dataclass(frozen=True)
class PointCloud:
    """Fused points: positions, unit normals, sRGB colours, agreeing views, 1-sigma error estimate (unit of xyz)."""

    xyz: F32  # (N, 3)
    normal: F32  # (N, 3)
    rgb: U8  # (N, 3)
    views: I32  # (N,)
    error: F32  # (N,)


@dataclass(frozen=True)
class Spacing:
    """How far apart points are wanted: so many mm, or ground sample distances."""

    value: float
    unit: Literal["mm", "gsd"]


@dataclass(frozen=True)
class Mesh:
    """Triangles, counter-clockwise seen from outside. `filled`: vertex has no photo evidence near it."""

    vertices: F32  # (V, 3)
    faces: I32  # (F, 3)
    rgb: U8 | None = None  # (V, 3)
    filled: Bool | None = None  # (V,)


@dataclass(frozen=True)
class TextureFacts:
    """How good an atlas is. Shares 0..1; stretch: median L2 stretch, 1 is none; density_spread: median deviation of the texel
    density from its median; gains: factor of each photo and channel in linear light."""

    charts: int
    atlas_use: float  # share of the atlas that charts cover
    stretch: float
    density_spread: float
    unseen_share: float  # of the surface: no photo shows it, its colour is filled in
    rejected_share: float  # of what photos show: not believed, as others show something else there
    gains: Mapping[str, tuple[float, float, float]]


@dataclass(frozen=True)
class TexturedMesh:
    """A mesh split along its charts, with its atlas. uv origin top-left; texture sRGB (S, S, 3).

    `unseen`: no photo shows the vertex, its colour is filled in.
    """

    vertices: F32  # (V, 3)
    normals: F32  # (V, 3)
    faces: I32  # (F, 3)
    uv: F32  # (V, 2)
    texture: U8
    unseen: Bool  # (V,)
    facts: TextureFacts
