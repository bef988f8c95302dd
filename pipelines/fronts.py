"""What the report says of a relief or wall, which nobody can walk around: from how far to its sides it was photographed,
and where on it the evidence is thin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.relief import extent
from sculpt3d.types import Mesh, Scene

ASIDE = 25.0  # degrees from straight on: photos that far to both sides show what a relief's edges hide
PLACES = (
    ("lower left", "lower middle", "lower right"),
    ("middle left", "middle", "middle right"),
    ("upper left", "upper middle", "upper right"),
)


def relief_facts(scene: Scene, mesh: Mesh, agreeing: NDArray[np.float64]) -> dict[str, Any]:
    """Angles from straight on (degrees) between which the photos lie, and the ninth of it where most surface rests on few."""
    low, high = extent(mesh.vertices)
    right, up = _angles(scene, (low + high) / 2)
    share = (mesh.vertices[:, :2] - low[:2]) / np.maximum(high[:2] - low[:2], 1e-300)
    ninth = np.clip((share * 3).astype(int), 0, 2)
    weak = np.bincount(3 * ninth[:, 1] + ninth[:, 0], agreeing < 4, 9)
    row, column = divmod(int(weak.argmax()), 3)
    return {
        "from_left_deg": _r(-right.min()),
        "from_right_deg": _r(right.max()),
        "from_below_deg": _r(-up.min()),
        "from_above_deg": _r(up.max()),
        "weakest_place": PLACES[row][column],
    }


def relief_lines(facts: Mapping[str, Any]) -> list[str]:
    """For people, a sentence each."""
    r = facts["relief"]
    lines = [
        f"It has a front only, like a relief or a wall: photographed from {_side(r['from_left_deg'], 'left', 'right')} to "
        f"{_side(r['from_right_deg'], 'right', 'left')} of straight on; its front faces +Z, and nothing behind it is missed."
    ]
    thin = [side for side in ("left", "right") if r[f"from_{side}_deg"] < ASIDE]
    if thin:
        where = " and to the ".join(thin)
        lines.append(
            f"Photos from 30 to 45 degrees to the {where} would make its depth surer and show its hollows."
        )
    weak = facts["evidence"]["weak_share"]
    if weak > 0.02:
        lines.append(
            f"{weak:.0%} of the surface rests on fewer than four photos, most of it at the {r['weakest_place']}: "
            "photos that have it in their middle would help most."
        )
    return lines


def _angles(scene: Scene, middle: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    away = np.array([v.cam_from_world.source_origin for v in scene.views])
    # From the spot that each looks at, not from the middle: photos taken along a long wall are all straight on.
    axis = np.array([v.cam_from_world.rotation[2] for v in scene.views])
    reach = (away[:, 2] - middle[2]) / np.maximum(-axis[:, 2], 1e-3)
    towards = np.where((axis[:, 2] < -0.1)[:, None], -axis * reach[:, None], away - middle)
    before = np.maximum(towards[:, 2], 1e-12)
    return np.degrees(np.arctan2(towards[:, 0], before)), np.degrees(np.arctan2(towards[:, 1], before))


def _side(degrees: float, side: str, other: str) -> str:
    return f"{abs(degrees):.0f} degrees {side if degrees >= 0 else other}"


def _r(value: float) -> float:
    return float(f"{value:.5g}")
