"""Colours of signed distances that colour-blind people tell apart: blue below, grey at zero, orange above, darker outwards."""

from __future__ import annotations

import numpy as np

from sculpt3d.geometry import F64
from sculpt3d.types import U8, Bool

_STOPS = np.array(
    [
        [16, 52, 117],
        [63, 118, 186],
        [152, 190, 222],
        [232, 232, 230],
        [246, 190, 128],
        [216, 116, 34],
        [127, 52, 8],
    ],
    float,
)
NOTHING = (120, 120, 120)  # where there is nothing to compare with
CALM = (214, 212, 206)  # where nothing changed for sure


def diverging(values: F64, limit: float) -> U8:
    """(N,) -> sRGB (N, 3): the ends from -limit and limit on; NaN is `NOTHING`."""
    t = np.clip(np.nan_to_num(values) / limit, -1, 1) / 2 + 0.5
    x = t * (len(_STOPS) - 1)
    i = np.minimum(x.astype(int), len(_STOPS) - 2)
    found = _STOPS[i] + (_STOPS[i + 1] - _STOPS[i]) * (x - i)[:, None]
    found[np.isnan(values)] = NOTHING
    return np.asarray(np.round(found), np.uint8)


def only(colours: U8, kept: Bool) -> U8:
    """`CALM` where not kept."""
    return np.where(kept[:, None], colours, np.array(CALM, np.uint8)).astype(np.uint8)


def round_limit(wanted: float) -> float:
    """The next of 1, 2, 5, 10, ... from `wanted` on, so that a bar has round ends."""
    if not wanted > 0:
        return 1e-3
    power = 10.0 ** np.floor(np.log10(wanted))
    return float(next(m * power for m in (1, 2, 5, 10) if m * power >= wanted * (1 - 1e-9)))
