"""What lies under the cursor: a place on the model, exact on its triangle, and what a rectangle of the picture shows.

Picture coordinates are -1..1 to the right and up. A faster `Target` may take the place of `Triangles` behind the same calls.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sculpt3d.geometry import F64
from sculpt3d.models.document import Document
from viewer.state.camera import HALF, OrbitCamera
from viewer.state.commands import State
from viewer.state.cuts import Cut, left, stretch

At = tuple[float, float]
I64 = NDArray[np.int64]
NEAR_PX = 5.0  # a ray that misses by so many pixels of a picture 800 high is moved onto the model
SNAP_PX = 8.0
SHARP = np.cos(np.radians(30.0))  # faces that meet at more make an edge that the cursor snaps to
_GRID = 48  # rays each way for what a rectangle shows
_CAP = -1


@dataclass(frozen=True)
class Hit:
    """place (3,) local, as the model is drawn; normal (3,) unit, to the side that is seen; part and face of the document, -1
    where it is the filled cap of a cut. snapped: onto a corner or edge."""

    place: tuple[float, float, float]
    normal: tuple[float, float, float]
    part: int
    face: int
    depth: float = 0.0  # along the view
    snapped: bool = False


class Target(Protocol):
    """Something that rays meet."""

    @property
    def document(self) -> Document: ...

    def first(self, origins: F64, directions: F64, cuts: tuple[Cut, ...]) -> tuple[F64, I64, I64]:
        """(N,) each: how far along the direction, part and face of what each meets first; infinite where nothing is."""


class Triangles:
    """A document's surfaces for rays, by Open3D; coordinates about their middle, where float32 is finest."""

    def __init__(self, document: Document) -> None:
        from sculpt3d._open3d import o3d

        self.document, self._o3d = document, o3d
        self._parts = np.array([k for k, p in enumerate(document.parts) if len(p.faces)], np.int64)
        self._scene = o3d.t.geometry.RaycastingScene()
        self._middle = document.points().mean(0, dtype=np.float64)
        for k in self._parts:
            part = document.parts[k]
            local = np.ascontiguousarray(part.vertices - self._middle, np.float32)
            self._scene.add_triangles(
                o3d.core.Tensor(local), o3d.core.Tensor(np.ascontiguousarray(part.faces, np.uint32))
            )
        if len(self._parts):
            self.first(np.zeros((1, 3)), np.array([[0.0, 0.0, 1.0]]), ())  # builds the tree

    def first(self, origins: F64, directions: F64, cuts: tuple[Cut, ...]) -> tuple[F64, I64, I64]:
        if not len(self._parts):
            none = np.full(len(origins), -1, np.int64)
            return np.full(len(origins), np.inf), none, none
        near, far = stretch(origins, directions, cuts)
        begin = np.where(near <= far, near, 0.0)
        start = origins + directions * begin[:, None] - self._middle
        rays = self._o3d.core.Tensor(np.concatenate([start, directions], 1).astype(np.float32))
        found = self._scene.cast_rays(rays)
        depth = found["t_hit"].numpy().astype(np.float64) + begin
        depth[~(depth <= far)] = np.inf
        part = found["geometry_ids"].numpy().astype(np.int64)
        return (
            depth,
            self._parts[np.where(np.isfinite(depth), part, 0)],
            found["primitive_ids"].numpy().astype(np.int64),
        )


def rays(camera: OrbitCamera, at: NDArray[Any], aspect: float) -> tuple[F64, F64]:
    """Origins and directions (N, 3) through places of the picture (N, 2); a direction goes 1 along the view."""
    right, up, back = camera.axes()
    half = camera.reach if camera.flat else HALF
    across = at[:, :1] * half * aspect * right + at[:, 1:] * half * up
    if camera.flat:
        return camera.eye + across, np.broadcast_to(-back, across.shape).copy()
    return np.broadcast_to(camera.eye, across.shape).copy(), across - back


