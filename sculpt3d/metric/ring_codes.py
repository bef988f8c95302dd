"""Coded ring targets: a black disc, a white dot in its middle, and between them a ring of sixteen black or white sectors.

Two concentric circles, the disc's rim and the dot's, give the centre; the sectors give the number. Any two codes differ in
four sectors or more however they are turned, so one that is hidden or smeared is noticed and never read as another's.
"""

from __future__ import annotations

import numpy as np

from sculpt3d.geometry import F64
from sculpt3d.types import Bool

RINGS = "ring_64"
SECTORS = 16
DOT, RING = 0.35, (0.55, 0.80)  # radii in that of the disc
# Sector k, from the x axis counterclockwise on paper, is white where bit k is set. The smallest numbers of their turns, greedily.
CODES = (
    11,
    103,
    191,
    211,
    273,
    425,
    453,
    541,
    635,
    775,
    885,
    947,
    991,
    1057,
    1149,
    1165,
    1327,
    1367,
    1435,
    1461,
    1507,
    1591,
    1609,
    1735,
    2029,
    2197,
    2383,
    2419,
    2669,
    2763,
    2807,
    2905,
    2957,
    3295,
    3667,
    3771,
    3871,
    4473,
    4495,
    4687,
    4909,
    5099,
    5227,
    5427,
    5807,
    6015,
    6485,
    6619,
    6631,
    6971,
    7165,
    7465,
    7773,
    8151,
    9455,
    9917,
    10063,
    10683,
    11247,
    11447,
    11773,
    11989,
    12151,
    13735,
)


def turned(code: int) -> list[int]:
    """The code as it is read from each of the sectors."""
    mask = (1 << SECTORS) - 1
    return [((code << k) | (code >> (SECTORS - k))) & mask for k in range(SECTORS)]


def number_of(code: int) -> int | None:
    """Which target this is, from whatever sector it was read; None where none."""
    return _NUMBERS.get(code)


_NUMBERS = {t: number for number, code in enumerate(CODES) for t in turned(code)}


def is_black(number: int, xy: F64) -> Bool:
    """(..., 2) places in radii of the disc, y up -> (...): whether ink is there."""
    radius, angle = np.hypot(xy[..., 0], xy[..., 1]), np.arctan2(xy[..., 1], xy[..., 0])
    sector = np.floor(angle / (2 * np.pi) * SECTORS).astype(np.int64) % SECTORS
    lit = ((CODES[number] >> sector) & 1).astype(bool) & (radius > RING[0]) & (radius < RING[1])
    return np.asarray((radius <= 1) & (radius >= DOT) & ~lit)
