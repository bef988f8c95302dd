"""A note along a line: a crack, a seam."""

from viewer.tools.note import of_points

TOOL = of_points("note line", "shift+I", "click places along the line, then Enter", 2)
