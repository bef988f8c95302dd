"""The circle that fits best."""

from viewer.tools.brush import by_region

TOOL = by_region(
    "circle",
    "shift+O",
    "click three places or more on it, or paint, then Enter",
    least=3,
)
