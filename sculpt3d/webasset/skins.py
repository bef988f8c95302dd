"""The colours of a finished model, wherever it keeps them: textures, vertex colours, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sculpt3d.colour import linear
from sculpt3d.geometry import F64
from sculpt3d.preview import CLAY
from sculpt3d.types import F32, I32, U8, Mesh
from sculpt3d.webasset.distance import Surface
from sculpt3d.webasset.sampling import sample_texture, shrink


@dataclass(frozen=True)
class Skin:
    """One part with its colours. uv (V, 2), origin top-left, with texture sRGB (H, W, 3); or rgb (V, 3); or neither."""

    vertices: F32
    faces: I32
    uv: F32 | None = None
    texture: U8 | None = None
    rgb: U8 | None = None
    normal_map: U8 | None = None  # of the same charts, tangent space
    ao: U8 | None = None


class Colours:
    """Linear colour of the nearest point of the parts."""

    def __init__(self, skins: Sequence[Skin], texels_per_unit: float = np.inf) -> None:
        """Textures finer than `texels_per_unit` are averaged down to it, in linear light, so that nothing flickers."""
        starts = np.cumsum([0, *(len(s.vertices) for s in skins)])
        faces = np.concatenate([s.faces + n for s, n in zip(skins, starts, strict=False)])
        self.part_of = np.repeat(np.arange(len(skins)), [len(s.faces) for s in skins])
        self.first = np.cumsum([0, *(len(s.faces) for s in skins)])
        vertices = np.concatenate([s.vertices for s in skins])
        self.surface = Surface(Mesh(vertices, faces.astype(np.int32)))
        self.skins = skins
        self.textures = [_shrunk(s, texels_per_unit) for s in skins]

    def at(self, points: F64) -> F32:
        """(N, 3) -> (N, 3)."""
        return self.on(*self.surface.closest(points))

    def on(self, face: NDArray[np.int64], weights: F64) -> F32:
        """Of points on the parts' faces (N,), counted through, with barycentric weights (N, 3)."""
        found = np.empty((len(face), 3), np.float32)
        for k, (skin, texture) in enumerate(zip(self.skins, self.textures, strict=True)):
            here = np.flatnonzero(self.part_of[face] == k)
            corners = skin.faces[face[here] - self.first[k]]
            found[here] = _colour(skin, texture, corners, weights[here])
        return found


def _colour(skin: Skin, texture: U8 | None, corners: NDArray[np.int32], weights: F64) -> NDArray[np.float32]:
    if texture is not None and skin.uv is not None:
        uv = (skin.uv[corners] * weights[..., None]).sum(1)
        return sample_texture(texture, uv)
    if skin.rgb is not None:
        return np.asarray((linear(skin.rgb)[corners] * weights[..., None]).sum(1), np.float32)
    return np.broadcast_to(np.array(CLAY, np.float32) ** 2.2, (len(corners), 3))


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


def _shrunk(skin: Skin, texels_per_unit: float) -> U8 | None:
    if skin.texture is None or skin.uv is None:
        return None
    height, width = skin.texture.shape[:2]
    finer = density(skin.vertices, skin.faces, skin.uv, width, height) / texels_per_unit
    if finer <= 1.25:
        return skin.texture
    return shrink(skin.texture, max(1, round(width / finer)), max(1, round(height / finer)))
