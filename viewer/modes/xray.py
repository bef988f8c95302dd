"""Light passes: every layer shows, most where the surface is seen from its edge."""

from __future__ import annotations

import numpy as np

from sculpt3d.geometry import F64
from viewer.modes.mode import Mode, Seen

_COLOUR = (0.80, 0.90, 0.96)  # one for all layers, so their order does not matter


def _look(seen: Seen) -> F64:
    facing = np.clip(np.abs((seen.normal * seen.view).sum(1)), 0, 1)
    alpha = 0.06 + 0.5 * (1 - facing) ** 2
    return np.concatenate([np.broadcast_to(_COLOUR, (len(alpha), 3)), alpha[:, None]], 1)


MODE = Mode(
    "xray",
    "X",
    "light passes: every layer shows, edges most",
    _look,
    f"""
vec4 look(Seen s) {{
    float facing = clamp(abs(dot(s.normal, s.view)), 0.0, 1.0);
    return vec4(vec3{_COLOUR}, 0.06 + 0.5 * (1.0 - facing) * (1.0 - facing));
}}
""",
    lit=False,
    through=True,
)
