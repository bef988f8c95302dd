"""What lies under the cursor: a place on the model, exact on its triangle, and what a rectangle of the picture shows.

Picture coordinates are -1..1 to the right and up. Another `Target` may take the place of `Triangles` behind the same calls.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sculpt3d.desk.tree import Tree
from sculpt3d.geometry import F64
from sculpt3d.models.document import Document
from viewer.state.camera import HALF, OrbitCamera
from viewer.state.commands import State
from viewer.state.cuts import Cut, stretch
from viewer.state.points import under

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
    """Something that rays meet; places are local, faces those of the document's `triangles()`."""

    @property
    def document(self) -> Document: ...

    def first(self, origins: F64, directions: F64, cuts: tuple[Cut, ...]) -> tuple[F64, I64]:
        """(N,) each: how far along the direction, and the face that each meets first; infinite and -1 where nothing is."""

    def near(self, place: F64, radius: float) -> F64:
        """(K, 3, 3) triangles around a place, some more than those within the radius."""


class Triangles:
    """A document's surfaces, all of their triangles."""

    def __init__(self, document: Document) -> None:
        self.document, self.tree = document, Tree(document.points(), document.triangles())

    def first(self, origins: F64, directions: F64, cuts: tuple[Cut, ...]) -> tuple[F64, I64]:
        return self.tree.first(origins, directions, *stretch(origins, directions, cuts))

    def near(self, place: F64, radius: float) -> F64:
        return np.asarray(self.tree.points[self.tree.faces[self.tree.near(place, radius)]], np.float64)


def part_of(document: Document, face: int) -> tuple[int, int]:
    """Part and face in it, of a face of `triangles()`."""
    ends = np.cumsum([len(p.faces) for p in document.parts])
    part = int(np.searchsorted(ends, face, side="right"))
    return part, face - int(ends[part - 1] if part else 0)


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
    depth, _ = target.first(origins, directions, state.cuts)
    met = np.isfinite(depth)
    return np.asarray(origins[met] + directions[met] * depth[met, None])


def _nearest(target: Target, state: State, at: NDArray[Any], aspect: float) -> Hit | None:
    origins, directions = rays(state.camera, at, aspect)
    depth, face = target.first(origins, directions, state.cuts)
    capped = _caps(state, origins, directions)
    k = int(np.minimum(depth, capped).argmin())
    if not np.isfinite(min(depth[k], capped[k])):
        return None
    if capped[k] <= depth[k]:
        place = origins[k] + directions[k] * capped[k]
        return Hit(_xyz(place), _xyz(_cut_normal(state, place)), _CAP, _CAP, float(capped[k]))
    number, own = part_of(target.document, int(face[k]))
    p = target.document.parts[number]
    a, b, c = p.vertices[p.faces[own]].astype(np.float64)
    normal = np.cross(b - a, c - a)
    normal = normal / max(float(np.linalg.norm(normal)), 1e-300)
    normal = -normal if float(normal @ directions[k]) > 0 else normal
    return Hit(_xyz(origins[k] + directions[k] * depth[k]), _xyz(normal), number, own, float(depth[k]))


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
    back = state.camera.axes()[2]
    reach = NEAR_PX * max(1.0, size[1] / 800) * 2 / size[1]
    for number, part in enumerate(target.document.parts):
        if len(part.faces):
            continue
        k = under(part.vertices, state.camera, np.array(at), state.cuts, reach, size[0] / size[1])
        if k >= 0:
            place = part.vertices[k].astype(np.float64)
            depth = float((state.camera.eye - place) @ back)
            if best is None or depth < best.depth:
                best = Hit(_xyz(place), _xyz(back), number, _CAP, depth)
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
    tiny = 1e-6 * state.home.radius
    around = np.concatenate([target.near(corner, tiny) for corner in corners])
    around = np.unique(around.reshape(-1, 9), axis=0).reshape(-1, 3, 3)
    for k in np.argsort(off):
        if off[k] <= reach and _is_corner(around, corners[k]):
            return replace(hit, place=_xyz(corners[k]), snapped=True)
    for k in np.argsort(beside):
        if beside[k] <= reach and _is_sharp(around, *sides[k]):
            return replace(hit, place=_xyz(on_side[k]), snapped=True)
    return hit


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
