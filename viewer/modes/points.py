"""The vertices alone."""

from viewer.modes.mode import LIT, Mode, lit

MODE = Mode("points", "I", "the vertices as points", lit, LIT, colours="file", shape="points")
