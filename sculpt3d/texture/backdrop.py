"""Where a photo shows what lies behind the object, though the surface says that it shows the object.

A surface that stands out a little where no photo looks straight at it (a crown against the sky) reaches beyond the outline
that photos show. There a photo's pixels look like those just outside, and hang together with them.
"""

from __future__ import annotations

import cv2
import numpy as np

from sculpt3d.types import F32, Bool

BAND = 0.03  # of the longer side, at least LEAST_PX: how far a surface may stand out
LEAST_PX = 10.0
CLEAR = 0.15  # between object and backdrop, of the whole range as eyes see it: below it nothing is told
SIDE = 700  # pixels of the longer side at which it is looked at: .1 core-s a photo
MIXED = 5  # pixels, across which a photo mixes both
NEARER = 0.35  # of the way from the backdrop's colour to the object's: nearer is backdrop


def behind(photo: F32, depth: F32) -> Bool:
    """(H, W): pixels of the surface that show the backdrop. photo (H, W, 3) linear light, depth (H, W), 0 outside."""
    step = max(1, round(max(depth.shape) / SIDE))
    few = _shown_behind(
        photo[::step, ::step], depth[::step, ::step] > 0, max(BAND * max(depth.shape), LEAST_PX) / step
    )
    whole = few.repeat(step, 0).repeat(step, 1)[: depth.shape[0], : depth.shape[1]]
    return np.asarray(whole & (depth > 0))


def _shown_behind(photo: F32, inside: Bool, band: float) -> Bool:
    """As `behind`, of every so many pixels; band in these."""
    none = np.zeros(inside.shape, bool)
    if not inside.any() or inside.all():
        return none
    deep = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 5)
    away = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 5)
    seen = np.sqrt(np.clip(photo, 0, 1))  # steps alike to the eye
    object_, _ = _around(seen, np.minimum(deep / band, 1) ** 2, band)
    backdrop, known = _around(seen, ((away > 1) & (away < 2 * band)).astype(np.float32), band)
    apart = np.linalg.norm(object_ - backdrop, axis=2)
    like = np.linalg.norm(seen - backdrop, axis=2) < NEARER * apart
    like &= inside & (deep <= band) & known & (apart > CLEAR)
    if not like.any():
        return none
    _, part = cv2.connectedComponents((like | ~inside).astype(np.uint8), connectivity=4)
    outer = like & np.isin(part, np.unique(part[~inside]))
    return np.asarray(cv2.dilate(outer.astype(np.uint8), np.ones((MIXED, MIXED), np.uint8)) > 0)


def _around(seen: F32, weight: F32, sigma: float) -> tuple[F32, Bool]:
    """Mean colour (H, W, 3) of what has weight nearby, and where there is any; made at a quarter of the size."""
    h, w = weight.shape
    small = max(w // 4, 1), max(h // 4, 1)
    both = np.dstack([seen * weight[..., None], weight])
    few = cv2.GaussianBlur(cv2.resize(both, small, interpolation=cv2.INTER_AREA), (0, 0), sigma / 4)
    wide = cv2.resize(few, (w, h), interpolation=cv2.INTER_LINEAR)
    return wide[..., :3] / np.maximum(wide[..., 3:], 1e-6), wide[..., 3] > 0.01
