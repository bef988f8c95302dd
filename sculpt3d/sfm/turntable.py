"""Photos of a turntable before a background that stands still: the features that do not move are left out.

The camera stands still and the object turns, so most matches say that nothing moved: the cameras of 22 photos lock onto the
background, all registered, to 0.09 px, and all wrong. Features at the same pixel, of the same look, in several photos are
the background's. Nothing needs to be matched for that: two photos are compared in 3 ms.

What else stands still is told apart. Before a tripod the whole picture does, here regions (the object) never do: 7-17 % of
the features against 0. Doubles, bursts and brackets are short, a stand is long. Frames of a slow film are still between
neighbours only, those of a stand among all.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from sculpt3d.progress import Each, one_by_one
from sculpt3d.sfm.feature_files import Features, keep, read_features

STILL_PX = 1.5  # up to 1500 px; larger pictures shake and breathe by more
ALIKE = 200.0  # distance of SIFT descriptors of norm 512; 99 % of unrelated ones are 250 and more apart
REACH = 20  # photos ahead in the order of their names that each is compared with
FIRST_LOOK = 3  # and ahead of that: few still here end the search, so that other sets cost nothing
ENOUGH = 15  # still features that tie two photos; so many matches already make a false geometry
STAND = 5  # photos of a camera position, at least
ROUND = 20  # features around one that tell whether its region moves
COARSE_PX = 1.6  # finer features come and go with the noise
MOVING_SHARE = 0.02  # of a photo's features in regions that move

Mask = NDArray[np.bool_]


def without_still(
    paths: list[Path], longest_px: int, out: Path, each: Each = one_by_one
) -> tuple[list[Path], float]:
    """The photos' feature databases without what stands still, below `out`, and its share of all features.

    `paths` themselves and 0 where this is no turntable before a background with features.
    """
    still = find_still(each(read_features, paths), longest_px, each)
    if still is None:
        return paths, 0.0
    out.mkdir(parents=True, exist_ok=True)
    moving = [out / path.name for path in paths]

    def one(i: int) -> None:
        if not moving[i].exists():
            keep(paths[i], moving[i], ~still[i])

    each(one, range(len(paths)))
    return moving, float(np.concatenate(still).mean())


def find_still(photos: Sequence[Features], longest_px: int, each: Each = one_by_one) -> list[Mask] | None:
    """Per photo which of its features stand still, if the set is a turntable's; photos in the order they were taken."""
    n, radius = len(photos), max(STILL_PX, STILL_PX * longest_px / 1500)
    if n < STAND:
        return None
    trees = [cKDTree(p.affine[:, :2]) if len(p.affine) else None for p in photos]

    def look(steps: range) -> dict[tuple[int, int], tuple[Mask, Mask]]:
        pairs = [(i, i + step) for step in steps for i in range(n - step)]
        return dict(zip(pairs, each(lambda p: _compare(photos, trees, *p, radius), pairs), strict=True))

    seen = look(range(1, FIRST_LOOK + 1))
    if np.mean(_tied(seen, n).any(1)) < 0.5:
        return None
    seen |= look(range(FIRST_LOOK + 1, REACH + 1))
    still = [m >= 2 for m in _counts(photos, seen)]  # one photo may agree by chance
    stands = _on_a_stand(_tied(seen, n))
    if stands.mean() < 0.5:
        return None
    moving = [_moving_share(p, s) for p, s, on in zip(photos, still, stands, strict=True) if on]
    return still if np.median(moving) >= MOVING_SHARE else None


def _compare(
    photos: Sequence[Features], trees: list[Any], i: int, j: int, radius: float
) -> tuple[Mask, Mask]:
    """Which features of photos i and j are where one of the same look is in the other; up to 4 places share a pixel."""
    a, b = photos[i], photos[j]
    in_a, in_b = np.zeros(len(a.affine), bool), np.zeros(len(b.affine), bool)
    if trees[i] is None or trees[j] is None:
        return in_a, in_b
    distance, near = trees[j].query(a.affine[:, :2], k=4, distance_upper_bound=radius, workers=1)
    mine, rank = np.nonzero(np.isfinite(distance))
    other = near[mine, rank]
    difference = a.descriptors[mine].astype(np.int32) - b.descriptors[other]
    alike = (difference**2).sum(1) < ALIKE**2
    in_a[mine[alike]] = in_b[other[alike]] = True
    return in_a, in_b


def _tied(seen: dict[tuple[int, int], tuple[Mask, Mask]], n: int) -> Mask:
    """(n, n) photos with enough that stands still in both."""
    tied = np.zeros((n, n), bool)
    for (i, j), (a, b) in seen.items():
        tied[i, j] = tied[j, i] = min(a.sum(), b.sum()) >= ENOUGH
    return tied


def _counts(
    photos: Sequence[Features], seen: dict[tuple[int, int], tuple[Mask, Mask]]
) -> list[NDArray[np.int32]]:
    """Per feature the number of photos it stands still in."""
    counts = [np.zeros(len(p.affine), np.int32) for p in photos]
    for (i, j), (a, b) in seen.items():
        counts[i] += a
        counts[j] += b
    return counts


def _on_a_stand(tied: Mask) -> Mask:
    """(n,) photos tied to at least half of those within reach that were taken from the same position."""
    n = len(tied)
    _, label = connected_components(coo_array(tied), directed=False)
    apart = np.abs(np.arange(n)[:, None] - np.arange(n))
    same = (label[:, None] == label) & (apart > 0) & (apart <= REACH)
    partners = tied.sum(1)
    return np.asarray((partners >= STAND - 1) & (partners >= 0.5 * same.sum(1)))


def _moving_share(photo: Features, still: Mask) -> float:
    """Share of the coarse features around which next to nothing stands still."""
    coarse = np.hypot(photo.affine[:, 2], photo.affine[:, 4]) > COARSE_PX
    if coarse.sum() <= ROUND:
        return 0.0
    place = photo.affine[coarse, :2]
    around = cKDTree(place).query(place, k=ROUND + 1, workers=1)[1]
    return float((still[coarse][around].mean(1) <= 0.1).mean())
