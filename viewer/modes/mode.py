"""What a mode is: one formula for what is seen of a place, written for rays and for the card side by side.

The card's text is a function `vec4 look(Seen s)`; `Seen` there has the fields that `Seen` has here, by the same names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sculpt3d.colour import to_srgb
from sculpt3d.desk.field import Field
from sculpt3d.geometry import F64
from sculpt3d.models.document import Document

SHOWN = "shown"  # the attribute of a part that a mode's measured values travel in, 0..1 of their range
SEEN = """
struct Seen {
    vec3 albedo;   // linear light
    float alpha;
    vec3 normal;   // unit, in world, on the side that is seen
    vec3 facing;   // the same in the camera's frame: right, up, towards it
    vec3 view;     // unit, towards the eye
    float lit;     // light that arrives, 1 shows the albedo
    float gloss;   // light thrown back as by a mirror
    float value;   // of the surface, 0..1 of its range; above 50: there is none
};
vec3 to_srgb(vec3 c) {
    c = clamp(c, 0.0, 1.0);
    return mix(12.92 * c, 1.055 * pow(max(c, 1e-6), vec3(1.0 / 2.4)) - 0.055, step(0.0031308, c));
}
"""


@dataclass(frozen=True)
class Seen:
    """Places that are seen, (N,) or (N, 3) each; see SEEN."""

    albedo: NDArray[Any]
    alpha: NDArray[Any]
    normal: F64
    facing: F64
    view: F64
    lit: F64
    gloss: F64
    value: F64


@dataclass(frozen=True)
class Mode:
    """look: sRGB and alpha 0..1 (N, 4). colours: whether the file's colours are asked for, or clay. shape: what is drawn of a
    surface. through: light passes, so that all layers count. measure: values of the surface, of a radius or None."""

    name: str
    key: str
    says: str
    look: Callable[[Seen], F64]
    glsl: str
    colours: Literal["file", "clay", "bare"] = "clay"
    lit: bool = True
    shape: Literal["surface", "wire", "points"] = "surface"
    through: bool = False
    measure: Callable[[Document, float | None], Field] | None = None


def coded(light: NDArray[Any], seen: Seen) -> F64:
    """Linear light (N, 3) as what `look` gives."""
    return opaque(to_srgb(light), seen)


def opaque(codes: NDArray[Any], seen: Seen) -> F64:
    """sRGB 0..1 (N, 3) as what `look` gives."""
    return np.concatenate([codes, np.asarray(seen.alpha, np.float64)[:, None]], 1)


def lit(seen: Seen) -> F64:
    """The surface under the lamps."""
    return coded(seen.albedo * seen.lit[:, None] + seen.gloss[:, None], seen)


LIT = "vec4 look(Seen s) { return vec4(to_srgb(s.albedo * s.lit + s.gloss), s.alpha); }"
