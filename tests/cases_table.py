"""The small inputs of ../shared/data/cases with what each must become, for every command that reads models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from tests.conftest import SHARED

CASES = SHARED / "cases"
Rgb = tuple[int, int, int]
Quarters = tuple[Rgb | None, Rgb | None, Rgb | None, Rgb | None]

RED, GREEN, BLUE, YELLOW = (220, 40, 40), (40, 180, 60), (40, 70, 220), (230, 200, 40)
QUARTERS: Quarters = (RED, GREEN, BLUE, YELLOW)
SIDES = ("front", "right", "back", "left", "top", "bottom")
BLOCK_M = (0.4, 0.4, 0.4)
STATUE_M = (0.198463, 0.4, 0.204311)
FAR = (465123.456, 5530987.654, 210.321)  # where local's origin lies
_INWARD = 0.08  # of a quarter's spot from the middle of its side
_RIGHT_UP = {
    "front": ((1, 0, 0), (0, 1, 0)), "right": ((0, 0, -1), (0, 1, 0)), "back": ((-1, 0, 0), (0, 1, 0)),
    "left": ((0, 0, 1), (0, 1, 0)), "top": ((1, 0, 0), (0, 0, -1)), "bottom": ((1, 0, 0), (0, 0, 1)),
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """looks: what each side of the block shows at the middle of its quarters (upper left, upper right, lower left, lower
    right, sRGB, without light), None = nothing of the model; empty where colours are not the point.

    triangles: after reading. size_m: of the box. far: kept apart as an offset. textured: the colour is in a picture.
    """

    file: str
    looks: Mapping[str, Quarters] = field(default_factory=dict)
    triangles: int = 432
    size_m: tuple[float, float, float] = BLOCK_M
    far: bool = False
    textured: bool = False


def everywhere(quarters: Quarters) -> dict[str, Quarters]:
    return dict.fromkeys(SIDES, quarters)


def _halves(above: Rgb, below: Rgb) -> dict[str, Quarters]:
    walls: dict[str, Quarters] = dict.fromkeys(SIDES[:4], (above, above, below, below))
    return walls | {"top": (above,) * 4, "bottom": (below,) * 4}


def _alternating(one: Quarters, other: Quarters) -> dict[str, Quarters]:
    return dict.fromkeys(("front", "right", "top"), one) | dict.fromkeys(("back", "left", "bottom"), other)


# Through the missing left half of a wall one sees the inside of the right half of the wall behind, mirrored.
_CUT: dict[str, Quarters] = dict.fromkeys(SIDES[:4], (GREEN, GREEN, YELLOW, YELLOW)) | dict.fromkeys(
    ("top", "bottom"), (None, GREEN, None, YELLOW)
)
_RED_BLUE = _halves((200, 30, 30), (30, 30, 200))

TABLE = (
    Case("ref.glb", everywhere(QUARTERS), textured=True),
    Case("color0.glb", _halves((255, 0, 0), (0, 188, 0))),
    Case("factor_tex.glb", everywhere(((188, 63, 63),) * 4), textured=True),
    Case("mask.glb", _CUT, textured=True),
    Case("transform.glb", everywhere((GREEN,) * 4), textured=True),
    Case("uv1.glb", everywhere(QUARTERS), textured=True),
    Case("strip.glb", everywhere(QUARTERS), textured=True),
    Case("st.ply", everywhere(QUARTERS), textured=True),
    Case("wedge2.ply", _alternating(QUARTERS, ((250, 120, 0),) * 4), textured=True),
    Case("floatcol.ply", _RED_BLUE),
    Case("le_crlf.ply", _RED_BLUE),
    Case("le_mixed.ply", _RED_BLUE),
    Case("split.ply", triangles=4000, size_m=STATUE_M),
    # 40 of its faces are there twice
    Case("stray.ply", triangles=4040, size_m=STATUE_M),
    Case("local.ply", triangles=4000, size_m=STATUE_M),
    Case("utm.ply", triangles=4000, size_m=STATUE_M, far=True),
    Case("utm.obj", triangles=4000, size_m=STATUE_M, far=True),
    Case("back.obj", everywhere(QUARTERS), textured=True),
    Case("vcol.obj", _RED_BLUE),
)


def spots(side: str) -> np.ndarray:
    """(4, 3) metres: the middles of the quarters of a side of the block, in the order of `Quarters`."""
    right, up = (np.array(v, np.float64) for v in _RIGHT_UP[side])
    middle = np.array([0, 0.2, 0]) + 0.2 * np.cross(right, up)
    reach = 0.2 - _INWARD
    return np.array([middle + reach * (x * right + y * up) for y in (1, -1) for x in (-1, 1)])