def pick(target: Target, state: State, at: At, size: tuple[int, int], snap: bool = True) -> Hit | None:
    """What is under `at` in a window of that size; what lies within a few pixels where nothing is just there."""
    pixel = np.array([2 / size[0], 2 / size[1]]) * max(1.0, size[1] / 800)
    for reach in (0.0, 0.5 * NEAR_PX, NEAR_PX):
        turns = np.arange(8 if reach else 1) * np.pi / 4
        around = np.array(at) + reach * pixel * np.stack([np.cos(turns), np.sin(turns)], 1)
        hit = _nearest(target, state, around, size[0] / size[1])
        if hit is not None:
            return snapped(target, state, hit, at, size) if snap else hit
    return _point(target, state, at, size)


def seen_in(target: Target, state: State, corners: tuple[float, float, float, float], aspect: float) -> F64:
    """(N, 3) places of the model that a rectangle of the picture shows: left, bottom, right, top."""
    x, y = (np.linspace(corners[k], corners[k + 2], _GRID) for k in (0, 1))
    at = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
    origins, directions = rays(state.camera, at, aspect)
    depth, _, _ = target.first(origins, directions, state.cuts)
    met = np.isfinite(depth)
    return np.asarray(origins[met] + directions[met] * depth[met, None])


def _nearest(target: Target, state: State, at: NDArray[Any], aspect: float) -> Hit | None:
    origins, directions = rays(state.camera, at, aspect)
    depth, part, face = target.first(origins, directions, state.cuts)
    capped = _caps(state, origins, directions)
    k = int(np.minimum(depth, capped).argmin())
    if not np.isfinite(min(depth[k], capped[k])):
        return None
    if capped[k] <= depth[k]:
        place = origins[k] + directions[k] * capped[k]
        return Hit(_xyz(place), _xyz(_cut_normal(state, place)), _CAP, _CAP, float(capped[k]))
    p = target.document.parts[part[k]]
    a, b, c = p.vertices[p.faces[face[k]]].astype(np.float64)
    normal = np.cross(b - a, c - a)
    normal = normal / max(float(np.linalg.norm(normal)), 1e-300)
    slope = float(normal @ directions[k])
    exact = float(normal @ (a - origins[k])) / slope if abs(slope) > 1e-9 else depth[k]
    along = exact if abs(exact - depth[k]) < 1e-3 * abs(depth[k]) else depth[k]  # the face as doubles have it
    normal = -normal if slope > 0 else normal
    return Hit(
        _xyz(origins[k] + directions[k] * along), _xyz(normal), int(part[k]), int(face[k]), float(along)
    )


def _caps(state: State, origins: F64, directions: F64) -> F64:
    """(N,) how far each ray goes to the filled caps. Moeller & Trumbore 1997."""
    found, caps = np.full(len(origins), np.inf), state.over.caps
    if not len(caps):
        return found
    a, u, v = caps[:, 0], caps[:, 1] - caps[:, 0], caps[:, 2] - caps[:, 0]
    for k, (o, d) in enumerate(zip(origins, directions, strict=True)):
        with np.errstate(divide="ignore", invalid="ignore"):
            p = np.cross(d, v)
            scale = 1 / (p * u).sum(1)
            s = ((o - a) * p).sum(1) * scale
            q = np.cross(o - a, u)
            t = (q @ d) * scale
            depth = (q * v).sum(1) * scale
        inside = (s >= 0) & (t >= 0) & (s + t <= 1) & (depth > 0)
        found[k] = depth[inside].min(initial=np.inf)
    return found


def _cut_normal(state: State, place: F64) -> F64:
    """Of the plane that the place lies on."""
    off = [abs(float(np.array(c[:3]) @ place) - c[3]) for c in state.cuts] or [0.0]
    cuts = state.cuts or ((0.0, 0.0, 1.0, 0.0),)
    return np.array(cuts[int(np.argmin(off))][:3])


