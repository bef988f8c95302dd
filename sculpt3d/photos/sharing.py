"""What only the whole set of photos tells: who shares a lens, focal lengths EXIF leaves open, the same photo given twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sculpt3d.photos.shots import Shot

U8 = NDArray[np.uint8]
SIDE = 32  # pixels of a thumbnail
# Correlation of thumbnails: a copy at 3/8 of the size, JPEG quality 70: .999; neighbours in five sets: .96 at most.
SAME_LOOK = 0.995
SAME_MOMENT = 0.98  # of photos that EXIF says were taken at once, edited or not; so are those of a rig of like cameras
CHUNK = 256
# Nearer focal lengths and zoom ratios are one setting: lenses that focus say 4.24 to 4.26 mm, phones zoom by 1.0007 or 1.003.
SETTING = 1.01
SETTINGS = 1.03  # and the first and last of one setting


def camera_keys(shots: Sequence[Shot], sizes: Sequence[tuple[int, int]]) -> list[str]:
    """Photos with equal keys share a lens."""
    groups: dict[str, list[int]] = {}
    for i, (shot, (width, height)) in enumerate(zip(shots, sizes, strict=True)):
        groups.setdefault(f"{shot.camera_and_lens}|{width}x{height}", []).append(i)
    keys = [""] * len(shots)
    for name, members in groups.items():
        focal = _settings([shots[i].focal_mm or 0.0 for i in members])
        zoom = _settings([shots[i].zoom for i in members])
        for i, mm, ratio in zip(members, focal, zoom, strict=True):
            keys[i] = name + (f"|{mm:g} mm" if mm else "") + (f"|zoom {ratio:g}" if ratio > SETTING else "")
    return keys


def _settings(values: Sequence[float]) -> list[float]:
    """Each value's setting: the least of those that lie close one after another."""
    setting: dict[float, float] = {}
    first = last = 0.0
    for value in sorted(set(values)):
        if value > SETTING * last or value > SETTINGS * first:
            first = value
        setting[value], last = first, value
    return [setting[value] for value in values]


def focal_lengths(shots: Sequence[Shot]) -> list[float | None]:
    """In pixels of each photo; None where unknown."""
    return [_focal(shot, _alike(shot, shots)) for shot in shots]


def _alike(shot: Shot, shots: Sequence[Shot]) -> list[Shot]:
    """Of the same camera at the same setting of its lens."""
    who = (shot.maker, shot.camera, shot.focal_mm)
    return [s for s in shots if (s.maker, s.camera, s.focal_mm) == who] if shot.focal_mm else [shot]


def _focal(shot: Shot, alike: Sequence[Shot]) -> float | None:
    found = shot.focal_px
    if found is None:
        return None
    if shot.focal_35:
        # The equivalent should include the digital zoom; of a camera that gives the same one without zoom, it does not.
        fixed = any(abs(s.focal_35 - shot.focal_35) < 1 for s in alike if s.focal_35 and s.zoom < 1.02)
        return found * shot.zoom if fixed and shot.zoom > 1.05 else found
    # A program that made the photo smaller may have corrected EXIF's size, and never the sensor's pixel pitch.
    same = [max(s.frame) for s in alike if s.pitch == shot.pitch and _proportional(s.frame, shot.frame)]
    return found * max(shot.frame) / max(same)


def _proportional(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return abs(max(a) * min(b) - max(b) * min(a)) < 0.005 * max(a) * min(b)


def thumbnail(grey: U8) -> U8:
    """(SIDE, SIDE) of a photo, whatever its shape."""
    return np.asarray(cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def find_copies(
    shots: Sequence[Shot], sizes: Sequence[tuple[int, int]], thumbnails: Sequence[U8]
) -> dict[int, int]:
    """Photos that are another one reduced, cropped, turned or edited: index -> index of the one to use, the largest.

    Two photos from the very same place say nothing of depth, and matching takes them for the best of pairs.
    """
    # Enlarged ones have more pixels and less in them.
    order = sorted(range(len(shots)), key=lambda i: (shots[i].scale > 1.01, -sizes[i][0] * sizes[i][1], i))
    looks = _looks(thumbnails)
    moment = np.unique([s.moment for s in shots], return_inverse=True)[1]
    found: dict[int, int] = {}
    for start in range(0, len(order), CHUNK):
        rows = order[start : start + CHUNK]
        likeness = np.max([looks[k][rows] @ looks[0].T for k in range(4)], axis=0)
        worth = (likeness > SAME_MOMENT) | (moment[rows][:, None] == moment)
        for row, i in enumerate(rows):
            before = np.array(order[: start + row], np.int64)
            for j in before[worth[row, before]]:
                alike = _is_copy(shots[i], shots[j], sizes[i] != sizes[j], float(likeness[row, j]))
                if int(j) not in found and alike:
                    found[i] = int(j)
                    break
    return found


def _looks(thumbnails: Sequence[U8]) -> Any:
    """(4, N, SIDE^2) without mean, of length one, in the four turns."""
    stack = np.array(thumbnails, np.float32).reshape(-1, SIDE, SIDE)
    stack -= stack.mean((1, 2), keepdims=True)
    stack /= np.maximum(np.sqrt((stack**2).sum((1, 2), keepdims=True)), 1e-6)
    return np.array([np.rot90(stack, k, (1, 2)).reshape(len(stack), -1) for k in range(4)])


def _is_copy(a: Shot, b: Shot, other_size: bool, likeness: float) -> bool:
    known = bool(a.moment and b.moment)
    if known and (a.moment, a.body_serial) != (b.moment, b.body_serial):
        return False
    if known and (a.maker, a.camera) == (b.maker, b.camera):
        if other_size:  # a camera does not change its size within a second
            return likeness > SAME_MOMENT or a.cropped or b.cropped
        return likeness > SAME_MOMENT and not a.moment.endswith(".")  # without fractions: frames of a burst
    return other_size and likeness > SAME_LOOK
