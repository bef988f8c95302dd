"""A ball of wax under two soft windows, laid over the surface by which way it looks; by formula, no picture."""

from __future__ import annotations

import numpy as np

from sculpt3d.geometry import F64
from viewer.modes.mode import Mode, Seen, coded

_WARM, _COOL, _DEEP = (
    np.array([0.62, 0.50, 0.38]),
    np.array([0.20, 0.27, 0.38]),
    np.array([0.055, 0.04, 0.035]),
)
_KEY, _RIM = np.array([-0.5, 0.62, 0.604]), np.array([0.83, -0.25, 0.499])


def _look(seen: Seen) -> F64:
    n = seen.facing
    key = np.clip(0.5 + 0.5 * n @ _KEY, 0, 1)[:, None] ** 2
    rim = np.clip(n @ _RIM, 0, 1)[:, None] ** 3
    shine = np.clip(n @ _KEY, 0, 1)[:, None] ** 40
    return coded(_DEEP + _WARM * key + _COOL * rim + 0.25 * shine, seen)


def _vec(v: F64) -> str:
    return f"vec3({v[0]}, {v[1]}, {v[2]})"


_GLSL = f"""
vec4 look(Seen s) {{
    float key = pow(clamp(0.5 + 0.5 * dot(s.facing, {_vec(_KEY)}), 0.0, 1.0), 2.0);
    float rim = pow(clamp(dot(s.facing, {_vec(_RIM)}), 0.0, 1.0), 3.0);
    float shine = pow(clamp(dot(s.facing, {_vec(_KEY)}), 0.0, 1.0), 40.0);
    return vec4(to_srgb({_vec(_DEEP)} + {_vec(_WARM)} * key + {_vec(_COOL)} * rim + 0.25 * shine), s.alpha);
}}
"""

MODE = Mode("matcap", "A", "a ball of wax under two windows, for form at a glance", _look, _GLSL, lit=False)
