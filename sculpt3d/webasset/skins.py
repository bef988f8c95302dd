"""The colours of a finished model, wherever it keeps them: textures, vertex colours, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sculpt3d.geometry import F64
from sculpt3d.preview import CLAY, linear
from sculpt3d.types import F32, I32, U8, Mesh
from sculpt3d.webasset.distance import Surface


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
        found = np.empty((len(points), 3), np.float32)
        face, weights = self.surface.closest(points)
        for k, (skin, texture) in enumerate(zip(self.skins, self.textures, strict=True)):
            here = np.flatnonzero(self.part_of[face] == k)
            corners = skin.faces[face[here] - self.first[k]]
            found[here] = _colour(skin, texture, corners, weights[here])
        return found


def _colour(skin: Skin, texture: F32 | None, corners: NDArray[np.int32], weights: F64) -> NDArray[np.float32]:
    if texture is not None and skin.uv is not None:
        uv = (skin.uv[corners] * weights[..., None]).sum(1)
        return sample_texture(texture, uv)
    if skin.rgb is not None:
        return np.asarray((linear(skin.rgb)[corners] * weights[..., None]).sum(1), np.float32)
    return np.broadcast_to(np.array(CLAY, np.float32) ** 2.2, (len(corners), 3))


def sample_texture(texture: F32, uv: NDArray[np.floating]) -> F32:
    """(H, W, C) at uv (N, 2), bilinear, repeated outside 0..1; texel centres at half texels."""
    height, width = texture.shape[:2]
    x = (np.mod(uv[:, 0], 1.000001) * width - 0.5).astype(np.float32)
    y = (np.mod(uv[:, 1], 1.000001) * height - 0.5).astype(np.float32)
    rows = -(-len(uv) // 16384)  # remap takes at most 32767 a side
    shape = (rows, 16384)
    padded = [np.resize(v, rows * 16384).reshape(shape) if len(v) else v for v in (x, y)]
    if not len(uv):
        return np.zeros((0, *texture.shape[2:]), np.float32)
    found = cv2.remap(texture, padded[0], padded[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found.reshape(rows * 16384, -1)[: len(uv)], np.float32)


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


def _shrunk(skin: Skin, texels_per_unit: float) -> F32 | None:
    if skin.texture is None or skin.uv is None:
        return None
    picture = linear(skin.texture)
    height, width = picture.shape[:2]
    finer = density(skin.vertices, skin.faces, skin.uv, width, height) / texels_per_unit
    if finer > 1.25:
        size = max(1, round(width / finer)), max(1, round(height / finer))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)
    return picture
