"""The plane that fits best."""

from viewer.tools.brush import by_region

TOOL = by_region(
    "plane",
    "shift+P",
    "paint a region, or click four places or more, then Enter",
    least=4,
)
