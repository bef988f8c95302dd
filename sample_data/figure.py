"""A seated figure of our own: profile turned on a lathe, head, folds and petals carved into it, painted bands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter

from sculpt3d.types import Mesh

HEIGHT = 0.42  # metres
ANGLES, ROWS = 720, 560

# Radius over height, both as shares of HEIGHT: pedestal, lap, waist, shoulders, neck, head, crown.
_PROFILE = [
    (0.0, 0.34),
    (0.04, 0.345),
    (0.06, 0.30),
    (0.09, 0.27),
    (0.12, 0.31),
    (0.17, 0.335),
    (0.21, 0.30),
    (0.25, 0.33),
    (0.33, 0.315),
    (0.40, 0.23),
    (0.48, 0.20),
    (0.56, 0.225),
    (0.62, 0.215),
    (0.66, 0.13),
    (0.69, 0.095),
    (0.72, 0.12),
    (0.78, 0.155),
    (0.85, 0.15),
    (0.90, 0.115),
    (0.93, 0.075),
    (0.96, 0.07),
    (0.985, 0.045),
    (1.0, 0.004),
]


def make_figure() -> tuple[Mesh, NDArray[np.float32]]:
    """A closed mesh in metres (+Y up, base at y = 0, face towards +Z) and its linear colours (V, 3)."""
    y = np.linspace(0, 1, ROWS)
    a = np.linspace(-np.pi, np.pi, ANGLES, endpoint=False)
    radius = _carved(*np.meshgrid(y, a, indexing="ij"))
    squash = 1 - 0.12 * np.exp(-(((y - 0.58) / 0.10) ** 2))  # chest is flatter than the shoulders are wide
    x = radius * np.sin(a) * HEIGHT
    z = radius * np.cos(a) * squash[:, None] * HEIGHT
    points = np.stack([x, np.broadcast_to(y[:, None] * HEIGHT, x.shape), z], -1).reshape(-1, 3)
    vertices = np.concatenate([points, [[0, 0, 0], [0, HEIGHT, 0]]]).astype(np.float32)
    colour = np.concatenate([_paint(y, a, radius).reshape(-1, 3), np.full((2, 3), 0.3)]).astype(np.float32)
    return Mesh(vertices, _faces()), colour


def _faces() -> NDArray[np.int32]:
    i, j = np.meshgrid(np.arange(ROWS - 1), np.arange(ANGLES), indexing="ij")
    k = (j + 1) % ANGLES
    p, q, r, s = i * ANGLES + j, i * ANGLES + k, (i + 1) * ANGLES + j, (i + 1) * ANGLES + k
    side = np.concatenate([np.stack([p, q, s], -1).reshape(-1, 3), np.stack([p, s, r], -1).reshape(-1, 3)])
    j = np.arange(ANGLES)
    k = (j + 1) % ANGLES
    bottom = np.stack([np.full(ANGLES, ROWS * ANGLES), k, j], 1)
    last = (ROWS - 1) * ANGLES
    top = np.stack([np.full(ANGLES, ROWS * ANGLES + 1), last + j, last + k], 1)
    return np.concatenate([side, bottom, top]).astype(np.int32)


def _bump(y: NDArray[np.float64], a: NDArray[np.float64], at: tuple[float, float], size: tuple[float, float],
          height: float) -> NDArray[np.float64]:  # fmt: skip
    turn = (a - at[1] + np.pi) % (2 * np.pi) - np.pi
    return height * np.exp(-(((y - at[0]) / size[0]) ** 2) - ((turn / size[1]) ** 2))


def _carved(y: NDArray[np.float64], a: NDArray[np.float64]) -> NDArray[np.float64]:
    profile = np.array(_PROFILE)
    r = PchipInterpolator(profile[:, 0], profile[:, 1])(y)
    petals = np.abs(np.sin(8 * a)) ** 0.7 * np.exp(-(((y - 0.165) / 0.03) ** 2))
    r += 0.016 * petals + 0.010 * np.abs(np.cos(8 * a)) * np.exp(-(((y - 0.075) / 0.02) ** 2))
    lap = np.exp(-(((y - 0.28) / 0.05) ** 2))
    r += lap * (
        0.045 * np.exp(-(((np.abs(a) - 0.9) / 0.35) ** 2)) - 0.03 * np.exp(-((a / 0.3) ** 2))
    )  # knees
    folds = np.exp(-(((y - 0.46) / 0.12) ** 2))
    r += 0.006 * folds * np.sin(60 * y + 5 * np.cos(a)) * (0.6 + 0.4 * np.cos(2 * a))
    for side in (-1, 1):
        r += _bump(y, a, (0.52, side * 1.45), (0.09, 0.30), 0.035)  # upper arms
        r += _bump(y, a, (0.38, side * 0.75), (0.03, 0.45), 0.035)  # forearms
        r += _bump(y, a, (0.775, side * 1.57), (0.045, 0.13), 0.028)  # ears
        r += _bump(y, a, (0.80, side * 0.30), (0.012, 0.16), -0.010)  # eye sockets
        r += _bump(y, a, (0.822, side * 0.32), (0.006, 0.22), 0.007)  # brows
        r += _bump(y, a, (0.765, side * 0.42), (0.018, 0.16), 0.007)  # cheeks
    r += _bump(y, a, (0.385, 0.0), (0.025, 0.22), 0.040)  # hands
    r += _bump(y, a, (0.782, 0.0), (0.022, 0.085), 0.022)  # nose
    r += _bump(y, a, (0.752, 0.0), (0.005, 0.14), 0.009) + _bump(
        y, a, (0.743, 0.0), (0.004, 0.12), 0.008
    )  # lips
    r += _bump(y, a, (0.722, 0.0), (0.012, 0.14), 0.010)  # chin
    curls = np.clip((y - 0.84) / 0.02, 0, 1) * np.clip((0.975 - y) / 0.02, 0, 1)
    r += 0.0035 * curls * np.sin(26 * a) * np.sin(190 * y)
    return np.asarray(
        np.maximum(r, 0.003) + 0.0008 * _noise((ROWS, ANGLES), 2.0, 3) * np.clip((1 - y) / 0.03, 0, 1)
    )


def _paint(
    y: NDArray[np.float64], a: NDArray[np.float64], radius: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weathered limestone with remains of red and blue paint; all linear light."""
    yy, aa = np.meshgrid(y, a, indexing="ij")
    stone = (
        np.array([0.42, 0.36, 0.27])
        * np.exp(
            0.28 * _noise(radius.shape, 2.2, 5)
            + 0.22 * _noise(radius.shape, 9, 6)
            + 0.18 * _noise(radius.shape, 40, 7)
        )[..., None]
    )
    wear = _noise(radius.shape, 14, 8)
    red = ((yy > 0.42) & (yy < 0.63) & (np.sin(3 * aa) + 0.9 * wear > 0.2)) * 0.75
    blue = ((np.abs(yy - 0.225) < 0.014) | (np.abs(yy - 0.045) < 0.008)) * (wear > -0.8) * 0.8
    dots = (np.cos(24 * aa) > 0.6) & (np.abs(yy - 0.105) < 0.008)
    colour = stone * (1 - red[..., None]) + red[..., None] * stone * np.array([1.1, 0.35, 0.25])
    colour = colour * (1 - blue[..., None]) + blue[..., None] * stone * np.array([0.35, 0.6, 1.1])
    colour[dots] = stone[dots] * np.array([1.5, 1.2, 0.4])
    return np.clip(colour, 0.02, 0.9)


