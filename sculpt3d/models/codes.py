"""Colours as files write them, to 8 bits: bytes, 16 bits, and floats from 0 to 1 or to 255."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.types import U8

_BLOCK = 1 << 18


def top_of(columns: list[NDArray[Any]]) -> float:
    """What full strength is in these columns of one kind: 1, 255 or 65535."""
    kind = columns[0].dtype
    if kind == np.uint8:
        return 255.0
    if kind == np.uint16:
        return 65535.0 if max((int(c.max()) for c in columns if len(c)), default=0) > 255 else 255.0
    with np.errstate(invalid="ignore"):
        largest = max((float(np.nanmax(c)) for c in columns if len(c)), default=0.0)
    if kind.kind == "f" and largest <= 1.001:
        return 1.0
    return 255.0 if largest <= 255.5 else 65535.0


def to_codes(column: NDArray[Any], top: float) -> U8:
    """(N,) -> (N,), rounded; what is no number is 0."""
    if column.dtype == np.uint8 and top == 255:
        return np.ascontiguousarray(column)
    out = np.empty(len(column), np.uint8)
    for k in range(0, len(column), _BLOCK):
        part = np.nan_to_num(column[k : k + _BLOCK].astype(np.float64), posinf=top) * (255 / top)
        out[k : k + _BLOCK] = np.clip(part, 0, 255) + 0.5
    return out


def rgba_of(colour: list[NDArray[Any]], alpha: NDArray[Any] | None) -> U8:
    """Three columns and perhaps a fourth -> (N, 4). An alpha of zero throughout was never filled in: opaque."""
    top = top_of(colour)
    out = np.full((len(colour[0]), 4), 255, np.uint8)
    for k, column in enumerate(colour):
        out[:, k] = to_codes(column, top)
    if alpha is not None:
        codes = to_codes(alpha, top_of([alpha]))
        if codes.any():
            out[:, 3] = codes
    return out
