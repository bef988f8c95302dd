"""Pictures of a mesh without a screen or a graphics card: ray casting, slow and sure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sculpt3d.geometry import Rigid3
from sculpt3d.synthetic import Look, Stage, look_at
from sculpt3d.types import F32, U8, Mesh, Pinhole

_LOOK = Look(ambient=0.5, background=(0.93, 0.93, 0.94), light_follows_camera=True)
CLAY = (0.62, 0.6, 0.57)


def turntable(mesh: Mesh, colour: NDArray[np.uint8] | None = None, count: int = 4, size: int = 480,
              start_deg: float = 0.0) -> list[U8]:  # fmt: skip
    """`count` square pictures around +Y, slightly from above. `colour`: sRGB (V, 3), clay where None."""
    stage = Stage(
        mesh,
        linear(colour)
        if colour is not None
        else np.broadcast_to(np.array(CLAY, np.float32) ** 2.2, mesh.vertices.shape),
    )
    return [
        stage.photograph(*frame(mesh, size, size, start_deg + 360 * k / count), _LOOK) for k in range(count)
    ]


def frame(mesh: Mesh, width: int, height: int, azimuth_deg: float = 20.0, elevation_deg: float = 12.0
          ) -> tuple[Pinhole, Rigid3]:  # fmt: skip
    """A camera that holds the whole mesh."""
    low, high = mesh.vertices.min(0).astype(float), mesh.vertices.max(0).astype(float)
    centre, radius = (low + high) / 2, float(np.linalg.norm(high - low)) / 2
    focal = 1.6 * min(width, height)
    distance = radius * 2 * focal / min(width, height) * 0.92
    a, e = np.radians(azimuth_deg), np.radians(elevation_deg)
    eye = centre + distance * np.array([np.cos(e) * np.sin(a), np.sin(e), np.cos(e) * np.cos(a)])
    return Pinhole(width, height, focal, focal, width / 2, height / 2), look_at(eye, centre)


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
