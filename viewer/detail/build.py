"""Levels of detail made from the model up: clusters, groups of them, half of their triangles, clusters again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d._kernels import njit
from sculpt3d.progress import silent
from sculpt3d.types import F32, I32, U8
from viewer.detail.bounds import ball_of, balls, numbered
from viewer.detail.corners import Corners
from viewer.detail.grouping import groups_of
from viewer.detail.levels import CLUSTER, GROUP, LEAF, MOST, Levels, vertex_kind
from viewer.detail.partition import clusters_of
from viewer.detail.simplify import halved

GROUP_SIZE = 16  # clusters
_WORTH = 0.85  # a group that keeps more of its triangles is not worth it, and stays as it is
_BETWEEN = 0.5  # of how far the first halving moved the model's vertices: what it may be more between them. Measured: up to .41
_BACK = 1.75  # times what is measured from the model to the coarser surface: it may be that much the other way, up to 1.7 seen
_COARSEST = 0.01  # of the model's size, off the surface: beyond it triangles span what the model leaves open
_BLOCK = 1 << 18  # vertices at a time, where copies of all would be large
_AT_ONCE = 256  # groups given to the threads together
I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Level:
    """What one step adds. next_of: (N, 2) clusters of before, and the group each went into. merged, held: see `simplify`; held
    is of all that is coarsest now."""

    groups: NDArray[np.void]
    clusters: NDArray[np.void]
    vertices: NDArray[np.void]
    indices: NDArray[np.uint16]
    next_of: NDArray[np.int32]
    merged: I32
    held: I32


@dataclass
class Front:
    """The coarsest clusters so far: their triangles one after another, where each begins (C + 1,), and number, part (C,).
    held (N, 2): vertices of the model that went, and the triangle here that each is held by, in the triangles' order."""

    faces: I32
    begins: I64
    number: I64
    part: I32
    held: I32