def _point(target: Target, state: State, at: At, size: tuple[int, int]) -> Hit | None:
    """The nearest bare point of a cloud within reach of the cursor."""
    best: Hit | None = None
    right, up, back = state.camera.axes()
    for number, part in enumerate(target.document.parts):
        if len(part.faces):
            continue
        away = part.vertices.astype(np.float64) - state.camera.eye
        depth = -away @ back
        wide = (
            np.full(len(away), state.camera.reach) if state.camera.flat else HALF * np.maximum(depth, 1e-300)
        )
        x = (away @ right / wide - at[0] * size[0] / size[1]) * size[1] / 2
        y = (away @ up / wide - at[1]) * size[1] / 2
        reach = NEAR_PX * max(1.0, size[1] / 800)
        close = (np.hypot(x, y) <= reach) & (depth > 0) & left(part.vertices.astype(np.float64), state.cuts)
        if close.any():
            k = int(np.where(close, depth, np.inf).argmin())
            if best is None or depth[k] < best.depth:
                best = Hit(_xyz(part.vertices[k]), _xyz(back), number, _CAP, float(depth[k]))
    return best


def snapped(target: Target, state: State, hit: Hit, at: At, size: tuple[int, int]) -> Hit:
    """The hit moved onto a corner of the shape, else onto a sharp edge, where the picture shows one within a few pixels. Smooth
    surfaces have none, so on a scan nothing moves."""
    if hit.face < 0:
        return hit
    part = target.document.parts[hit.part]
    corners = part.vertices[part.faces[hit.face]].astype(np.float64)
    reach = SNAP_PX * max(1.0, size[1] / 800)
    off = _off(state.camera, corners, at, size)
    sides = [(corners[k], corners[(k + 1) % 3]) for k in range(3)]
    on_side = [_closest(a, b, np.array(hit.place)) for a, b in sides]
    beside = _off(state.camera, np.array(on_side), at, size)
    if min(off.min(), beside.min()) > reach:
        return hit
    around = _faces_at(part.vertices, part.faces, corners)
    for k in np.argsort(off):
        if off[k] <= reach and _is_corner(around, corners[k]):
            return replace(hit, place=_xyz(corners[k]), snapped=True)
    for k in np.argsort(beside):
        if beside[k] <= reach and _is_sharp(around, *sides[k]):
            return replace(hit, place=_xyz(on_side[k]), snapped=True)
    return hit


def _faces_at(vertices: NDArray[Any], faces: NDArray[Any], corners: F64) -> F64:
    """(K, 3, 3) of all faces at any of the corners (3, 3), those of seams too."""
    low, high = corners.min(0), corners.max(0)
    close = np.flatnonzero(((vertices >= low) & (vertices <= high)).all(1))
    at = close[(vertices[close][:, None] == corners[None]).all(2).any(1)]
    marks = np.zeros(len(vertices), bool)
    marks[at] = True
    return np.asarray(vertices[faces[marks[faces].any(1)]], np.float64)


def _normals(faces: F64) -> F64:
    found = np.cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0])
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-300))


def _is_corner(around: F64, corner: F64) -> bool:
    """Whether faces there look in three directions or more that are far from each other."""
    normals = _normals(around[(around == corner).all(2).any(1)])
    apart: list[F64] = []
    for n in normals:
        if all(n @ other < SHARP for other in apart):
            apart.append(n)
    return len(apart) > 2


def _is_sharp(around: F64, a: F64, b: F64) -> bool:
    both = (around == a).all(2).any(1) & (around == b).all(2).any(1)
    normals = _normals(around[both])
    return len(normals) == 2 and bool(normals[0] @ normals[1] < SHARP)


def _closest(a: F64, b: F64, place: F64) -> F64:
    way = b - a
    share = float((place - a) @ way) / max(float(way @ way), 1e-300)
    return np.asarray(a + min(max(share, 0.0), 1.0) * way)


def _off(camera: OrbitCamera, places: F64, at: At, size: tuple[int, int]) -> F64:
    """(N,) pixels from the cursor."""
    right, up, back = camera.axes()
    away = places - camera.eye
    depth = -away @ back
    wide = np.full(len(away), camera.reach) if camera.flat else HALF * np.where(depth > 0, depth, 1e-300)
    x = (away @ right / wide - at[0] * size[0] / size[1]) * size[1] / 2
    y = (away @ up / wide - at[1]) * size[1] / 2
    return np.asarray(np.hypot(x, y))


def _xyz(values: NDArray[Any]) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in values)
    return x, y, z
