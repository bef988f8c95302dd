"""The pose of a surface on another without a start: candidates of the search and the frames as they are, refined and judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from sculpt3d.compare.points import Points, box, evened, mean_and_radius, near, with_and_without_ground
from sculpt3d.compare.registration import icp
from sculpt3d.compare.search import search
from sculpt3d.errors import InputError
from sculpt3d.geometry import F64, Sim3

MOST = 100_000  # points a side
REFINED = 6  # candidates that are refined, beside the frames as they are
HOPELESS = 0.2  # of the misfit, worse than the best: no refinement makes up for it
AS_GOOD = (
    0.004  # of the misfit: sampling moves it by .001, a handle of one in a hundred of the surface by .02
)
SAME_DEG = 4.0
OTHER_UNIT = 15.0  # times as large: nobody's surroundings
_Y_UP_TO_Z_UP = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
_FRAMES = tuple(Sim3(1.0, turn, np.zeros(3)) for turn in (np.eye(3), _Y_UP_TO_Z_UP, _Y_UP_TO_Z_UP.T))


@dataclass(frozen=True)
class Found:
    """The pose target_from_source that fits best, and the others that fit as well."""

    target_from_source: Sim3
    rivals: tuple[Sim3, ...]

    def note(self) -> str | None:
        if not self.rivals:
            return None
        turns = [_degrees(self.target_from_source, r) for r in self.rivals]
        others = "another pose fits" if len(turns) == 1 else f"{len(turns)} other poses fit"
        return (
            f"the pose is ambiguous: {others} as well, turned by {min(turns):.0f}"
            + (f" to {max(turns):.0f}" if len(turns) > 1 else "")
            + " degrees; the scores hold, the transform is one of several. Give --cameras to settle it"
        )


def find_pose(source: Points, target: Points, with_scale: bool) -> Found:
    """From any start and, `with_scale`, any unit. Raises `InputError` where sizes differ as units do and may not be fitted."""
    p, q = _some(source), _some(target)
    if not with_scale:
        _same_unit(p, q)
    judge = Judge.of(p, q)
    coarse = 0.03 * mean_and_radius(q.xyz)[1]
    rated = [(judge.misfit(pose, coarse, 3000), k, pose) for k, pose in enumerate(search(p, q, with_scale))]
    least = min(rated)[0]
    likely = [pose for misfit, _, pose in sorted(rated)[:REFINED] if misfit < least + HOPELESS]
    few_p, few_q = evened(p), q.take(np.arange(min(len(q.xyz), 40_000)))
    as_given = [frame for frame in _FRAMES if judge.touches(frame)]
    refined = [
        icp(judge.near_target(few_p.xyz, pose)[:6000], few_q.xyz, few_q.normal, pose, with_scale, 25, reach)
        for pose, reach in (*((s, 0.1) for s in as_given), *((s, 0.02) for s in likely))
    ]
    given = sum(judge.touches(pose) for pose in refined[: len(as_given)])
    refined = [pose for pose in refined if judge.touches(pose)]
    if not refined:
        raise InputError("No pose brings the model onto the truth: they seem to show different things")
    order = sorted(refined, key=lambda pose: judge.misfit(pose, coarse, 10_000))
    fine = judge.noise(order[0], coarse)
    misfit = [judge.misfit(pose, fine, 20_000) for pose in refined]
    best = int(np.argmin(misfit))
    equal = [k for k, m in enumerate(misfit) if m < misfit[best] + AS_GOOD]
    chosen = equal[0] if equal[0] < given else best  # as given rather than turned, where that is as good
    rivals: list[Sim3] = []
    for k in equal:
        if all(_degrees(refined[k], other) > SAME_DEG for other in (refined[chosen], *rivals)):
            rivals.append(refined[k])
    return Found(refined[chosen], tuple(rivals))


@dataclass(frozen=True)
class Judge:
    """Two surfaces' points with what is needed to ask how well a pose explains both."""

    source: Points
    target: Points
    source_tree: cKDTree
    target_tree: cKDTree
    low: F64
    high: F64

    @staticmethod
    def of(source: Points, target: Points) -> Judge:
        low, high = box(target.xyz)
        margin = 0.05 * float((high - low).max())
        trees = cKDTree(source.xyz), cKDTree(target.xyz)
        return Judge(source, target, *trees, low - margin, high + margin)

    def touches(self, pose: Sim3) -> bool:
        """Whether a part of either lies in the other's box: ICP between things far apart is slow, and collapses."""
        low, high = box(self.source.xyz)
        back = pose.inverse().apply(self.target.xyz[:3000]) if pose.scale > 1e-9 else np.full((1, 3), np.inf)
        there = pose.apply(self.source.xyz[:3000])
        inside = ((there > self.low) & (there < self.high)).all(1).mean()
        return bool(inside > 0.03 and ((back > low) & (back < high)).all(1).mean() > 0.2)

    def near_target(self, xyz: F64, pose: Sim3) -> F64:
        """The points that the pose puts into the target's box; all where they are few."""
        at = pose.apply(xyz)
        kept = xyz[((at > self.low) & (at < self.high)).all(1)]
        return kept if len(kept) > 300 else xyz

    def ways(self, pose: Sim3, count: int, reach: float) -> tuple[Pairs, Pairs]:
        """Pairs nearer than `reach`, both ways, for `count` points of either side that lie where they can have one.

        A tree asked for the nearest point of something far away looks at all of them: bounded, it is fifty times as fast.
        """
        at = pose.apply(self.source.xyz[:count])
        inside = ((at > self.low) & (at < self.high)).all(1)
        at, facing = at[inside], self.source.normal[:count][inside] @ pose.rotation.T
        distance, j = self.target_tree.query(at, workers=1, distance_upper_bound=reach)
        i, j = np.flatnonzero(distance < reach), j[distance < reach]
        forth = _pairs(at[i], facing[i], self.target.xyz[j], self.target.normal[j], len(at))
        q, n = self.target.xyz[:count], self.target.normal[:count]
        bound = reach / pose.scale
        distance, k = self.source_tree.query(pose.inverse().apply(q), workers=1, distance_upper_bound=bound)
        i, k = np.flatnonzero(distance < bound), k[distance < bound]
        back = pose.apply(self.source.xyz[k])
        return forth, _pairs(q[i], n[i], back, self.source.normal[k] @ pose.rotation.T, len(q))

    def misfit(self, pose: Sim3, cap: float, count: int) -> float:
        """0 to 1, like that of `climb`: mean over both ways of squared distances over the cap's, at most 1."""
        forth, back = self.ways(pose, count, 5 * cap)
        least = 0.1 * min(count, len(self.source.xyz))
        return (1 - forth.close(cap) / max(forth.asked, least)) / 2 + (1 - back.close(cap) / back.asked) / 2

    def noise(self, pose: Sim3, reach: float) -> float:
        """Four times the median distance to the other's plane: what is farther is something else."""
        off = np.concatenate([pairs.off for pairs in self.ways(pose, 10_000, reach)])
        return 4 * (float(np.median(off)) if len(off) else reach) + 1e-9 * float((self.high - self.low).max())


