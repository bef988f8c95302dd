"""What a run's stages will cost, about, as soon as the photos are known: for the time left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.dense import stereo_cost
from sculpt3d.sfm.cost import expected_core_seconds

if TYPE_CHECKING:
    from pipelines.settings import Preset
    from sculpt3d.photos.check import PhotoSet

_OBJECT, _MASKED = 0.3, 0.15  # share of a photo that shows the object; where masks say so


def expected_cost(photo_set: PhotoSet, preset: Preset) -> dict[str, float]:
    """Core-seconds by stage; what has one thread counts twice."""
    photos = photo_set.photos
    sizes = [p.width * p.height / 1e6 for p in photos]
    masked = any(p.mask for p in photos)
    reduced = sum(
        mp * min(1.0, preset.max_image_size / max(p.width, p.height)) ** 2 for mp, p in zip(sizes, photos, strict=True)
    )
    features, matching, mapping = expected_core_seconds(photo_set, preset.max_features, 3200)
    finer = 2.0 ** (preset.surface_depth - 9)
    return {
        "photos": 0.06 * sum(sizes),
        "cameras": features + matching + 2 * mapping,
        "refine": 0.5,
        "undistort": 0.09 * sum(sizes),
        "object": (0.02 if masked else 0.14) * len(photos),
        **stereo_cost(reduced * (_MASKED if masked else _OBJECT), len(photos), preset.fast_depth),
        "surface": 16 * finer**1.6,
        "place": 4 * finer**1.6,
        "texture": 20 * (preset.texture_size / 4096) ** 1.6,
        "model": 0.5,
        "report": 5,
    }
