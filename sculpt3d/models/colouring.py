"""What colour a point of a part has: factor x texture x vertex colour in linear light, and alpha by the material's rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.colour import linear
from sculpt3d.geometry import F64
from sculpt3d.models.document import Material, Part, Texture
from sculpt3d.models.texels import sample_texture, shrink
from sculpt3d.types import F32, I32

CLAY = tuple(float(v) ** 2.2 for v in (0.62, 0.6, 0.57))  # linear; what a file without colours wears
_LEAST = 1.25  # times finer than needed: below, a texture is left as it is


class Painted:
    """A part whose points can be asked for their colour.

    texels_per_unit: textures finer than this are averaged down to it, in linear light, so that nothing flickers.
    clay: the colour where the file says nothing of it, else it is white.
    """

    def __init__(self, part: Part, texels_per_unit: float = np.inf, clay: bool = True) -> None:
        self.part, self.clay = part, clay and not part.coloured
        self.texture = _as_fine(part, texels_per_unit)
        self.tint = None if part.rgba is None else tints(part)

    def at(self, corners: NDArray[np.integer], weights: F64) -> F32:
        """Linear colour and alpha (N, 4) of points between vertices `corners` (N, 3) with barycentric `weights` (N, 3)."""
        part = self.part
        factor = (*CLAY, part.material.factor[3]) if self.clay else part.material.factor
        found = np.tile(np.asarray(factor, np.float32), (len(corners), 1))
        if self.tint is not None:
            found *= (self.tint[corners] * weights[..., None]).sum(1)
        if self.texture is not None and part.uv is not None:
            uv = (part.uv[corners].astype(np.float64) * weights[..., None]).sum(1)
            texels = sample_texture(self.texture.pixels, uv, self.texture.wrap)
            found[:, : texels.shape[1]] *= texels
        found[:, 3] = seen_alpha(part.material, found[:, 3])
        return found


def seen_alpha(material: Material, alpha: NDArray[Any]) -> F32:
    """What alpha (N,) means: all or nothing for "mask", as it is for "blend", nothing at all for "opaque"."""
    if material.alpha == "mask":
        return (alpha >= material.cutoff).astype(np.float32)
    if material.alpha == "blend":
        return np.clip(alpha, 0, 1).astype(np.float32)
    return np.ones(len(alpha), np.float32)


def tints(part: Part) -> F32:
    """Vertex colours in linear light, and alpha (V, 4)."""
    assert part.rgba is not None
    return np.concatenate([linear(part.rgba[:, :3]), part.rgba[:, 3:] / np.float32(255)], 1)


def density(vertices: F32, faces: I32, uv: F32, width: int, height: int) -> float:
    """Texels per unit of length over the whole part."""
    v = vertices.astype(np.float64)
    area = np.linalg.norm(
        np.cross(v[faces[:, 1]] - v[faces[:, 0]], v[faces[:, 2]] - v[faces[:, 0]]), axis=1
    ).sum()
    t = uv.astype(np.float64)
    a, b = t[faces[:, 1]] - t[faces[:, 0]], t[faces[:, 2]] - t[faces[:, 0]]
    covered = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() * width * height
    return float(np.sqrt(covered / max(area, 1e-30)))


def texels_per_unit(part: Part) -> float:
    """How fine its texture is; infinite without one."""
    if part.material.texture is None or part.uv is None:
        return np.inf
    height, width = part.material.texture.pixels.shape[:2]
    return density(part.vertices, part.faces, part.uv, width, height)


def _as_fine(part: Part, wanted: float) -> Texture | None:
    texture = part.material.texture
    if texture is None or part.uv is None:
        return None
    finer = texels_per_unit(part) / wanted
    if finer <= _LEAST:
        return texture
    height, width = texture.pixels.shape[:2]
    size = max(1, round(width / finer)), max(1, round(height / finer))
    return replace(texture, pixels=shrink(texture.pixels, *size))
