"""From point to point, straight through the air."""

from viewer.tools.tool import by_points

TOOL = by_points("distance", "shift+D", "click two places", 2, 2)
