"""What finding cameras will cost, about: for the time left. Fitted to sets of 20 to 32 photos of 0.8 to 16 megapixels."""

from __future__ import annotations

from sculpt3d.photos.check import PhotoSet

_FEATURES_A_PIXEL = 4.5e-3
_EXHAUSTIVE_UP_TO, _PARTNERS = 150, 40  # photos; pairs of each photo in larger sets


def expected_core_seconds(photo_set: PhotoSet, max_features: int, max_image_size: int) -> tuple[float, float, float]:
    """Of features, matching and mapping; the last has one thread."""
    n = len(photo_set.photos)
    pixels = [p.width * p.height * min(1.0, max_image_size / max(p.width, p.height)) ** 2 for p in photo_set.photos]
    features = sum(min(1.3e-6 * p, 4.5e-4 * max_features) for p in pixels)  # the latter: sampled as coarsely as will do
    found = sum(min(max_features, _FEATURES_A_PIXEL * p) for p in pixels) / max(n, 1) / 8192
    pairs = n * (n - 1) / 2 if n <= _EXHAUSTIVE_UP_TO else n * _PARTNERS
    return features, 0.15 * found**2 * pairs, found * n
