"""Where a surface lies on another, from any start: every rotation is tried, coarse to fine.

Centre and size to begin with come from the points' mean, from the ball around them, and from a fifth of the length missing
at either end; with and without the ground that either may stand on.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sculpt3d.compare.climb import Cells, Poses, climb
from sculpt3d.compare.points import Points, evened, mean_and_radius, with_and_without_ground
from sculpt3d.geometry import F64, Sim3

ROTATIONS = 2000  # about 17 degrees apart
BLOCK = 250  # poses a thread takes at a time


@dataclass(frozen=True)
class Level:
    """keep: poses that go on; count: points a side; reaches and cap: of the target's root mean square radius."""

    keep: int
    count: int
    reaches: tuple[float, ...]
    cap: float


LEVELS = (
    Level(600, 200, (0.5, 0.4, 0.3, 0.25, 0.2, 0.16, 0.13, 0.1), 0.08),
    Level(60, 800, (0.12, 0.1, 0.08, 0.06, 0.05, 0.04), 0.05),
    Level(8, 3000, (0.05, 0.04, 0.03, 0.02, 0.02), 0.03),
)


def search(source: Points, target: Points, with_scale: bool) -> list[Sim3]:
    """Poses target_from_source worth a closer look, the likeliest first: as all is, then without the ground either has."""
    p, q = with_and_without_ground(source), with_and_without_ground(target)
    ways = [(p[0], q[0])] if len(p) == len(q) == 1 else [(p[0], q[0]), (p[-1], q[-1])]
    return [pose for a, b in ways for pose in _search(evened(a), evened(b), with_scale)]


def _search(p: Points, q: Points, with_scale: bool) -> list[Sim3]:
    middle, radius = mean_and_radius(q.xyz)
    about = Sim3(1 / radius, np.eye(3), -middle / radius)  # the target's middle is the pivot of all steps
    first, size = mean_and_radius(p.xyz)
    size = size if with_scale else radius
    own = Sim3(1 / size, np.eye(3), -first / size)
    one, other = Cells.of(own.apply(p.xyz), p.normal), Cells.of(about.apply(q.xyz), q.normal)
    poses = _starts(one.xyz, other.xyz, with_scale)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for level in LEVELS:
            step = partial(
                climb, source=one, target=other, count=level.count, reaches=np.array(level.reaches),
                cap=level.cap, with_scale=with_scale,
            )  # fmt: skip
            found = list(threads.map(step, poses.split(BLOCK)))
            poses = Poses.joined([f[0] for f in found])
            poses = poses.take(_apart(poses, np.concatenate([f[1] for f in found]), level.keep))
    back = about.inverse()
    return [
        back @ Sim3(float(s), r, t) @ own
        for s, r, t in zip(poses.scale, poses.rotation, poses.translation, strict=True)
    ]


def _starts(p: F64, q: F64, with_scale: bool) -> Poses:
    """Every rotation about matched middles of either kind; both sets are about their means, of root mean square radius 1."""
    (c, small), (d, large) = _ball(p), _ball(q)
    long = np.linalg.svd(p[:2000] - p[:2000].mean(0), full_matrices=False)[2][0]
    size = float(np.sqrt((p**2).sum(1).mean()))
    starts = [
        (np.zeros(3), np.zeros(3), 1.0),
        (c, d, large / small),
        (0.5 * size * long, np.zeros(3), 0.85),
        (-0.5 * size * long, np.zeros(3), 0.85),
    ]
    turns = evenly_turned(ROTATIONS)
    return Poses.joined(
        [
            Poses(np.full(len(turns), s), turns, b - s * (turns @ a))
            for a, b, s in ((a, b, s if with_scale else 1.0) for a, b, s in starts)
        ]
    )


def evenly_turned(count: int) -> F64:
    """Rotations (count, 3, 3) spread evenly: a spiral on the sphere of quaternions; Alexa 2022."""
    s = np.arange(count) + 0.5
    a, b = 2 * np.pi * s / np.sqrt(2), 2 * np.pi * s / 1.533751168755204288118041
    inner, outer = np.sqrt(s / count), np.sqrt(1 - s / count)
    quaternion = np.stack([inner * np.sin(a), inner * np.cos(a), outer * np.sin(b), outer * np.cos(b)], 1)
    return np.asarray(Rotation.from_quat(quaternion).as_matrix())


def _ball(xyz: F64) -> tuple[F64, float]:
    """About the smallest around the points: a step towards the farthest, ever shorter; Badoiu & Clarkson 2003."""
    few = xyz[:5000]
    middle = few.mean(0)
    for i in range(200):
        middle = middle + (few[((few - middle) ** 2).sum(1).argmax()] - middle) / (i + 2)
    return middle, float(np.sqrt(((few - middle) ** 2).sum(1).max()))


def _apart(poses: Poses, misfit: F64, count: int, degrees: float = 5.0) -> NDArray[np.int64]:
    """The best `count` of which no two are the same pose."""
    kept: list[int] = []
    least = 1 + 2 * np.cos(np.radians(degrees))
    for i in np.argsort(misfit, kind="stable"):
        if len(kept) == count:
            break
        near = np.linalg.norm(poses.translation[kept] - poses.translation[i], axis=1) < 0.05
        same = (poses.rotation[kept] * poses.rotation[i]).sum((1, 2)) > least  # the trace of their difference
        if not (near & same).any():
            kept.append(int(i))
    return np.array(kept)
