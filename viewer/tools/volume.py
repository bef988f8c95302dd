"""The volume of a closed part."""

from viewer.tools.tool import by_points

TOOL = by_points(
    "volume",
    "shift+V",
    "click on a closed part",
    1,
    1,
)
