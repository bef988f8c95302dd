"""The lamp's dial in the window's corner: the lamp in hand is a spot that is dragged.

The middle is straight before the plane the lamp is measured on (elevation 90), the rim grazes it (0), evenly between, for a
raking lamp is set near the rim; azimuth 0 is to the right, 90 up.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from viewer.state.commands import State, with_lamp
from viewer.state.lamps import Lamp, exposed

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
    """The lamp in hand where the hand is, in window coordinates."""
    mx, my = middle(width)
    return with_lamp(state, lamp_at(state.lamps[state.lamp], (x - mx) / RADIUS, (y - my) / RADIUS))


def lamp_at(lamp: Lamp, across: float, up: float) -> Lamp:
    """Moved to that place of the dial, -1..1 to the right and up; beyond the rim it grazes. A raking lamp that was as strong as
    its elevation asks stays so."""
    azimuth = float(np.degrees(np.arctan2(up, across))) % 360
    elevation = 90 * (1 - min(float(np.hypot(across, up)), 1.0))
    return raised(replace(lamp, azimuth=azimuth), elevation)


def raised(lamp: Lamp, elevation: float) -> Lamp:
    """At that elevation, as strong as it asks where nobody gave a raking lamp another strength."""
    usual = lamp.kind == "raking" and bool(np.isclose(lamp.power, exposed(lamp.elevation)))
    return replace(lamp, elevation=elevation, power=exposed(elevation) if usual else lamp.power)


def draw_dial(state: State, width: int) -> None:
    """All lamps, that in hand largest; and its degrees in words."""
    import pyglet

    mx, my = middle(width)
    pyglet.shapes.Circle(mx, my, RADIUS, color=_GROUND).draw()
    pyglet.shapes.Arc(mx, my, RADIUS, color=_RIM).draw()
    for lamp in state.lamps:
        x, y = spot(lamp)
        colour = _SPOT if lamp.elevation >= 0 else _BEHIND
        size = 6 if lamp is state.lamps[state.lamp] else 4
        pyglet.shapes.Circle(mx + x * RADIUS, my + y * RADIUS, size, color=colour).draw()
