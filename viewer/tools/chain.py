"""Leg after leg, straight through the air."""

from viewer.tools.tool import by_points

TOOL = by_points("chain", "shift+C", "click places one after the other, then Enter", 2)
