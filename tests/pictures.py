"""How pictures are drawn and compared in tests."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sculpt3d.errors import ResourceError
from sculpt3d.models.document import Document
from sculpt3d.types import U8
from viewer.drawing import software
from viewer.drawing.picture import by_opengl
from viewer.state.commands import State


def opengl(document: Document, state: State, size: tuple[int, int]) -> U8:
    try:
        return by_opengl(document, state, size)
    except ResourceError as error:
        pytest.skip(f"no OpenGL here: {error}")


WAYS = {"OpenGL": opengl, "rays": software.draw}


def ssim(a: np.ndarray, b: np.ndarray, on: np.ndarray | None = None) -> float:
    """Mean SSIM of two 8-bit pictures (H, W, 3), all channels, of the pixels `on` (H, W); Wang et al. 2004."""
    x, y = a.astype(np.float64), b.astype(np.float64)
    mean_x, mean_y = _soft(x), _soft(y)
    var_x, var_y = _soft(x * x) - mean_x**2, _soft(y * y) - mean_y**2
    both = _soft(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    found = (2 * mean_x * mean_y + c1) * (2 * both + c2)
    found /= (mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2)
    return float(found.mean() if on is None else found[on].mean())


def _soft(x: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(x, (11, 11), 1.5)
