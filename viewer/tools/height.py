"""How high a place stands above a plane."""

from viewer.tools.brush import by_region

TOOL = by_region(
    "height",
    "shift+H",
    "click the place, then paint the plane it stands on, or click three places of it, then Enter",
    least=1,
)
