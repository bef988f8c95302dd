"""How many bits a coordinate needs, and the integers themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sculpt3d.geometry import F64
from sculpt3d.types import F32

MOST_BITS = 16
TEXEL_SHARE = 0.125  # of a texel: how far a texture coordinate may move


def position_bits(vertices: F32, bound: float) -> int:
    """Bits a side so that no vertex moves farther than `bound` (unit of the vertices); at least 8, at most 16.

    16 bits over 2 m are .03 mm, so the bound decides and not a constant; above 16 the floats stay (`position_bits` 17).
    """
    span = float(np.ptp(vertices.astype(np.float64), axis=0).max())
    steps = math.sqrt(3) * span / (2 * max(bound, 1e-30))
    return max(8, math.ceil(math.log2(steps + 1)))


def uv_bits(size: int, span: float = 1.0) -> int:
    """Bits so that no texture coordinate moves farther than `TEXEL_SHARE` of a texel. span: how far the coordinates reach."""
    return max(1, math.ceil(math.log2(max(span, 1.0) * size / (2 * TEXEL_SHARE))))


@dataclass(frozen=True)
class Grid:
    """integers (V, 3) uint16; a vertex is scale * integer + offset."""

    integers: NDArray[np.uint16]
    scale: float
    offset: F64


def on_grid(vertices: F32, bits: int) -> Grid:
    """One step for all axes, so that the node's scale is uniform and normals keep their direction."""
    v = vertices.astype(np.float64)
    low = v.min(0)
    scale = float(np.ptp(v, axis=0).max()) / (2**bits - 1) or 1.0
    return Grid(np.round((v - low) / scale).astype(np.uint16), scale, low)


@dataclass(frozen=True)
class UvGrid:
    """integers (V, 2) uint16; a coordinate is scale * integer + offset."""

    integers: NDArray[np.uint16]
    scale: F64
    offset: F64


def on_uv_grid(uv: F32, size: int) -> UvGrid | None:
    """From 0 to 1, or over what is beyond too, where a texture repeats; None where 16 bits are too coarse for that."""
    t = uv.astype(np.float64)
    low, high = np.minimum(t.min(0), 0), np.maximum(t.max(0), 1)
    bits = uv_bits(size, float((high - low).max()))
    if bits > MOST_BITS:
        return None
    scale = (high - low) / (2**bits - 1)
    return UvGrid(np.round((t - low) / scale).astype(np.uint16), scale, low)


def small_directions(directions: F32) -> NDArray[np.int8]:
    """(V, 3) or (V, 4) unit vectors as normalised int8, padded to (V, 4)."""
    out = np.zeros((len(directions), 4), np.int8)
    out[:, : directions.shape[1]] = np.round(np.clip(directions, -1, 1) * 127)
    return out
