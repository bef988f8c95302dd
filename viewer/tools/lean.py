"""How far a line or a plane leans from the vertical."""

from viewer.tools.brush import by_region

TOOL = by_region(
    "lean",
    "shift+L",
    "click two places for a line, or paint a plane, then Enter",
    least=2,
)
