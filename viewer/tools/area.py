"""The surface inside of a painted region."""

from viewer.tools.brush import by_region

TOOL = by_region(
    "area",
    "shift+R",
    "paint a region with the brush, then Enter",
    dabs=True,
)
