"""How far a surface is from flat."""

from viewer.tools.brush import by_region

TOOL = by_region(
    "flatness",
    "shift+F",
    "paint a region, or click four places or more, then Enter",
    least=4,
)
