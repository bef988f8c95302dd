"""Printed square markers (ArUco, AprilTag) in photos, to some hundredths of a pixel.

OpenCV finds and names them; where their corners lie is measured here. On 77 projections of rendered targets OpenCV 5's
corners scatter by .31 px (.07 refined as AprilTags, in ten times the seconds), locus-tag 0.10's by .07; lines through the
edges at half their step, crossed, give .03 with a bias of .001.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sculpt3d.geometry import F64
from sculpt3d.types import U8

WINDOWS = (None, 3)  # pixels over which OpenCV takes its thresholds; None: several of its own
FAMILIES = {
    "4x4_50": cv2.aruco.DICT_4X4_50,
    "4x4_100": cv2.aruco.DICT_4X4_100,
    "5x5_50": cv2.aruco.DICT_5X5_50,
    "5x5_100": cv2.aruco.DICT_5X5_100,
    "6x6_50": cv2.aruco.DICT_6X6_50,
    "6x6_250": cv2.aruco.DICT_6X6_250,
    "mip_36h12": cv2.aruco.DICT_ARUCO_MIP_36h12,
    "apriltag_16h5": cv2.aruco.DICT_APRILTAG_16h5,
    "apriltag_36h11": cv2.aruco.DICT_APRILTAG_36h11,
}
LEAST_SIDE = 10.0  # pixels; smaller ones are named, but their edges are no lines
SIGMA_PX = 0.03  # of a centre whose side has 40 pixels or more, the photo's own noise beside it
_STEP = 0.25  # pixels, along and across an edge
_ROUNDS = 3


@dataclass(frozen=True)
class Sighting:
    """A marker in a photo. corners (4, 2) and centre (2,): pixels, the first pixel's centre at (0.5, 0.5); corners clockwise from
    the pattern's own upper left."""

    family: str
    number: int
    corners: F64
    centre: F64


def find_squares(grey: U8, families: tuple[str, ...], thorough: bool = True) -> list[Sighting]:
    """grey (H, W). What is too small or whose edges are no lines is left out; a number seen twice is left out twice.

    thorough: no clear one is missed; else some may be, for half the time.
    """
    found = []
    for family in families:
        here = _named(grey, family, WINDOWS if thorough else WINDOWS[:1])
        numbers = [s.number for s in here]
        found += [s for s in here if numbers.count(s.number) == 1]
    return found


def _named(grey: U8, family: str, windows: tuple[int | None, ...]) -> list[Sighting]:
    """Twice, as one pass takes quadrangles near each other for one and may keep the wrong: of 1,500 clear markers OpenCV's own
    windows of 3, 13 and 23 pixels lost 22, one of 3 none, which in turn sees less of blurred ones."""
    dictionary = cv2.aruco.getPredefinedDictionary(FAMILIES[family])
    found: dict[int, list[Sighting]] = {}
    for window in windows:
        parameters = cv2.aruco.DetectorParameters()
        parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_NONE
        if window is not None:
            parameters.adaptiveThreshWinSizeMin = parameters.adaptiveThreshWinSizeMax = window
        corners, numbers, _ = cv2.aruco.ArucoDetector(dictionary, parameters).detectMarkers(grey)
        here: dict[int, list[Sighting]] = {}
        for square, number in zip(corners, () if numbers is None else numbers.ravel(), strict=True):
            if int(number) in found:
                continue
            fine = refine_corners(
                grey, square[0].astype(np.float64) + 0.5
            )  # OpenCV counts from pixels' centres
            if fine is not None:
                here.setdefault(int(number), []).append(Sighting(family, int(number), fine, crossing(fine)))
        found = here | found
    return [s for number in sorted(found) for s in found[number]]


def crossing(corners: F64) -> F64:
    """(4, 2) -> (2,): where the diagonals meet, which is the square's centre under any perspective."""
    a, b, c, d = corners
    along = np.linalg.solve(np.stack([c - a, b - d], 1), b - a)
    return np.asarray(a + along[0] * (c - a), np.float64)


def refine_corners(grey: U8, corners: F64) -> F64 | None:
    """(4, 2) pixels to where lines through the dark square's four edges cross; None where an edge is no line or too short."""
    now = corners
    for _ in range(_ROUNDS):
        sides = np.linalg.norm(np.roll(now, -1, 0) - now, axis=1)
        if sides.min() < LEAST_SIDE:
            return None
        reach = float(np.clip(sides.mean() / 10, 1.5, 3.0))
        lines = [_edge(grey, now[k], now[(k + 1) % 4], now.mean(0), reach) for k in range(4)]
        if any(line is None for line in lines):
            return None
        fine = _corners(lines)
        if fine is None or np.abs(fine - now).max() > reach + 1:
            return None
        now = fine
    return now


def _edge(grey: U8, a: F64, b: F64, middle: F64, reach: float) -> tuple[F64, F64] | None:
    """A point on the edge from `a` to `b` and its direction; from bright outside to dark inside."""
    along = b - a
    inward = np.array([-along[1], along[0]]) / np.linalg.norm(along)
    inward *= np.sign((middle - a) @ inward)
    share = np.linspace(0.12, 0.88, max(8, int(np.linalg.norm(along) / (2 * _STEP))))
    across = np.arange(-reach, reach + _STEP / 2, _STEP)
    base = a + share[:, None] * along
    at = (base[:, None] + across[:, None] * inward - 0.5).astype(np.float32)
    lit = cv2.remap(grey, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    fall = np.maximum(
        -np.diff(lit.astype(np.float64), axis=1), 0
    )  # a middle of gradients: no threshold, no bias by light
    step = fall.sum(1)
    clear = step > 0.5 * np.median(step)
    if np.median(step) < 20 or clear.sum() < 6:
        return None
    place = (fall * (across[1:] + across[:-1]) / 2).sum(1) / np.maximum(step, 1e-9)
    return _line((base + place[:, None] * inward)[clear])


def _line(points: F64) -> tuple[F64, F64] | None:
    """Through points (N, 2), robustly; None where they scatter by more than half a pixel."""
    weight = np.ones(len(points))
    for _ in range(4):
        middle = np.average(points, axis=0, weights=weight)
        direction = np.linalg.svd((points - middle) * np.sqrt(weight)[:, None], full_matrices=False)[2][0]
        off = (points - middle) @ np.array([-direction[1], direction[0]])
        scatter = 1.4826 * float(np.median(np.abs(off)))
        weight = 1 / (1 + (off / (2 * scatter + 1e-3)) ** 2)
    return None if scatter > 0.5 else (np.asarray(middle), np.asarray(direction))


def _corners(lines: list[tuple[F64, F64] | None]) -> F64 | None:
    """Line k runs from corner k to corner k + 1."""
    found = []
    for k in range(4):
        before, after = lines[k - 1], lines[k]
        assert before is not None and after is not None
        (m, d), (n, e) = before, after
        matrix = np.stack([d, -e], 1)
        if abs(np.linalg.det(matrix)) < 0.05:
            return None
        found.append(m + np.linalg.solve(matrix, n - m)[0] * d)
    return np.array(found)


def draw_marker(family: str, number: int, size: int) -> NDArray[np.uint8]:
    """(size, size): the marker, black border included, without the white margin that it needs around it."""
    return np.asarray(
        cv2.aruco.generateImageMarker(cv2.aruco.getPredefinedDictionary(FAMILIES[family]), number, size)
    )


def members(family: str) -> int:
    """How many markers it has."""
    return int(cv2.aruco.getPredefinedDictionary(FAMILIES[family]).bytesList.shape[0])