def _noise(shape: tuple[int, int], sigma: float, seed: int) -> NDArray[np.float64]:
    """Smooth noise of unit variance that closes around the lathe."""
    raw = np.random.default_rng(seed).normal(size=shape)
    smooth = gaussian_filter(raw, sigma, mode=("reflect", "wrap"))
    return np.asarray(smooth / smooth.std())


def make_floor(size: float = 0.5, cells: int = 420) -> tuple[Mesh, NDArray[np.float32]]:
    """A speckled board at y = -0.0005 that the figure stands on, metres, with linear colours."""
    g = np.linspace(-size, size, cells)
    x, z = np.meshgrid(g, g, indexing="ij")
    vertices = np.stack([x, np.full_like(x, -0.0005), z], -1).reshape(-1, 3).astype(np.float32)
    i, j = np.meshgrid(np.arange(cells - 1), np.arange(cells - 1), indexing="ij")
    p = (i * cells + j).ravel()
    faces = np.concatenate(
        [np.stack([p, p + 1, p + cells + 1], 1), np.stack([p, p + cells + 1, p + cells], 1)]
    )
    grain = np.exp(0.5 * _noise((cells, cells), 1.0, 11) + 0.4 * _noise((cells, cells), 6, 12))
    colour = np.clip(np.array([0.10, 0.09, 0.085]) * grain[..., None], 0.01, 0.8).reshape(-1, 3)
    return Mesh(vertices, faces.astype(np.int32)), colour.astype(np.float32)
