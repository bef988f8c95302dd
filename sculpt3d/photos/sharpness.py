"""How blurred a photo is."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def blur_sigma(grey: NDArray[np.uint8]) -> float:
    """Blur (sigma, px at 2000 px on the longer side) of the sharpest quarter of the strong edges; Zhuo & Sim 2011.

    An edge of blur s loses gradient by sqrt(1 + (t / s)^2) when blurred again by t; the ratio gives s.
    """
    scale = min(1.0, 2000 / max(grey.shape))
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else grey
    again_sigma = 2.0
    once = cv2.GaussianBlur(small, (0, 0), 0.7).astype(np.float32)  # takes the noise, adds 0.7 px
    twice = cv2.GaussianBlur(once, (0, 0), again_sigma)
    (x1, y1), (x2, y2) = (
        (cv2.Sobel(p, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(p, cv2.CV_32F, 0, 1) / 8) for p in (once, twice)
    )
    square = x2 * x2 + y2 * y2
    strong = square >= max(float(np.quantile(square, 0.98)), 0.06)
    if not strong.any():
        return 99.0
    # Projected on the blurred gradient and averaged near by, so that noise of sensor and JPEG does not pass for edges.
    ratios = cv2.blur(x1 * x2 + y1 * y2, (9, 9))[strong] / cv2.blur(square, (9, 9))[strong]
    ratio = float(np.quantile(ratios, 0.75))
    return round(float(min(again_sigma / np.sqrt(max(ratio**2 - 1, 1e-6)), 99.0)), 2)
