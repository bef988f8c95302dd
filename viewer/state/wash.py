"""Strokes of a brush while they are painted: what each adds to those before it, found among millions of triangles at once."""

from __future__ import annotations

import numpy as np

from sculpt3d.desk.painted import bordered
from sculpt3d.geometry import F64
from viewer.state.pick import Target

Stroke = tuple[float, float, float, float]
_NONE: F64 = np.zeros((0, 3, 3))


class Wash:
    """On the triangles of a target; local places."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._pieces: dict[tuple[Stroke, ...], list[F64]] = {(): []}
        self._whole = _NONE

    def painted(self, strokes: tuple[Stroke, ...]) -> F64:
        """(K, 3, 3) of all strokes (x, y, z, radius) together, what several cover once."""
        if strokes not in self._pieces:
            known = max((n for n in range(len(strokes)) if strokes[:n] in self._pieces), default=0)
            found = list(self._pieces[strokes[:known]])
            for k in range(known, len(strokes)):
                found.append(self._added(strokes[k], strokes[:k]))
            self._pieces = {(): [], strokes: found}  # the last state is all that goes on
            self._whole = np.concatenate([_NONE, *found])
        return self._whole if strokes else _NONE

    def _added(self, stroke: Stroke, before: tuple[Stroke, ...]) -> F64:
        centre, radius = np.array(stroke[:3]), stroke[3]
        x = self.target.near(centre, radius)
        normal = np.cross(x[:, 1] - x[:, 0], x[:, 2] - x[:, 0])
        middle = x.mean(1)
        reach = np.linalg.norm(x - middle[:, None], axis=2).max(1, initial=0)
        close = np.linalg.norm(middle - centre, axis=1) <= radius + reach
        x, normal = x[close], normal[close]
        if not len(x):
            return x
        facing = normal[_closest(x, centre)]
        x = x[normal @ facing > 0]
        found = bordered(x, lambda p: np.linalg.norm(p - centre, axis=1) <= radius, radius)
        earlier = np.array([s for s in before if np.linalg.norm(centre - s[:3]) < radius + s[3]]).reshape(
            -1, 4
        )
        for *place, wide in earlier:
            found = found[np.linalg.norm(found.mean(1) - place, axis=1) > wide]
        return found


def _closest(triangles: F64, place: F64) -> int:
    """Which of them the place lies on."""
    from trimesh.triangles import closest_point

    found = closest_point(triangles, np.broadcast_to(place, (len(triangles), 3)))
    return int(np.linalg.norm(found - place, axis=1).argmin())