class Growing:
    """Levels one after another; `take` in what was made before a run was ended, `step` makes the next."""

    def __init__(self, corners: Corners) -> None:
        self.corners = corners
        self.front = Front(
            np.zeros((0, 3), np.int32), np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int32), _NONE
        )
        self.groups, self.own = np.zeros(0, GROUP), np.zeros(0, np.int32)
        self.balls = np.zeros((0, 4), np.float32)
        size = float(np.ptp(corners.xyz, axis=0).max()) if len(corners.xyz) else 0.0
        self.coarsest = _COARSEST * size
        self.normals = corners.normals.copy()  # sums over what was merged into a vertex
        self.kind = vertex_kind(bool(len(corners.uv)), bool(len(corners.rgba)))
        self.levels = 0

    def step(self, workers: int, told: Callable[[int, int], None]) -> Level | None:
        """The next level; None where there is none. told: triangles done, and of how many; it may raise `Cancelled`."""
        level = self._next(workers, told) if self.levels else self._first(told)
        if level is not None:
            self._advance(level)
        return level

    def take(self, level: Level) -> None:
        """A level that was made before."""
        self._sum(level.merged)
        self._advance(level)

    def _sum(self, merged: I32) -> None:
        _summed(self.normals, merged)

    def _advance(self, level: Level) -> None:
        """The front as it is after that level."""
        gone = np.isin(self.front.number, level.next_of[:, 0])
        kept = np.flatnonzero(~gone)
        sizes = np.diff(self.front.begins)
        old = self.front.faces[np.repeat(~gone, sizes)]
        c = level.clusters
        new = _corners(level.vertices["source"], level.indices, c["vertex"], c["index"], c["triangles"])
        self.front = Front(
            np.concatenate([old, new]),
            np.cumsum([0, *sizes[kept], *level.clusters["triangles"]]),
            np.concatenate([self.front.number[kept], len(self.own) + np.arange(len(level.clusters))]),
            np.concatenate([self.front.part[kept], level.clusters["part"]]),
            level.held,
        )
        self.groups = np.concatenate([self.groups, level.groups])
        self.own = np.concatenate([self.own, level.clusters["own"]])
        self.balls = np.concatenate([self.balls, level.clusters["sphere"]])
        self.levels += 1

    def _first(self, told: Callable[[int, int], None]) -> Level:
        """The model itself in clusters."""
        c = self.corners
        faces, begins, part, _ = _by_part(c, c.faces, c.starts)
        told(len(faces), len(faces))
        return self._level(np.zeros(0, GROUP), faces, begins, np.full(len(part), LEAF, np.int32), part, _NONE, _NONE, _NONE)

    def _next(self, workers: int, told: Callable[[int, int], None]) -> Level | None:
        front = self.front
        if len(front.number) < 2:
            return None
        group = groups_of(self.corners.place, front.faces, front.begins, GROUP_SIZE)
        order = np.argsort(group, kind="stable")
        ends = np.searchsorted(group[order], np.arange(int(group.max()) + 2))
        members = [order[a:b] for a, b in pairwise(ends)]
        locked = _locked(self.corners.place, front.faces, np.repeat(group, np.diff(front.begins)))
        rows, faces, begins, own, part, next_of, merged = [], [], [np.zeros(1, np.int64)], [], [], [], []
        stays, holds = np.ones(len(front.number), bool), []
        done, last, sizes = 0, 0, np.diff(front.begins)
        for held, found in self._halved(members, locked, workers):
            done += int(sizes[held].sum())
            told(done, len(front.faces))
            if found is None:
                continue
            new, cuts, of_part, errors, pairs, holding = found
            rows.append(self._group(held, errors))
            number = len(self.groups) + len(rows) - 1
            faces.append(new)
            begins.append(cuts[1:] + last)
            holds.append(holding + np.array([0, last], np.int32))
            last += len(new)
            own.append(np.full(len(of_part), number, np.int32))
            part.append(of_part)
            next_of.append(np.stack([front.number[held], np.full(len(held), number)], 1).astype(np.int32))
            merged.append(pairs)
            stays[held] = False
        if not rows:
            return None
        merges = np.concatenate(merged)
        self._sum(merges)
        kept, moved = _carried(front, stays)
        return self._level(
            np.array(rows, GROUP), np.concatenate(faces), np.concatenate(begins), np.concatenate(own),
            np.concatenate(part), np.concatenate(next_of), merges,
            np.concatenate([kept, *(h + np.array([0, moved], np.int32) for h in holds)]),
        )  # fmt: skip

    def _halved(self, members: list[I64], locked: NDArray[np.bool_], workers: int) -> Iterator[tuple[I64, Any]]:
        with ThreadPoolExecutor(workers) as pool:
            for k in range(0, len(members), _AT_ONCE):
                yield from zip(
                    members[k : k + _AT_ONCE],
                    pool.map(lambda held: self._one(held, locked), members[k : k + _AT_ONCE]),
                    strict=True,
                )

    def _one(self, held: I64, locked: NDArray[np.bool_]) -> Any:
        """A group's new triangles in clusters, their parts, errors, what was merged, and what holds what went; None: no gain."""
        c, front = self.corners, self.front
        spans = [(int(front.begins[k]), int(front.begins[k + 1])) for k in held]
        faces = np.concatenate([front.faces[a:b] for a, b in spans])
        ends = np.searchsorted(front.held[:, 1], np.array(spans))
        shift = np.cumsum([0, *(b - a for a, b in spans)])
        gone = [front.held[a:b] - np.array([0, first - to], np.int32)
                for (a, b), (first, _), to in zip(ends, spans, shift, strict=False)]  # fmt: skip
        before = np.concatenate(gone).astype(np.int32)
        left, errors, merged, holding = halved(
            c.xyz, c.place, c.chart, c.island, c.normals, c.uv, faces, locked,
            np.ascontiguousarray(before[:, 0]), np.ascontiguousarray(before[:, 1]), len(faces) // 2,
        )  # fmt: skip
        if len(left) > _WORTH * len(faces) or not len(left) or errors[0] > self.coarsest:
            return None
        order, starts = np.arange(len(left)), np.array([0, len(left)])
        if len(c.starts) > 2:
            of = c.owner[left[:, 0]]
            order = np.argsort(of, kind="stable")
            starts = np.searchsorted(of[order], np.arange(len(c.starts)))
        new, cuts, of_part, within = _by_part(c, left[order], starts)
        place = np.empty(len(left), np.int32)
        place[order[within]] = np.arange(len(left))
        holding[:, 1] = place[holding[:, 1]]
        return new, cuts, of_part, errors, merged, holding[np.argsort(holding[:, 1], kind="stable")]

    def _group(self, held: I64, errors: NDArray[np.float64]) -> Any:
        """Measured from the model itself, and no less than in the groups below; the ball holds theirs."""
        numbers = self.front.number[held]
        own = self.own[numbers]
        below = self.groups[own[own >= 0]]
        most = {name: float(below[name].max(initial=0)) for name in ("error", "look", "rim", "between")}
        off, chain, slid = (float(e) for e in errors)
        between = max(most["between"], _BETWEEN * off) if (own < 0).any() else most["between"]
        rim = most["rim"] + chain
        error = max(most["error"], _BACK * off + between, rim)
        inner = np.concatenate([below["sphere"], self.balls[numbers]])
        return error * (1 + 1e-6), max(most["look"], slid), rim, between, ball_of(inner)

    def _level(
        self, groups: NDArray[np.void], faces: I32, begins: I64, own: I32, part: I32, next_of: I32, merged: I32,
        held: I32,
    ) -> Level:  # fmt: skip
        c = self.corners
        vertex, start, indices = numbered(
            faces, begins, np.full(len(c.xyz), -1, np.int32), np.empty(len(c.xyz), np.int32)
        )
        clusters = np.zeros(len(part), CLUSTER)
        clusters["own"], clusters["next"], clusters["part"] = own, -1, part
        clusters["sphere"] = balls(c.xyz, vertex, start)
        clusters["vertex"], clusters["vertices"] = start[:-1], np.diff(start)
        clusters["index"], clusters["triangles"] = 3 * begins[:-1], np.diff(begins)
        vertices = vertices_of(vertex, self.kind, c.xyz, self.normals, c.uv, c.rgba)
        return Level(groups, clusters, vertices, indices, next_of.reshape(-1, 2), merged.reshape(-1, 2), held)


