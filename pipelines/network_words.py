"""The cameras' network in numbers, in sentences with a remedy, and as a picture of what residuals leave in each lens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sculpt3d.metric.quality import LensQuality, Photo, Quality
from sculpt3d.preview import heat
from sculpt3d.types import U8

LOOSE_FOCAL = 0.003  # relative sigma
PATTERN = 0.15  # px: a map that leaves less is clean
MANY_NARROW = 0.3  # of the tie points
LENSES = 4  # pictures shown
SIDE = 480  # of a picture's longer side, pixels
FINE = 2


def network_facts(quality: Quality, shown: Mapping[str, str]) -> dict[str, Any]:
    """For report.json; `shown`: a photo's name as its owner knows it."""
    return {
        "lenses": [_lens(lens) for lens in quality.lenses],
        "suspicious": [_photo(p, shown) for p in quality.suspicious],
        "narrow_photos": [_photo(p, shown) for p in quality.narrow],
        "narrow_share": _r(quality.narrow_share),
        "axis_spread_deg": _r(quality.axis_spread_deg),
        "camera_turned": quality.turned,
        "doming_risk": quality.doming,
    }


def network_lines(facts: Mapping[str, Any]) -> list[str]:
    """What is not as it should be, a sentence each, with what to do."""
    n, lines = facts["network"], []
    if n["suspicious"]:
        one = len(n["suspicious"]) == 1
        lines.append(
            f"{_named(n['suspicious'])} {'hangs on few tie points or fits' if one else 'hang on few tie points or fit'} badly: "
            f"leave {'it' if one else 'them'} out, or add photos between {'it' if one else 'them'} and the neighbours."
        )
    if n["narrow_share"] > MANY_NARROW:
        lines.append(
            f"{n['narrow_share']:.0%} of the tie points are seen at less than 3 degrees, so depth is weak: step sideways between "
            "photos, a tenth of the distance or more."
        )
    elif n["narrow_photos"]:
        lines.append(
            f"{_named(n['narrow_photos'])} saw what others saw from nearly the same place: step sideways by a tenth of the "
            "distance."
        )
    if n["doming_risk"]:
        turned = "" if n["camera_turned"] else ", and some with the camera on its side"
        lines.append(
            "Nearly all photos look the same way, so a bent lens and a bent surface look alike and the model may be domed: add "
            f"some taken 20 to 30 degrees aslant from both sides{turned}."
        )
    loose = [k for k, lens in enumerate(n["lenses"], 1) if (lens["focal_sigma"] or 0) > LOOSE_FOCAL]
    if loose:
        worst = max(n["lenses"][k - 1]["focal_sigma"] for k in loose)
        lines.append(
            f"The focal length of camera {', '.join(map(str, loose))} is known to {worst:.1%} only: add photos from another "
            "distance, or with the camera on its side."
        )
    left = [k for k, lens in enumerate(n["lenses"], 1) if lens["pattern_px"] > PATTERN]
    if left:
        lines.append(
            f"Camera {', '.join(map(str, left))} leaves a pattern of {n['lenses'][left[0] - 1]['pattern_px']:.2f} px in its "
            "residuals (see the map): a lens whose form changed between photos, or lines read one after the other."
        )
    return lines


def _lens(lens: LensQuality) -> dict[str, Any]:
    return {
        "model": lens.name,
        "photos": lens.photos,
        "pattern_px": _r(lens.pattern_px),
        "rms_px": _r(lens.rms_px),
        "focal_sigma": None if lens.focal_sigma is None else _r(lens.focal_sigma),
        "correlated": [[a, b, _r(c)] for a, b, c in lens.correlated],
    }


def _photo(photo: Photo, shown: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": shown.get(photo.name, photo.name),
        "tie_points": photo.tie_points,
        "residual_px": _r(photo.residual_px) if np.isfinite(photo.residual_px) else None,
        "parallax_deg": _r(photo.parallax_deg),
    }


def _named(photos: Sequence[Mapping[str, Any]]) -> str:
    first = ", ".join(p["name"] for p in photos[:3])
    return f"{first} and {len(photos) - 3} more photos" if len(photos) > 3 else first


def lens_pictures(quality: Quality) -> list[tuple[str, U8]]:
    """A caption and a map for each of the first LENSES cameras."""
    found = []
    for k, lens in enumerate(quality.lenses[:LENSES], 1):
        times, picture = _map(lens)
        found.append(
            (
                f"Camera {k}, {lens.name}, {lens.photos} photos: {lens.pattern_px:.2f} px common to a cell, arrows x {times}",
                picture,
            )
        )
    return found


def _map(lens: LensQuality) -> tuple[int, U8]:
    """How much longer than true the arrows are, in pixels of the photo, and the picture: colour and arrow by mean residual."""
    rows, columns = lens.map.shape[:2]
    scale = SIDE * FINE / max(lens.width, lens.height)
    size = (round(lens.width * scale), round(lens.height * scale))
    cell = np.array([size[0] / columns, size[1] / rows])
    length = np.linalg.norm(lens.map, axis=2)
    there = np.isfinite(length)
    largest = float(np.quantile(length[there], 0.95)) if there.any() else 1.0
    times = _round(0.7 * float(cell.min()) / max(largest, 0.02) / scale)
    picture = Image.new("RGB", size, (243, 244, 245))
    draw = ImageDraw.Draw(picture)
    shade = -np.nan_to_num(length).ravel()
    colour = heat(shade, -max(3 * PATTERN, largest), 0.0).reshape(rows, columns, 3)
    for r, c in np.argwhere(there):
        x, y = cell * [c, r]
        r_, g, b = (int(v) for v in colour[r, c])
        draw.rectangle((x + 1, y + 1, x + cell[0] - 1, y + cell[1] - 1), fill=(r_, g, b))
    for r, c in np.argwhere(there):
        start = cell * [c + 0.5, r + 0.5]
        end = start + lens.map[r, c] * times * scale
        draw.line([*start, *end], fill=(20, 20, 20), width=2 * FINE)
        draw.ellipse((*(start - 2 * FINE), *(start + 2 * FINE)), fill=(20, 20, 20))
    if not there.any():
        draw.text(
            (size[0] / 2, size[1] / 2),
            "too few tie points",
            (90, 90, 90),
            ImageFont.load_default(16 * FINE),
            "mm",
        )
    return times, np.asarray(picture.resize((size[0] // FINE, size[1] // FINE), Image.Resampling.LANCZOS))


def _round(value: float) -> int:
    """One leading digit: 1, 2 or 5 times a power of ten."""
    ten = 10.0 ** np.floor(np.log10(max(value, 1.0)))
    return int(ten * max(d for d in (1, 2, 5) if d * ten <= max(value, 1.0)))


def _r(value: float) -> float:
    return float(f"{value:.5g}")
