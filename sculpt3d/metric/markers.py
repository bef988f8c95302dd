"""Every kind of printed target by its name, found in one photo: squares by `targets`, rings by `rings`."""

from __future__ import annotations

from collections.abc import Sequence

from sculpt3d.metric.ring_codes import CODES, RINGS
from sculpt3d.metric.rings import find_rings
from sculpt3d.metric.targets import FAMILIES, Sighting, find_squares, members
from sculpt3d.types import U8

NAMES = (*FAMILIES, RINGS)


def find_markers(grey: U8, families: Sequence[str], thorough: bool = True) -> list[Sighting]:
    """grey (H, W). What is too small or not clear is left out; a number seen twice is left out twice. thorough: else squares are
    looked for once, to tell which families there are."""
    squares = find_squares(grey, tuple(f for f in families if f != RINGS), thorough)
    return squares + (find_rings(grey) if RINGS in families else [])


def how_many(family: str) -> int:
    return len(CODES) if family == RINGS else members(family)
