"""A note of a painted region."""

from viewer.tools.note import of_region

TOOL = of_region("note region", "shift+B", "paint the region with the brush, then Enter")
