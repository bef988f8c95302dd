"""Coded ring targets in photos: found as dark ellipses with a bright one in the middle, read, and measured along both rims.

The middle of a circle's picture is not the picture of its middle: seen askew, the ellipse's centre is off by an amount that
grows with the square of the circle's radius (Heikkila 2000). Two circles about one centre, a small and a large one, tell how
much that is, so it is taken off.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from sculpt3d.geometry import F64
from sculpt3d.metric.ring_codes import DOT, RING, RINGS, SECTORS, number_of
from sculpt3d.metric.targets import Sighting
from sculpt3d.types import U8

LEAST_RADIUS = 8.0  # pixels, of the shorter half axis
LEVELS = 8  # of grey, at which the picture is cut
OFF = 0.06  # how far from an ellipse a rim may lie, in half axes; before it is measured
STEEP = 0.25  # short half axis over long one; beyond, sectors are no longer told apart
LEAST_CONTRAST = 20.0
CLEAR = 0.25  # of the contrast: how far from the middle a sector's grey must be
_STEP = 0.25


@dataclass(frozen=True)
class Ellipse:
    """Centre, half axes (long, short), and the long one's angle in radians; pixels of the array, first pixel's centre at 0."""

    centre: F64
    axes: tuple[float, float]
    angle: float

    def at(self, angle: F64, radius: float = 1.0) -> F64:
        """(N,) angles on the circle that it pictures (but for perspective) -> (N, 2)."""
        c, s = np.cos(self.angle), np.sin(self.angle)
        own = radius * np.stack([self.axes[0] * np.cos(angle), self.axes[1] * np.sin(angle)], -1)
        return np.asarray(self.centre + own @ np.array([[c, s], [-s, c]]))


def find_rings(grey: U8) -> list[Sighting]:
    """grey (H, W). What is too small, too steep or not clearly read is left out; a number seen twice is left out twice."""
    found: list[Sighting] = []
    for rough in _candidates(grey):
        if any(np.linalg.norm(s.centre - 0.5 - rough.centre) < rough.axes[1] for s in found):
            continue
        read = _measured(grey, rough)
        if read is not None:
            found.append(read)
    numbers = [s.number for s in found]
    return [s for s in found if numbers.count(s.number) == 1]


def _candidates(grey: U8) -> list[Ellipse]:
    """Dark ellipses with a bright hole about the middle, at any of the levels; large ones first."""
    found = []
    low, high = np.percentile(grey[::8, ::8], (1, 99))
    for level in np.linspace(low, high, LEVELS + 2)[1:-1]:
        dark = (grey < level).astype(np.uint8)
        rims, tree = cv2.findContours(dark, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        if tree is None:
            continue
        for rim, (_, _, hole, parent) in zip(rims, tree[0], strict=True):
            if parent >= 0 or hole < 0 or len(rim) < 2 * np.pi * LEAST_RADIUS * 0.7:
                continue
            outer = _ellipse(rim)
            if outer is not None and _holds_a_dot(outer, rims, tree[0], hole):
                found.append(outer)
    return sorted(found, key=lambda e: (-e.axes[0], *e.centre.tolist()))


def _holds_a_dot(outer: Ellipse, rims: object, tree: object, hole: int) -> bool:
    while hole >= 0:
        inner = _ellipse(rims[hole]) if len(rims[hole]) >= 12 else None  # type: ignore[index]
        if (
            inner is not None
            and np.linalg.norm(inner.centre - outer.centre) < 0.15 * outer.axes[1]
            and 0.5 * DOT < inner.axes[0] / outer.axes[0] < 1.5 * DOT
        ):
            return True
        hole = int(tree[hole][0])  # type: ignore[index]
    return False


def _ellipse(rim: U8) -> Ellipse | None:
    """Of a contour (N, 1, 2) that is one; None where it is not."""
    (x, y), (a, b), degrees = cv2.fitEllipseDirect(rim)
    long, short = max(a, b) / 2, min(a, b) / 2
    if not (np.isfinite([x, y, a, b]).all() and short >= 2 and short / long > STEEP):
        return None
    found = Ellipse(np.array([x, y]), (long, short), float(np.radians(degrees if a >= b else degrees + 90)))
    c, s = np.cos(found.angle), np.sin(found.angle)
    own = (rim.reshape(-1, 2) - found.centre) @ np.array([[c, -s], [s, c]]) / [long, short]
    off = np.abs(np.hypot(own[:, 0], own[:, 1]) - 1)
    return found if float(np.quantile(off, 0.9)) < max(OFF, 1.0 / short) else None


def _measured(grey: U8, rough: Ellipse) -> Sighting | None:
    outer = _rim(grey, rough, inside_dark=True)
    if outer is None or outer.axes[1] < LEAST_RADIUS:
        return None
    small = Ellipse(outer.centre, (outer.axes[0] * DOT, outer.axes[1] * DOT), outer.angle)
    inner = _rim(grey, small, inside_dark=False)
    if inner is None or np.abs(np.divide(inner.axes, outer.axes) / DOT - 1).max() > 0.1:
        return None
    number = _number(grey, outer, inner)
    if number is None:
        return None
    share = DOT**2 / (1 - DOT**2)
    centre = inner.centre - (outer.centre - inner.centre) * share + 0.5
    return Sighting(RINGS, number, outer.at(np.arange(4) * np.pi / 2) + 0.5, centre)


def _rim(grey: U8, rough: Ellipse, inside_dark: bool) -> Ellipse | None:
    """The ellipse through the middles of the gradients across a rim; None where the rim is none."""
    now = rough
    for _ in range(3):
        around = np.linspace(0, 2 * np.pi, int(np.clip(6 * now.axes[0], 48, 360)), endpoint=False)
        base = now.at(around)
        outward = now.at(around, 1.01) - base
        outward /= np.linalg.norm(outward, axis=1, keepdims=True)
        reach = float(np.clip(0.16 * now.axes[1] / (1 if inside_dark else DOT / 0.35), 1.25, 3.0))
        across = np.arange(-reach, reach + _STEP / 2, _STEP)
        at = (base[:, None] + across[:, None] * outward[:, None]).astype(np.float32)
        lit = cv2.remap(grey, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        step = np.maximum(np.diff(lit.astype(np.float64), axis=1) * (1 if inside_dark else -1), 0)
        rise = step.sum(1)
        clear = rise > 0.5 * np.median(rise)
        if np.median(rise) < LEAST_CONTRAST or clear.mean() < 0.8:
            return None
        place = (step * (across[1:] + across[:-1]) / 2).sum(1) / np.maximum(rise, 1e-9)
        fitted = _through((base + place[:, None] * outward)[clear], now)
        if fitted is None:
            return None
        now = fitted
    return now


def _through(points: F64, near: Ellipse) -> Ellipse | None:
    """The ellipse nearest to points (N, 2), far ones counting less; steps from one nearby. None where they scatter."""
    x = np.array([*near.centre, *near.axes, near.angle])
    for _ in range(6):
        c, s = np.cos(x[4]), np.sin(x[4])
        own = (points - x[:2]) @ np.array([[c, -s], [s, c]])
        unit = own / x[2:4]
        radius = np.maximum(np.hypot(unit[:, 0], unit[:, 1]), 1e-9)
        # Distance to first order (Sampson): value over slope, both of the radius in half axes.
        slope_own = unit / x[2:4] / radius[:, None]
        steep = np.hypot(slope_own[:, 0], slope_own[:, 1])
        off = (radius - 1) / steep
        by = (
            np.stack(
                [
                    -(slope_own @ np.array([c, -s])),
                    -(slope_own @ np.array([s, c])),
                    -(unit[:, 0] ** 2) / x[2] / radius,
                    -(unit[:, 1] ** 2) / x[3] / radius,
                    slope_own[:, 0] * own[:, 1] - slope_own[:, 1] * own[:, 0],
                ],
                1,
            )
            / steep[:, None]
        )
        scatter = 1.4826 * float(np.median(np.abs(off)))
        weight = 1 / (1 + (off / (2 * scatter + 1e-3)) ** 2)
        a = (by * weight[:, None]).T @ by
        x = x - np.linalg.solve(
            a + 1e-9 * np.diag(np.diag(a)) + 1e-12 * np.eye(5), (by * weight[:, None]).T @ off
        )
        if not (np.isfinite(x).all() and x[2:4].min() > 1):
            return None
    return None if scatter > 0.5 else Ellipse(x[:2].copy(), (float(x[2]), float(x[3])), float(x[4]))


def _number(grey: U8, outer: Ellipse, inner: Ellipse) -> int | None:
    """From the sectors, read from wherever their borders fit best; None where one is neither black nor white."""
    parts = 8
    angle = (np.arange(SECTORS * parts) + 0.5) * 2 * np.pi / (SECTORS * parts)
    rows = []
    for radius in np.linspace(RING[0] + 0.06, RING[1] - 0.06, 4):
        share = (radius - DOT) / (
            1 - DOT
        )  # the centre moves from the dot's to the disc's, as perspective has it
        middle = inner.centre + share * (outer.centre - inner.centre)
        at = (outer.at(angle, radius) - outer.centre + middle).astype(np.float32)
        rows.append(cv2.remap(grey, at[:, 0], at[:, 1], cv2.INTER_LINEAR).ravel().astype(np.float64))
    ring = np.median(rows, axis=0)
    black = float(np.median(_greys(grey, outer, angle, 0.9)))
    white = float(np.median(_greys(grey, inner, angle, 0.4)))
    if white - black < LEAST_CONTRAST:
        return None
    ring = (ring - black) / (white - black) - 0.5
    best, means = -1.0, np.zeros(SECTORS)
    for start in range(parts):
        rolled = np.roll(ring, -start).reshape(SECTORS, parts)[:, 1:-1].mean(1)
        if np.abs(rolled).min() > best:
            best, means = float(np.abs(rolled).min()), rolled
    if best < CLEAR:
        return None
    # Pixels count downwards, sectors on paper upwards.
    bits = (means > 0)[::-1]
    return number_of(int(sum(1 << k for k in range(SECTORS) if bits[k])))


def _greys(grey: U8, ellipse: Ellipse, angle: F64, radius: float) -> F64:
    at = ellipse.at(angle, radius).astype(np.float32)
    return np.asarray(cv2.remap(grey, at[:, 0], at[:, 1], cv2.INTER_LINEAR), np.float64)