@dataclass(frozen=True)
class Pairs:
    """Of `asked` points, those with a partner: off (N,) its plane, `apart` (N,) from it, agreement (N,) of the normals."""

    off: F64
    apart: F64
    agreement: F64
    asked: int

    def close(self, cap: float) -> float:
        """How many explain each other: 1 for no distance and the same normal, 0 from the cap or a right angle on."""
        near = 1 - np.minimum((self.off**2 + 0.01 * self.apart**2) / cap**2, 1.0)
        return float((near * np.minimum(self.agreement, 1.0) ** 2).sum())


def _pairs(x: F64, facing: F64, y: F64, normal: F64, asked: int) -> Pairs:
    apart = y - x
    off, agreement = np.abs((apart * normal).sum(1)), np.abs((facing * normal).sum(1))
    return Pairs(off, np.linalg.norm(apart, axis=1), agreement, asked)


def _some(points: Points) -> Points:
    kept = np.flatnonzero(near(points.xyz))
    return points.take(np.random.default_rng(0).permutation(kept)[:MOST])


def _same_unit(p: Points, q: Points) -> None:
    sizes = [[mean_and_radius(part.xyz)[1] for part in with_and_without_ground(x)] for x in (p, q)]
    ratio = min((a / b for a in sizes[0] for b in sizes[1]), key=lambda r: abs(np.log(r)))
    if not 1 / OTHER_UNIT < ratio < OTHER_UNIT:
        raise InputError(
            f"The model is {ratio:.3g} times as large as the truth: are both in metres? --align sim3 fits the scale too"
        )


def _degrees(a: Sim3, b: Sim3) -> float:
    cosine = (float(np.trace(a.rotation.T @ b.rotation)) - 1) / 2
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
