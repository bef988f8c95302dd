"""The file's colours under the lamps."""

from viewer.modes.mode import LIT, Mode, lit

MODE = Mode("textured", "T", "the file's colours under the lamps", lit, LIT, colours="file")
