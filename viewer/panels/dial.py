"""The lamp's dial in the window's corner: the last lamp is a spot that is dragged.

The middle is straight before the plane the lamp is measured on (elevation 90), the rim grazes it (0), evenly between, for a
raking lamp is set near the rim; azimuth 0 is to the right, 90 up.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from viewer.state.commands import State
from viewer.state.lamps import Lamp

RADIUS = 46  # pixels
_RIM = (230, 230, 230, 255)
_GROUND = (20, 20, 20, 150)
_SPOT = (255, 214, 120, 255)
_BEHIND = (120, 120, 140, 255)


def middle(width: int) -> tuple[float, float]:
    """In window coordinates, of a window that wide."""
    return width - RADIUS - 18.0, RADIUS + 44.0


def on_dial(x: float, y: float, width: int) -> bool:
    mx, my = middle(width)
    return bool(np.hypot(x - mx, y - my) <= RADIUS + 6)


def spot(lamp: Lamp) -> tuple[float, float]:
    """Where the lamp is, -1..1 to the right and up."""
    away, a = 1 - abs(lamp.elevation) / 90, np.radians(lamp.azimuth)
    return float(away * np.cos(a)), float(away * np.sin(a))


def pulled_to(state: State, x: float, y: float, width: int) -> State:
    """The last lamp where the hand is, in window coordinates; beyond the rim it grazes."""
    mx, my = middle(width)
    across, up = (x - mx) / RADIUS, (y - my) / RADIUS
    azimuth = float(np.degrees(np.arctan2(up, across))) % 360
    elevation = 90 * (1 - min(float(np.hypot(across, up)), 1.0))
    lamp = replace(state.lamps[-1], azimuth=azimuth, elevation=elevation)
    return replace(state, lamps=(*state.lamps[:-1], lamp))


def draw_dial(state: State, width: int) -> None:
    """All lamps, the last one brightest; and its degrees in words."""
    import pyglet

    mx, my = middle(width)
    pyglet.shapes.Circle(mx, my, RADIUS, color=_GROUND).draw()
    pyglet.shapes.Arc(mx, my, RADIUS, color=_RIM).draw()
    for lamp in state.lamps:
        x, y = spot(lamp)
        colour = _SPOT if lamp.elevation >= 0 else _BEHIND
        size = 6 if lamp is state.lamps[-1] else 4
        pyglet.shapes.Circle(mx + x * RADIUS, my + y * RADIUS, size, color=colour).draw()
