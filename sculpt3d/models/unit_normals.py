"""Normals made sound: of unit length, or none."""

from __future__ import annotations

import numpy as np

from sculpt3d.types import F32


def unit_normals(normals: F32 | None) -> F32 | None:
    """None where the file has the columns but fills in none of them."""
    if normals is None or not len(normals):
        return None
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        length = np.sqrt(np.einsum("ij,ij->i", normals, normals))
        good = np.isfinite(length) & (length > 0)
        if not good.any():
            return None
        if not good.all() or np.abs(length - 1).max() > 1e-3:
            normals /= np.where(good, length, 1)[:, None]
            normals[~good] = 0
    return normals
