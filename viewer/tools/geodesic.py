"""The shortest way along the surface."""

from viewer.tools.tool import by_points

TOOL = by_points(
    "geodesic", "shift+G", "click two places, or more and Enter: the shortest way on the surface", 2
)
