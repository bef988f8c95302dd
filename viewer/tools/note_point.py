"""A note at a place."""

from viewer.tools.note import of_points

TOOL = of_points("note point", "shift+N", "click the place that the note is of", 1, 1)
