"""The triangles that a region covers, its border in small ones: to be drawn, not to be measured."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sculpt3d.desk.annotated import inside
from sculpt3d.desk.quantity import Region
from sculpt3d.desk.regions import covered
from sculpt3d.desk.surface import Surface
from sculpt3d.geometry import F64
from sculpt3d.types import Bool

DEEPEST = 9  # times a triangle is quartered
MOST = 2_000_000  # triangles at a time
_FINE = 1 / 12  # of the region's measure: sides that the border is made of


def painted(surface: Surface, region: Region) -> F64:
    """(K, 3, 3) local. Raises `InputError` where the region lies on no part of the surface."""
    share = covered(surface, region)
    x = surface.xyz[surface.faces]
    places = np.array([p[:3] for p in (region.brush or region.polygon)])
    size = min(s[3] for s in region.brush) if region.brush else float(np.ptp(places, axis=0).max()) / 4
    border = x[(share > 0) & (share < 1)]
    return np.concatenate([x[share == 1], bordered(border, lambda p: inside(surface, region, p), size)])


def bordered(triangles: F64, within: Callable[[F64], Bool], size: float) -> F64:
    """What of triangles (N, 3, 3) lies within, in pieces: quartered where they are mixed until sides are small beside `size`."""
    x, found = triangles, [np.zeros((0, 3, 3))]
    for level in range(DEEPEST + 1):
        if not len(x) or len(x) > MOST:
            break
        probe = np.concatenate([x, x.mean(1, keepdims=True)], 1)
        mark = within(probe.reshape(-1, 3)).reshape(-1, 4)
        side = np.linalg.norm(x - np.roll(x, 1, 1), axis=2).max(1)
        small, tiny = side < size / 2, side < size * _FINE
        last = tiny | (level == DEEPEST)
        kept = (mark.all(1) & small) | (last & mark[:, 3])
        found.append(x[kept])
        x = x[~kept & ~last & (mark.any(1) | ~small)]
        a, b, c = x[:, 0], x[:, 1], x[:, 2]
        ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
        x = np.concatenate([np.stack(t, 1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])
    return np.concatenate(found)
