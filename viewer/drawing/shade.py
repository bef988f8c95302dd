"""How a surface is lit: the numbers that the shaders and the picture without OpenGL share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sculpt3d.geometry import F64
from sculpt3d.models.document import Part
from viewer.files.loading import is_cloud
from viewer.modes.mode import Mode, Seen
from viewer.state.commands import State

CLAY = (0.42, 0.40, 0.37)  # linear light
POINT = 1 / 500  # of the picture's height
SMALLEST_POINT = 1.5  # pixels
SHINE = 40.0  # Blinn's exponent: how narrow a highlight is
SHADOW_TEXELS = 4096  # each way of a lamp's map
LIFT = (
    3.0 / SHADOW_TEXELS
)  # of the model's radius: how far off the surface a shadow is asked for, 1.5 texels of the map
_GENTLE, _FULL = (0.85, 0.55), (0.35, 0.95)  # light from all around, and of the lamp


@dataclass(frozen=True)
class Lighting:
    """What arrives at a part: light from all around, and each lamp's."""

    fill: float
    powers: tuple[float, ...]
    gloss: float


DARKLESS = Lighting(-1.0, (), 0.0)  # colours as they are: no light is asked for


def wears_clay(part: Part, mode: Mode) -> bool:
    """Where the file says nothing of colours, or nobody wants them."""
    return mode.colours == "clay" or (mode.colours == "file" and not part.coloured)


def lighting(part: Part, mode: Mode, state: State) -> Lighting:
    """Photos already carry light: studio and head lamps light coloured surfaces gently, clay fully; a raking lamp all alike.
    Bare points are not lit at all."""
    bare = is_cloud(part) and (part.normals is None or not part.normals.any())
    if bare or not mode.lit:
        return DARKLESS
    around, beam = _FULL if wears_clay(part, mode) else _GENTLE
    soft = [lamp for lamp in state.lamps if lamp.kind != "raking"]
    fill = sum(lamp.fill for lamp in state.lamps) + (around if soft else 0.0)
    powers = tuple(
        lamp.power if lamp.kind == "raking" else beam * lamp.power / len(soft) for lamp in state.lamps
    )
    return Lighting(fill, powers, state.gloss)


def turned(normal: F64, side: F64) -> F64:
    """(N, 3) unit: `normal`, of any length, turned to the side of the face that is seen, which `side` (N, 3) points to."""
    n = np.where(np.linalg.norm(normal, axis=1, keepdims=True) > 0.1, normal, side)
    n = n / np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-30)
    return np.asarray(np.where((n * side).sum(1, keepdims=True) < 0, -n, n))


def arriving(
    normal: F64, view: F64, lamps: F64, how: Lighting, shine: NDArray[np.bool_] | None
) -> tuple[F64, F64]:
    """Light that arrives (N,), and that is thrown back as by a mirror (N,).

    lamps (L, 3): towards each. shine (N, L): which of them reach the place, None: all. The same as in shaders/mesh.frag.
    """
    if how == DARKLESS:
        return np.ones(len(normal)), np.zeros(len(normal))
    arrived, thrown = how.fill * (0.5 + 0.2 * normal[:, 1]), np.zeros(len(normal))
    for k, power in enumerate(how.powers):
        lambert = np.maximum(normal @ lamps[k], 0)
        if shine is not None:
            lambert = lambert * shine[:, k]
        arrived = arrived + power * lambert
        half = view + lamps[k]
        half = half / np.maximum(np.linalg.norm(half, axis=1, keepdims=True), 1e-30)
        mirror = np.maximum((normal * half).sum(1), 0) ** SHINE
        thrown = thrown + np.where(lambert > 0, how.gloss * min(power, 1.0) * mirror, 0)
    return arrived, thrown


def seen_of(
    albedo: NDArray[np.floating], alpha: NDArray[np.floating], normal: F64, view: F64, light: tuple[F64, F64],
    value: NDArray[np.floating], axes: F64,
) -> Seen:  # fmt: skip
    """axes (3, 3): the camera's right, up and backward as rows."""
    return Seen(albedo, alpha, normal, normal @ axes.T, view, *light, value.astype(np.float64))


def point_size(height: int) -> float:
    """Pixels a point is wide in a picture of that height."""
    return max(SMALLEST_POINT, POINT * height)
