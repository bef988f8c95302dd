"""Lamps: where each stands, to what it is fixed, and what it gives; written as `raking:az=30,el=8,fixed=camera`.

A lamp's azimuth and elevation are degrees on a plane that faces somebody: azimuth 0 is to the right, 90 up, elevation 90 is
straight before the plane and 0 grazes it. Of a lamp fixed to the object it is the plane of one of its sides, the front where
nothing else is said; of one fixed to the camera it is the picture.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from sculpt3d.errors import InputError
from sculpt3d.geometry import F64
from viewer.state.camera import OrbitCamera
from viewer.state.sides import SIDES, numbers_of

Kind = Literal["studio", "head", "raking"]
Fixed = Literal["object", "camera"]
MOST = 4  # lamps at once
_NAMES = ("az", "el", "power", "fill")


@dataclass(frozen=True)
class Lamp:
    """power: light on what faces it, 1 shows the surface's own colour. fill: light from all around. Studio and head lamps
    light coloured surfaces gently, for photos already carry light; a raking lamp obeys Lambert's law alone."""

    kind: Kind
    azimuth: float  # degrees
    elevation: float
    fixed: Fixed = "object"
    side: str = "front"
    power: float = 1.0
    fill: float = 0.0

    def frame(self, camera: OrbitCamera) -> F64:
        """(3, 3): columns to the right, up and to the front of the plane it is measured on, in world."""
        seen = (
            camera if self.fixed == "camera" else OrbitCamera((0.0, 0.0, 0.0), 1.0).towards(*SIDES[self.side])
        )
        return np.stack(seen.axes(), 1)

    def direction(self, camera: OrbitCamera) -> F64:
        """Unit vector towards the lamp, in world (3,)."""
        a, e = np.radians([self.azimuth, self.elevation])
        return self.frame(camera) @ np.array([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)])

    def at(self, direction: F64, camera: OrbitCamera) -> Lamp:
        """The same lamp where it shines from that direction in world."""
        x, y, z = self.frame(camera).T @ direction
        azimuth = self.azimuth if np.hypot(x, y) < 1e-9 else float(np.degrees(np.arctan2(y, x))) % 360
        return replace(self, azimuth=azimuth, elevation=float(np.degrees(np.arcsin(np.clip(z, -1, 1)))))

    def words(self) -> str:
        """What a person and `lamp_of` both read."""
        stands = f"{self.kind}:az={self.azimuth:.10g},el={self.elevation:.10g},power={self.power:.10g},fill={self.fill:.10g}"
        return f"{stands},fixed={self.fixed}" + (f",side={self.side}" if self.fixed == "object" else "")

    def told(self) -> str:
        to = "the camera" if self.fixed == "camera" else f"the object's {self.side}"
        return f"{self.kind} az {self.azimuth:.0f}° el {self.elevation:.0f}°, fixed to {to}"


STUDIO = Lamp("studio", 123.9, 39.1, "camera")
HEAD = Lamp("head", 90.0, 90.0, "camera")
RAKING = Lamp("raking", 180.0, 15.0)
_KINDS = {lamp.kind: lamp for lamp in (STUDIO, HEAD, RAKING)}


def usual(kind: Kind) -> Lamp:
    """The lamp of that kind that nobody moved yet."""
    lamp = _KINDS[kind]
    return replace(lamp, power=exposed(lamp.elevation)) if kind == "raking" else lamp


def lamp_of(text: str) -> Lamp:
    """Of "studio", "head" or "raking:az=30,el=8[,fixed=camera][,side=back][,power=2][,fill=0.1]". A raking lamp without a power
    is as strong as it takes for the plane it grazes to look as under a lamp straight before it, up to three times.

    Raises `InputError` with an example.
    """
    kind, _, rest = text.partition(":")
    wrong = InputError(
        f"{text} is no lamp: give studio, head, or raking:az=30,el=8 in degrees, with fixed=camera, side=back (of "
        f"{', '.join(SIDES)}), power=2 or fill=0.1 behind it"
    )
    if kind not in _KINDS:
        raise wrong
    lamp = _KINDS[kind]
    parts = [p for p in rest.split(",") if p]
    words = dict(p.split("=", 1) for p in parts if p.startswith(("fixed=", "side=")))
    plain = [p for p in parts if not p.startswith(("fixed=", "side="))]
    known = {"az": lamp.azimuth, "el": lamp.elevation, "power": lamp.power, "fill": lamp.fill}
    found = numbers_of(",".join(plain), known) if plain else known
    fixed, side = words.get("fixed", lamp.fixed), words.get("side", lamp.side)
    if (
        len(words) + len(plain) != len(parts)
        or found is None
        or fixed not in ("object", "camera")
        or side not in SIDES
    ):
        raise wrong
    azimuth, elevation, power, fill = (found[name] for name in _NAMES)
    if abs(elevation) > 90 or not (0 <= power <= 100 and 0 <= fill <= 100):
        raise wrong
    if kind == "raking" and not any(p.startswith("power=") for p in plain):
        power = exposed(elevation)
    return Lamp(
        lamp.kind, azimuth % 360, elevation, "camera" if fixed == "camera" else "object", side, power, fill
    )


def exposed(elevation: float) -> float:
    """The power of a raking lamp that nobody gave one."""
    return float(1 / max(np.sin(np.radians(abs(elevation))), 1 / 3))


def swept(lamps: tuple[Lamp, ...], step: int, steps: int) -> tuple[Lamp, ...]:
    """All raking lamps turned by `step` of `steps` of a whole turn, counter-clockwise."""
    turn = 360.0 * step / steps
    return tuple(
        replace(lamp, azimuth=(lamp.azimuth + turn) % 360) if lamp.kind == "raking" else lamp
        for lamp in lamps
    )
