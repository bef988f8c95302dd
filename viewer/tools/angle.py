"""Between two lines that meet."""

from viewer.tools.tool import by_points

TOOL = by_points("angle", "shift+A", "click three places, the corner second", 3, 3)
