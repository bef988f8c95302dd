"""What EXIF says of how a photo was taken, made sound: which camera and lens, of what frame it is, when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sculpt3d.photos.exif import number

FILM_MM = (36.0, float(np.hypot(36, 24)))  # longer side, diagonal
SENSOR_MM = (1.5, 80.0)  # longer sides there are, from phones to medium format
ROUNDING_PX = 1.6  # of a side, where a program makes a photo smaller


@dataclass(frozen=True)
class Shot:
    """`maker` .. `lens_serial`: texts, empty if unknown. `focal_mm` as the lens says, `focal_35` its 35 mm equivalent, `zoom`
    by the digital zoom (1 = none), `pitch`: pixels a mm on the sensor, of the photo as the camera stored it; None if unknown.

    frame: (width, height) of that photo, turned as this one is. scale: this photo's pixels per pixel of the frame.
    cropped: it shows a part of the frame only. moment: date and time with fractions of seconds, empty if unknown.
    """

    maker: str = ""
    camera: str = ""
    body_serial: str = ""
    lens: str = ""
    lens_serial: str = ""
    focal_mm: float | None = None
    focal_35: float | None = None
    zoom: float = 1.0
    pitch: float | None = None
    frame: tuple[int, int] = (0, 0)
    scale: float = 1.0
    cropped: bool = False
    moment: str = ""

    @property
    def focal_px(self) -> float | None:
        """In pixels of this photo, from the 35 mm equivalent, else from the pixel pitch; None if neither is sound.

        The equivalent speaks of the diagonal (CIPA DCG-001), so do phones: four models, calibrated: 1, 14, 0.3 and 1 % off,
        by the longer side 5, 14, 4 and 3 %. A frame longer than film's 3:2 was cut from one that was not: there, the side.
        """
        longest, diagonal = max(self.frame), float(np.hypot(*self.frame))
        if self.focal_35:
            return self.focal_35 * max(longest / FILM_MM[0], diagonal / FILM_MM[1]) * self.scale
        if self.focal_mm and self.pitch and SENSOR_MM[0] < longest / self.pitch < SENSOR_MM[1]:
            found = self.focal_mm * self.pitch * self.zoom
            return found * self.scale if 0.3 < found / longest < 50 else None
        return None

    @property
    def camera_and_lens(self) -> str:
        """Who took it, on what kind of frame: apart from focal length and digital zoom."""
        film = "" if self.focal_35 is None else f"{self.focal_35:.0f} mm film"
        width, height = round(self.frame[0] * self.scale), round(self.frame[1] * self.scale)
        cut = (
            f"of {self.frame[0]}x{self.frame[1]}" if self.cropped or self.scale != 1 else f"{width}x{height}"
        )
        return "|".join([self.maker, self.camera, self.body_serial, self.lens, self.lens_serial, film, cut])


def shot_from_exif(exif: Mapping[str, Any], width: int, height: int) -> Shot:
    """Of a photo of this size, as stored. `exif`: tags by number, as `read_photo` gives them."""
    zoom = number(exif.get("41988")) or 1.0
    zoom = zoom if 1 <= zoom <= 100 else 1.0
    focal, film = number(exif.get("37386")), number(exif.get("41989"))
    if focal is not None and not 0.3 < focal < 6000:
        focal = None
    # An equivalent of 0 or 65535 means unknown; 0.5 (medium format) to 12 (phones) times the focal length are real.
    if film is not None and (not 5 < film < 3000 or (focal and not 0.3 < film / (focal * zoom) < 25)):
        film = None
    unit_mm = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}.get(int(number(exif.get("41488")) or 2), 25.4)
    pitch = number(exif.get("41486"))
    return Shot(
        _text(exif, "271"),
        _text(exif, "272"),
        _text(exif, "42033"),
        _text(exif, "42036"),
        _text(exif, "42037"),
        focal,
        film,
        zoom,
        pitch and pitch / unit_mm,
        *_frame(exif, width, height),
        _moment(exif),
    )


def _frame(exif: Mapping[str, Any], width: int, height: int) -> tuple[tuple[int, int], float, bool]:
    """Size of the photo that the camera stored, turned as this one is; this one's pixels per pixel of it; whether cropped.

    Programs that make a photo smaller, crop or turn it mostly leave the camera's size in EXIF.
    """
    frame = round(number(exif.get("40962")) or 0), round(number(exif.get("40963")) or 0)
    if not 16 < min(frame) <= max(frame) < 1_000_000:
        return (width, height), 1.0, False
    if (frame[0] > frame[1]) != (width > height) and width != height:
        frame = frame[::-1]
    across, down = width / frame[0], height / frame[1]
    scale = max(across, down)
    if abs(frame[0] * scale - width) <= ROUNDING_PX and abs(frame[1] * scale - height) <= ROUNDING_PX:
        near = (width * frame[0] + height * frame[1]) / (frame[0] ** 2 + frame[1] ** 2)
        return frame, 1.0 if frame == (width, height) else near, False
    # Cut out at full size where at least half of each side is left; else made smaller, and then as little cut as can be.
    return frame, 1.0 if scale <= 1 and min(across, down) >= 0.5 else scale, True


def _moment(exif: Mapping[str, Any]) -> str:
    taken = _text(exif, "36867")
    return f"{taken}.{_text(exif, '37521')}" if any(c in "123456789" for c in taken) else ""


def _text(exif: Mapping[str, Any], tag: str) -> str:
    value = exif.get(tag, "")
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return "".join(c for c in text if c.isprintable()).strip()[:80]