def vertices_of(vertex: I32, kind: np.dtype[Any], xyz: F32, normals: NDArray[Any], uv: F32, rgba: U8) -> NDArray[np.void]:
    """Records of these vertices."""
    found = np.zeros(len(vertex), kind)
    for first in range(0, len(vertex), _BLOCK):
        block, some = found[first : first + _BLOCK], vertex[first : first + _BLOCK]
        block["position"], block["source"] = xyz[some], some
        normal = normals[some]
        long = np.linalg.norm(normal, axis=1, keepdims=True)
        block["normal"][:, :3] = np.round(normal / np.where(long > 0, long, 1) * 127)
        if len(uv):
            block["uv"] = uv[some]
        if len(rgba):
            block["rgba"] = rgba[some]
    return found


_NONE = np.zeros((0, 2), np.int32)


def _by_part(c: Corners, faces: I32, starts: I64) -> tuple[I32, I64, I32, I32]:
    """Faces in clusters of one part each, where these begin, their part, and which face came to each place."""
    orders, begins, part = [], [np.zeros(1, np.int64)], []
    for k, (a, b) in enumerate(pairwise(starts)):
        if a == b:
            continue
        order, cuts = clusters_of(c.xyz, faces[a:b], MOST)
        orders.append(order + np.int32(a))
        begins.append(cuts[1:] + int(a))
        part.append(np.full(len(cuts) - 1, k, np.int32))
    whole = orders[0] if len(orders) == 1 else np.concatenate(orders)
    return faces[whole], np.concatenate(begins), np.concatenate(part), whole


def _carried(front: Front, stays: NDArray[np.bool_]) -> tuple[I32, int]:
    """What is held by clusters that stay, with their triangles' new numbers; and how many triangles these are."""
    sizes = np.diff(front.begins)
    kept = np.repeat(stays, sizes)
    number = (np.cumsum(kept) - 1).astype(np.int32)
    held = front.held[kept[front.held[:, 1]]]
    return np.stack([held[:, 0], number[held[:, 1]]], 1).astype(np.int32), int(kept.sum())


@njit(nogil=True, cache=True)
def _corners(source: Any, indices: Any, vertex: Any, index: Any, triangles: Any) -> Any:
    """(F, 3) vertices of the model at the corners of clusters' triangles."""
    found, f = np.empty((triangles.sum(), 3), np.int32), 0
    for c in range(len(vertex)):
        for i in range(triangles[c]):
            for k in range(3):
                found[f, k] = source[vertex[c] + indices[index[c] + 3 * i + k]]
            f += 1
    return found


@njit(nogil=True, cache=True)
def _locked(place: Any, faces: Any, group: Any) -> Any:
    """(V,) places that more than one group has."""
    first, found = np.full(len(place), -1, np.int32), np.zeros(len(place), np.bool_)
    for f in range(len(faces)):
        for k in range(3):
            p = place[faces[f, k]]
            if first[p] < 0:
                first[p] = group[f]
            elif first[p] != group[f]:
                found[p] = True
    return found


@njit(nogil=True, cache=True)
def _summed(sums: Any, merged: Any) -> None:
    for i in range(len(merged)):
        for k in range(sums.shape[1]):
            sums[merged[i, 1], k] += sums[merged[i, 0], k]


def tables_of(levels: list[Level]) -> dict[str, list[NDArray[Any]]]:
    """One table of all levels, in pieces."""
    clusters = np.concatenate([level.clusters for level in levels])
    vertex = np.cumsum([0, *(len(level.vertices) for level in levels)])
    index = np.cumsum([0, *(len(level.indices) for level in levels)])
    counts = [len(level.clusters) for level in levels]
    clusters["vertex"] += np.repeat(vertex[:-1], counts)
    clusters["index"] += np.repeat(index[:-1], counts)
    for level in levels:
        clusters["next"][level.next_of[:, 0]] = level.next_of[:, 1]
    return {
        "groups": [level.groups for level in levels],
        "clusters": [clusters],
        "vertices": [level.vertices for level in levels],
        "indices": [level.indices for level in levels],
    }


def levels_of(corners: Corners, workers: int = 1) -> Levels:
    """All levels at once, in memory."""
    growing, found = Growing(corners), []
    while (level := growing.step(workers, silent)) is not None:
        found.append(level)
    return Levels(**{name: np.concatenate(pieces) for name, pieces in tables_of(found).items()})
