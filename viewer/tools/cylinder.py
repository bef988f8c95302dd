"""The cylinder that fits best."""

from viewer.tools.brush import by_region

TOOL = by_region(
    "cylinder",
    "shift+Y",
    "paint a region, or click six places or more, then Enter",
    least=6,
)
