"""Pictures of a mesh without a screen or a graphics card: ray casting, slow and sure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sculpt3d.framing import standoff
from sculpt3d.synthetic import Look, Stage, look_at
from sculpt3d.types import F32, U8, Mesh, Pinhole

_LOOK = Look(ambient=0.5, background=(0.93, 0.93, 0.94), light_follows_camera=True)
CLAY = (0.62, 0.6, 0.57)
_ELEVATION = 12.0  # degrees


def turntable(
    mesh: Mesh, colour: NDArray[np.uint8] | None = None, count: int = 4, size: int = 480
) -> list[U8]:
    """`count` pictures around +Y, slightly from above, all at one scale; the shape decides whether they are high or wide.

    `colour`: sRGB (V, 3), clay where None. The k-th shows the side that faces 360 k / count degrees from +Z to +X.
    """
    stage = Stage(
        mesh,
        linear(colour)
        if colour is not None
        else np.broadcast_to(np.array(CLAY, np.float32) ** 2.2, mesh.vertices.shape),
    )
    low, high = mesh.vertices.min(0).astype(float), mesh.vertices.max(0).astype(float)
    wide = float(max(high[0] - low[0], high[2] - low[2]) / max(high[1] - low[1], 1e-9))
    width, height = (int(size * max(wide, 0.5)), size) if wide < 1 else (size, int(size / min(wide, 1.6)))
    centre, focal = (low + high) / 2, 1.6 * max(width, height)
    distance = standoff(mesh.vertices - centre, _ELEVATION, width / 2 / focal, height / 2 / focal)
    camera = Pinhole(width, height, focal, focal, width / 2, height / 2)
    e = np.radians(_ELEVATION)
    pictures = []
    for a in np.radians(360 / count * np.arange(count)):
        eye = centre + distance * np.array([np.cos(e) * np.sin(a), np.sin(e), np.cos(e) * np.cos(a)])
        pictures.append(stage.photograph(camera, look_at(eye, centre), _LOOK))
    return pictures


def linear(srgb: NDArray[np.uint8]) -> F32:
    """sRGB 8 bit -> linear light 0..1."""
    x = srgb.astype(np.float32) / 255
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4).astype(np.float32)


def heat(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.uint8]:
    """Red (low) over yellow to blue-green (high), readable without telling red from green; (N,) -> (N, 3)."""
    t = np.clip((values - low) / (high - low), 0, 1)
    stops = np.array([[190, 30, 45], [245, 180, 50], [240, 235, 190], [60, 150, 170], [20, 80, 120]], float)
    x = t * (len(stops) - 1)
    i = np.minimum(x.astype(int), len(stops) - 2)
    return np.asarray(stops[i] + (stops[i + 1] - stops[i]) * (x - i)[:, None], np.uint8)
