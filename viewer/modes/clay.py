"""The shape alone, in clay under the lamps."""

from viewer.modes.mode import LIT, Mode, lit

MODE = Mode("clay", "C", "the shape alone, in clay under the lamps", lit, LIT)
