"""A raking light that misses what is seen: fixed to the object, it stays there when the camera goes round."""

from __future__ import annotations

import numpy as np

from sculpt3d.models.document import Document
from sculpt3d.models.notes import tell
from viewer.modes import mode
from viewer.state.commands import State
from viewer.state.sides import SIDES

DARK = 0.03  # of what is seen
_SAMPLE = 100_000  # faces of a part


def say_dark(document: Document, state: State) -> None:
    """Lamps that miss nearly all that is seen are said, with the remedy."""
    if mode(state.mode).lit and lit_share(document, state) < DARK:
        tell(
            [
                f"the light ({state.lamps[0].told()}) comes from behind what is seen; give side={_side(state)} or fixed=camera "
                "with --light"
            ]
        )


def lit_share(document: Document, state: State) -> float:
    """How much of the surface that faces the camera faces a lamp, or is lit from all around; of a sample of its faces."""
    if any(lamp.kind != "raking" or lamp.fill > 0 for lamp in state.lamps):
        return 1.0
    back = state.camera.axes()[2]
    seen = lit = 0.0
    for part in document.parts:
        faces = part.faces[:: max(1, len(part.faces) // _SAMPLE)]
        a, b, c = (part.vertices[faces[:, k]].astype(np.float64) for k in range(3))
        normals = np.cross(b - a, c - a)
        facing = np.maximum(normals @ back, 0)
        towards = np.any([normals @ lamp.direction(state.camera) > 0 for lamp in state.lamps], axis=0)
        seen, lit = seen + float(facing.sum()), lit + float(facing[towards].sum())
    return lit / seen if seen > 0 else 1.0


def _side(state: State) -> str:
    """The side of the object that looks most at the camera."""
    back = state.camera.axes()[2]
    return max(SIDES, key=lambda s: float(state.camera.towards(*SIDES[s]).axes()[2] @ back))
