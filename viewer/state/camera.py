"""The orbit camera: numbers only, so it is tested without a window."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.framing import standoff

M4 = NDArray[np.float64]
FIELD_OF_VIEW = np.radians(35.0)


@dataclass(frozen=True)
class OrbitCamera:
    """Looks at `target` from `distance`; azimuth 0 looks along -Z, positive elevation is above; radians."""

    target: tuple[float, float, float]
    distance: float
    azimuth: float = 0.35
    elevation: float = 0.2
    radius: float = 1.0  # of the model

    @staticmethod
    def framing(
        points: NDArray[Any], aspect: float = 16 / 9, aim: tuple[float, float] | None = None
    ) -> OrbitCamera:
        """A camera that holds all of `points` (N, 3) while they are turned, in a window of that width to height.

        aim: azimuth and elevation, radians.
        """
        low, high = points.min(0).astype(float), points.max(0).astype(float)
        x, y, z = centre = (low + high) / 2
        radius, half = max(float(np.linalg.norm(high - low)) / 2, 1e-9), float(np.tan(FIELD_OF_VIEW / 2))
        camera = OrbitCamera((float(x), float(y), float(z)), 3 * radius, radius=radius)
        camera = camera if aim is None else camera.towards(*aim)
        away = standoff(points - centre, np.degrees(camera.elevation), half * aspect, half)
        return replace(camera, distance=max(away, 0.1 * radius))

    def orbit(self, dx: float, dy: float) -> OrbitCamera:
        """Drag by pixels; the model turns with the hand. Stops short of the poles."""
        up = float(np.clip(self.elevation - dy * 0.006, -1.55, 1.55))
        return replace(self, azimuth=self.azimuth - dx * 0.006, elevation=up)

    def pan(self, dx: float, dy: float, height: int) -> OrbitCamera:
        """Drag by pixels: the point under the hand stays under it."""
        size = 2 * self.distance * np.tan(FIELD_OF_VIEW / 2) / height
        right, up, _ = self.axes()
        moved = np.array(self.target) - (right * dx + up * dy) * size
        return replace(self, target=(float(moved[0]), float(moved[1]), float(moved[2])))

    def zoom(self, notches: float) -> OrbitCamera:
        """Nearer for positive."""
        nearest = 0.02 * self.radius
        return replace(
            self, distance=float(np.clip(self.distance * 0.88**notches, nearest, 50 * self.radius))
        )

    def towards(self, azimuth: float, elevation: float) -> OrbitCamera:
        return replace(self, azimuth=azimuth, elevation=elevation)

    def axes(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Unit right, up and backward in world."""
        a, e = self.azimuth, self.elevation
        back = np.array([np.cos(e) * np.sin(a), np.sin(e), np.cos(e) * np.cos(a)])
        right = np.array([np.cos(a), 0.0, -np.sin(a)])
        return right, np.cross(back, right), back

    @property
    def eye(self) -> NDArray[np.float64]:
        return np.asarray(np.array(self.target) + self.distance * self.axes()[2])

    def view(self) -> M4:
        """view_from_world (4, 4), GL's frame (-Z forward)."""
        m = np.eye(4)
        m[:3, :3] = np.stack(self.axes())
        m[:3, 3] = -m[:3, :3] @ self.eye
        return m

    def projection(self, width: int, height: int) -> M4:
        """clip_from_view (4, 4); near and far follow the model, so depth keeps its digits."""
        far = self.distance + 3 * self.radius + np.linalg.norm(self.target)
        near = max(self.distance - 3 * self.radius, 0.002 * self.distance)
        f = 1 / np.tan(FIELD_OF_VIEW / 2)
        m = np.zeros((4, 4))
        m[0, 0], m[1, 1] = f * height / max(width, 1), f
        m[2, 2], m[2, 3], m[3, 2] = (far + near) / (near - far), 2 * far * near / (near - far), -1
        return m
