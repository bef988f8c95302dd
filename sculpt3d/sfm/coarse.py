"""Which photos show the same: their few coarsest features are compared, all with all, before many are matched.

A pair costs 5 ms, against 50 to 200 ms for all features of both; what has next to nothing in common is not matched then.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sculpt3d.progress import Each, one_by_one
from sculpt3d.sfm.feature_files import read_features

COARSE = 1024  # features a photo
WORTH = 4  # times as many: fewer are matched faster than looked at
RATIO = 0.8  # of the best to the second best, as matching has it
ALIKE = 16  # coarse matches from which on a pair is matched; unrelated photos have 5 to 16
PARTNERS = 8  # of each photo that are matched anyhow, the likeliest first
NORM = 512.0**2  # a descriptor's square

Pairs = list[tuple[int, int]]


def likely_pairs(features: list[Path], pairs: Pairs, each: Each = one_by_one) -> Pairs:
    """Those of `pairs` that have something in common by their coarse features; all, where photos have few features."""
    n = len(features)
    coarse = each(lambda path: _coarsest(path), features)
    if n <= PARTNERS or np.median([count for _, count in coarse]) < WORTH * COARSE:
        return pairs
    partners: list[list[int]] = [[] for _ in range(n)]
    for i, j in pairs:
        partners[i].append(j)
    rows = each(lambda i: [_common(coarse[i][0], coarse[j][0]) for j in partners[i]], range(n))
    common = np.zeros((n, n), np.int64)
    for i, row in enumerate(rows):
        common[i, partners[i]] = row
    return chosen(common + common.T, pairs)


def chosen(common: NDArray[np.int64], pairs: Pairs) -> Pairs:
    """Of the pairs: those with enough in common, and each photo's likeliest; common (n, n)."""
    best = np.argsort(-common, axis=1, kind="stable")[:, :PARTNERS]
    anyhow = {(min(i, int(j)), max(i, int(j))) for i in range(len(best)) for j in best[i]}
    return [(i, j) for i, j in pairs if common[i, j] >= ALIKE or (i, j) in anyhow]


def _coarsest(path: Path) -> tuple[NDArray[np.uint8], int]:
    """Descriptors (M, 128) of the features of the largest scale, and how many there are in all."""
    found = read_features(path)
    order = np.argsort(-found.area(), kind="stable")[:COARSE]
    return found.descriptors[order], len(found.affine)


def _common(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> int:
    """Features that are each other's nearest and clearly nearer than the next. Products are whole numbers: exact in any order."""
    if min(len(a), len(b)) < 2:
        return 0
    alike = a.astype(np.float32) @ b.astype(np.float32).T
    there, rows = alike.argmax(1), np.arange(len(a))
    best = alike[rows, there]
    mutual = best == alike.max(0)[there]
    alike[rows, there] = -1
    second = alike.max(1)
    clear = NORM - best < RATIO**2 * (NORM - second)
    return int(np.count_nonzero(mutual & clear))
