"""Where the edges of a relief lie by the masks of its photos: finer than the rim of a surface, which frays or overshoots by some
pixels of the depth maps."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from sculpt3d.geometry import F64, unproject
from sculpt3d.relief import CORNER, outermost
from sculpt3d.types import View
from sculpt3d.views import finest_size, read_mask, scaled

SIDE = 2000  # pixels of a mask's longer side: enough
NEAR = 0.04  # of the relief's size: an outline farther from the surface's edge is another one
BINS = 40  # along an edge
COVERED = 0.6  # of them must be seen
FRAME = 4  # pixels at a picture's border, where a mask ends because the picture does


def masked_extent(views: Sequence[View], low: F64, high: F64, surface: F64) -> tuple[F64, F64]:
    """`low`, `high` (3,) of a relief's surface (N, 3), in its own frame (+Z its front, +Y up), with the edges that masks show."""
    masked = [v for v in views if v.mask is not None]
    outlines = [_outline(v) for v in masked]
    found = np.array([low, high], np.float64)
    for axis in (0, 1):
        for side, row in ((-1, 0), (1, 1)):
            level = _edge(outlines, low, high, surface, axis, side)
            if level is not None:
                found[row, axis] = level
    return found[0], found[1]


def _outline(view: View) -> tuple[F64, F64]:
    """Camera centre and directions (N, 3) of the rays through the mask's border."""
    height, width = finest_size(view.camera, SIDE)
    mask = read_mask(view, height, width).astype(np.uint8)
    inner = cv2.erode(mask, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE)
    border = mask > inner
    border[:FRAME] = border[-FRAME:] = border[:, :FRAME] = border[:, -FRAME:] = False
    y, x = np.nonzero(border)
    camera = scaled(view.camera, height, width)
    eye = view.cam_from_world.source_origin
    ends = unproject(camera.matrix(), view.cam_from_world, np.stack([x + 0.5, y + 0.5], 1), np.ones(len(x)))
    return eye, ends - eye


def _edge(
    outlines: Sequence[tuple[F64, F64]], low: F64, high: F64, surface: F64, axis: int, side: int
) -> float | None:
    """The edge's level; None where too little of it is seen from before the relief, where its front edge is the outline."""
    along, size = 1 - axis, high - low
    reach = NEAR * float(size[:2].max())
    edge = float((high if side > 0 else low)[axis])
    beside = surface[np.abs(surface[:, axis] - edge) < reach]
    if not len(beside):
        return None
    wall = float(np.median(beside[:, 2]))
    parts = []
    for eye, ray in outlines:
        if side * (eye[axis] - edge) > 0:  # the slab's own side is the outline
            continue
        ahead = ray[:, 2] < -1e-9
        spot = eye + ray[ahead] * ((wall - eye[2]) / ray[ahead, 2])[:, None]
        parts.append(spot[np.abs(spot[:, axis] - edge) < reach])
    every = np.concatenate(parts) if parts else np.zeros((0, 3))
    share = (every[:, along] - low[along]) / max(float(size[along]), 1e-300)
    at = np.floor((share - CORNER) / (1 - 2 * CORNER) * BINS).astype(np.int64)
    seen = [k for k in range(BINS) if (at == k).sum() >= 20]
    levels = [np.median(every[at == k, axis]) for k in seen]
    where = [low[along] + size[along] * (CORNER + (k + 0.5) / BINS * (1 - 2 * CORNER)) for k in seen]
    if len(levels) < COVERED * BINS:
        return None
    return outermost(
        np.array(where), np.array(levels), side, float(low[along]), float(high[along]), float(size[axis])
    )
