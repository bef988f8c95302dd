"""The orbit camera: numbers only, so it is tested without a window."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.framing import box_of, standoff
from sculpt3d.geometry import F64

M4 = NDArray[np.float64]
FIELD_OF_VIEW = np.radians(35.0)
HALF = float(np.tan(FIELD_OF_VIEW / 2))
Tile = tuple[int, int, int, int]  # left, top, width, height of a part of a picture, in its pixels
Xyz = tuple[float, float, float]


@dataclass(frozen=True)
class OrbitCamera:
    """Looks at `target` from `distance`; azimuth 0 looks along -Z, positive elevation is above; radians.

    roll: how far the model's up leans to the right in the picture. flat: orthographic, as large as perspective has it at
    the target.
    """

    target: Xyz
    distance: float
    azimuth: float = 0.35
    elevation: float = 0.2
    radius: float = 1.0  # of the model
    roll: float = 0.0
    flat: bool = False

    @staticmethod
    def framing(
        points: NDArray[Any], aspect: float = 16 / 9, aim: tuple[float, float] | None = None
    ) -> OrbitCamera:
        """A camera that holds all of `points` (N, 3) while they are turned, in a window of that width to height.

        aim: azimuth and elevation, radians.
        """
        low, high = box_of(points)
        centre = (low + high) / 2
        radius = max(float(np.linalg.norm(high - low)) / 2, 1e-9)
        camera = OrbitCamera(_xyz(centre), 3 * radius, radius=radius)
        camera = camera if aim is None else camera.towards(*aim)
        away = standoff(points, centre, np.degrees(camera.elevation), HALF * aspect, HALF)
        return replace(camera, distance=max(away, 0.1 * radius))

    def holding(self, points: NDArray[Any], aspect: float) -> OrbitCamera:
        """The same direction, moved so that `points` (N, 3) fill nine tenths of the picture."""
        low, high = points.min(0).astype(float), points.max(0).astype(float)
        middle = (low + high) / 2
        x, y, z = (np.stack(self.axes()) @ (points - middle).T.astype(float)) / [[0.9 * aspect], [0.9], [1]]
        wide = np.maximum(np.abs(x), np.abs(y)) / HALF + (0 if self.flat else z)
        return replace(self, target=_xyz(middle), distance=max(float(wide.max()), 0.02 * self.radius))

    def orbit(self, dx: float, dy: float, turntable: bool = True) -> OrbitCamera:
        """Drag by pixels; the model turns with the hand. On a turntable up stays up, short of the poles; else it turns freely
        about the picture's axes."""
        if turntable:
            up = float(np.clip(self.elevation - dy * 0.006, -1.55, 1.55))
            return replace(self, azimuth=self.azimuth - dx * 0.006, elevation=up)
        right, up_axis, back = self.axes()
        a, e = -dx * 0.006, -dy * 0.006
        across = np.cos(a) * right - np.sin(a) * back
        back = np.cos(a) * back + np.sin(a) * right
        back = np.cos(e) * back + np.sin(e) * up_axis
        return self._turned(across, back)

    def rolled(self, radians: float) -> OrbitCamera:
        return replace(self, roll=float((self.roll + radians + np.pi) % (2 * np.pi) - np.pi))

    def pan(self, dx: float, dy: float, height: int) -> OrbitCamera:
        """Drag by pixels: the point under the hand stays under it."""
        size = 2 * self.reach / height
        right, up, _ = self.axes()
        return replace(self, target=_xyz(np.array(self.target) - (right * dx + up * dy) * size))

    def zoom(
        self,
        notches: float,
        at: tuple[float, float] = (0.0, 0.0),
        aspect: float = 1.0,
        depth: float | None = None,
    ) -> OrbitCamera:
        """Nearer for positive. What lies under `at` (-1..1 to the right and up) stays there: at `depth` along the view, or at
        the target's."""
        nearest, farthest = 0.02 * self.radius, 50 * self.radius
        distance = float(np.clip(self.distance * 0.88**notches, nearest, farthest))
        kept = distance / self.distance
        right, up, back = self.axes()
        at_depth = 1.0 if depth is None or self.flat else depth / self.distance
        under = self.reach * at_depth * (right * at[0] * aspect + up * at[1])
        drawn = np.array(self.target) + (1 - kept) * (under + (1 - at_depth) * self.distance * back)
        return replace(self, target=_xyz(drawn), distance=distance)

    def towards(self, azimuth: float, elevation: float, roll: float = 0.0) -> OrbitCamera:
        return replace(self, azimuth=azimuth, elevation=elevation, roll=roll)

    def axes(self) -> tuple[F64, F64, F64]:
        """Unit right, up and backward in world."""
        a, e, r = self.azimuth, self.elevation, self.roll
        back = np.array([np.cos(e) * np.sin(a), np.sin(e), np.cos(e) * np.cos(a)])
        level = np.array([np.cos(a), 0.0, -np.sin(a)])
        upright = np.cross(back, level)
        return np.cos(r) * level + np.sin(r) * upright, np.cos(r) * upright - np.sin(r) * level, back

    def _turned(self, right: F64, back: F64) -> OrbitCamera:
        """With these axes."""
        pole = np.hypot(back[0], back[2]) < 1e-9
        azimuth = self.azimuth if pole else float(np.arctan2(back[0], back[2]))
        level = self.towards(azimuth, float(np.arcsin(np.clip(back[1], -1, 1))))
        flat_right, flat_up, _ = level.axes()
        return replace(level, roll=float(np.arctan2(right @ flat_up, right @ flat_right)))

    @property
    def reach(self) -> float:
        """Half the picture's height, at the target, in the model's unit."""
        return self.distance * HALF

    @property
    def _spread(self) -> float:
        """Nothing of the model is farther from the target."""
        return 3 * self.radius + float(np.linalg.norm(self.target))

    @property
    def eye(self) -> F64:
        """In an orthographic picture it stands behind all there is."""
        away = self.distance + (self._spread if self.flat else 0)
        return np.asarray(np.array(self.target) + away * self.axes()[2])

    def view(self) -> M4:
        """view_from_world (4, 4), GL's frame (-Z forward)."""
        m = np.eye(4)
        m[:3, :3] = np.stack(self.axes())
        m[:3, 3] = -m[:3, :3] @ self.eye
        return m

    def projection(self, width: int, height: int, tile: Tile | None = None) -> M4:
        """clip_from_view (4, 4), of a tile of the picture alone where one is given; near and far follow the model, so depth
        keeps its digits."""
        aspect, m = max(width, 1) / height, np.zeros((4, 4))
        if self.flat:
            far = self.distance + 2 * self._spread
            m[0, 0], m[1, 1] = 1 / (self.reach * aspect), 1 / self.reach
            m[2, 2], m[2, 3], m[3, 3] = -2 / far, -1, 1
        else:
            far = self.distance + self._spread
            near = max(self.distance - 3 * self.radius, 0.002 * self.distance)
            m[0, 0], m[1, 1] = 1 / (HALF * aspect), 1 / HALF
            m[2, 2], m[2, 3], m[3, 2] = (far + near) / (near - far), 2 * far * near / (near - far), -1
        if tile is not None:
            left, top, wide, high = tile
            across, down = (2 * left + wide) / width - 1, 1 - (2 * top + high) / height
            m[0] = width / wide * (m[0] - across * m[3])
            m[1] = height / high * (m[1] - down * m[3])
        return m


def _xyz(values: NDArray[Any]) -> Xyz:
    x, y, z = (float(v) for v in values)
    return x, y, z
