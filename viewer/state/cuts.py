"""What planes leave of a model: of each, the side its normal points away from. Of a ray that is one stretch."""

from __future__ import annotations

import numpy as np

from sculpt3d.geometry import F64
from sculpt3d.types import Bool

Cut = tuple[float, float, float, float]  # nx, ny, nz, d: n . p <= d is left; local, n of length 1
MOST_CUTS = 4  # that shaders have room for


def stretch(origins: F64, directions: F64, cuts: tuple[Cut, ...]) -> tuple[F64, F64]:
    """(N,) each: from where to where along the direction a ray runs in what is left; where the first is beyond, nowhere."""
    near, far = np.zeros(len(origins)), np.full(len(origins), np.inf)
    for *normal, d in cuts:
        room, rise = d - origins @ np.array(normal), directions @ np.array(normal)
        with np.errstate(divide="ignore", invalid="ignore"):
            at = room / rise
        near = np.where(rise < 0, np.maximum(near, at), near)
        far = np.where(rise > 0, np.minimum(far, at), far)
        far = np.where((rise == 0) & (room < 0), -np.inf, far)
    return near, far


def left(places: F64, cuts: tuple[Cut, ...]) -> Bool:
    """(N,) whether places (N, 3) are in what is left."""
    kept = np.ones(len(places), bool)
    for *normal, d in cuts:
        kept &= places @ np.array(normal) <= d
    return kept


def clipped(x: F64, cuts: tuple[Cut, ...]) -> F64:
    """What cuts leave of triangles (K, 3, 3)."""
    for *normal, d in cuts:
        height = x @ np.array(normal) - d
        whole = (height <= 0).all(1)
        mixed, h = x[~whole & (height < 0).any(1)], height[~whole & (height < 0).any(1)]
        if not len(mixed):
            x = x[whole]
            continue
        lone = np.where((h > 0).sum(1) == 1, h > 0, h <= 0).argmax(1)  # the corner that is alone on its side
        rows = np.arange(len(mixed))[:, None]
        order = (lone[:, None] + np.arange(3)) % 3
        (a, b, c), (ha, hb, hc) = (np.moveaxis(v[rows, order], 1, 0) for v in (mixed, h))
        ab = a + (b - a) * (ha / (ha - hb))[:, None]
        ac = a + (c - a) * (ha / (ha - hc))[:, None]
        kept = ha <= 0
        tip = np.stack([a, ab, ac], 1)[kept]
        rest = [np.stack(t, 1)[~kept] for t in ((ab, b, c), (ab, c, ac))]
        x = np.concatenate([x[whole], tip, *rest])
    return x
