"""A measured value as a colour, the same by rays and on the card: exactly what the legend shows, so no light falls on it."""

from __future__ import annotations

from collections.abc import Callable

from sculpt3d.desk.field import NONE, NOTHING, Rgb, coloured
from sculpt3d.geometry import F64
from viewer.modes.mode import Seen, opaque


def by_value(colours: tuple[Rgb, ...]) -> Callable[[Seen], F64]:
    return lambda seen: opaque(coloured(seen.value, colours), seen)


def by_value_glsl(colours: tuple[Rgb, ...]) -> str:
    stops = ", ".join(_vec(c) for c in colours)
    last = len(colours) - 1
    return f"""
const vec3 stops[{len(colours)}] = vec3[{len(colours)}]({stops});
vec4 look(Seen s) {{
    float x = clamp(s.value, 0.0, 1.0) * {last}.0;
    int k = min(int(x), {last - 1});
    vec3 colour = mix(stops[k], stops[k + 1], x - float(k));
    return vec4(s.value > {NONE} ? {_vec(NOTHING)} : colour, s.alpha);
}}
"""


def _vec(colour: Rgb) -> str:
    return f"vec3({', '.join(f'{float(c)}' for c in colour)})"
