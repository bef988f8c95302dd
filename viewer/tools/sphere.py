"""The ball that fits best."""

from viewer.tools.brush import by_region

TOOL = by_region(
    "sphere",
    "shift+S",
    "paint a region, or click four places or more, then Enter",
    least=4,
)
