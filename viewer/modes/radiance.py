"""Radiance scaling: light is made stronger and weaker by curvature and by how bright it is already (Vergne et al. 2010).

Their curvature is the picture's, so it changes with the zoom; here it is the surface's own mean curvature within a radius, so
that a picture can be made again.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sculpt3d.desk.field import Field
from sculpt3d.geometry import F64
from sculpt3d.models.document import Document
from viewer.modes.mode import Mode, Seen, coded

_ALPHA = 0.35  # the brightness that stays as it is
_STRENGTH = 1.8
_BEND = 0.7  # of the largest curvatures that are shown, before they level out


def _measure(document: Document, radius: float | None) -> Field:
    """Mean curvature from -1 to 1, levelling out."""
    from sculpt3d.desk.curvature import curvature_field

    found = curvature_field("mean", document, radius)
    bent = np.tanh(found.values / (_BEND * found.high)).astype(np.float32)
    return replace(found, name="radiance scaling", values=bent, unit="", low=-1.0, high=1.0, colours=())


def _look(seen: Seen) -> F64:
    e = np.exp(-_STRENGTH * np.clip(2 * seen.value - 1, -1, 1))
    d = np.clip(seen.lit, 0, 1)
    scale = (_ALPHA * e + d * (1 - _ALPHA * (1 + e))) / (_ALPHA + d * (e - _ALPHA * (1 + e)))
    return coded(seen.albedo * (seen.lit * scale)[:, None] + seen.gloss[:, None], seen)


_GLSL = f"""
vec4 look(Seen s) {{
    float e = exp(-{_STRENGTH} * clamp(2.0 * s.value - 1.0, -1.0, 1.0));
    float d = clamp(s.lit, 0.0, 1.0), a = {_ALPHA};
    float scale = (a * e + d * (1.0 - a * (1.0 + e))) / (a + d * (e - a * (1.0 + e)));
    return vec4(to_srgb(s.albedo * s.lit * scale + s.gloss), s.alpha);
}}
"""

MODE = Mode(
    "radiance",
    "_9",
    "light made stronger on ridges, weaker in grooves",
    _look,
    _GLSL,
    measure=_measure,
)
