"""What a ray meets on a part: colour, alpha and normal there, the texture blurred as much as a pixel covers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sculpt3d.colour import linear
from sculpt3d.geometry import F64
from sculpt3d.models.document import Part
from sculpt3d.types import F32, U8
from viewer.drawing.textures import levels, look_up


@dataclass(frozen=True)
class Hit:
    """Faces (N,) met by rays from `eye` (3,) along `directions` (N, 3) at `depth` (N,)."""

    face: NDArray[np.int64]
    eye: F64
    directions: F64
    depth: F64


class Painted:
    """A part with its colours ready to be looked up; `known`: levels of pictures that other parts use too."""

    def __init__(self, part: Part, known: dict[int, list[U8]]) -> None:
        self.part = part
        self.levels: list[U8] | None = None
        texture = part.material.texture
        if texture is not None and part.uv is not None:
            key = id(texture.pixels)
            self.levels = known[key] = known.get(key) or levels(texture.pixels)
        self.tint = None if part.rgba is None else vertex_tints(part)

    def at(self, hit: Hit, right: F64, up: F64) -> tuple[F32, F32, F64, F64]:
        """Linear colour (N, 3), alpha (N,) after the material's rule, normal (N, 3), and which way the side that is seen
        looks (N, 3). right, up: a pixel's steps in direction."""
        corners = self.part.faces[hit.face]
        plane = _Plane(self.part.vertices[corners].astype(np.float64), hit.eye)
        weights = plane.weights(hit.directions)
        found = np.broadcast_to(np.asarray(self.part.material.factor, np.float32), (len(corners), 4))
        if self.tint is not None:
            found = found * (self.tint[corners] * weights[..., None]).sum(1)
        if self.levels is not None and self.part.uv is not None and self.part.material.texture is not None:
            uv = self.part.uv[corners].astype(np.float64)
            here = (uv * weights[..., None]).sum(1)
            beside = [(uv * plane.weights(hit.directions + d)[..., None]).sum(1) - here for d in (right, up)]
            size = np.array(self.levels[0].shape[1::-1])
            wide = np.maximum(*(np.linalg.norm(b * size, axis=1) for b in beside))
            level = np.log2(np.clip(np.nan_to_num(wide, nan=1e6), 1e-6, 1e6))
            found = found * look_up(self.levels, self.part.material.texture.wrap, here, level)
        normals = self.part.normals
        normal = plane.normal if normals is None else (normals[corners] * weights[..., None]).sum(1)
        side = -np.copysign(1, (plane.normal * hit.directions).sum(1, keepdims=True)) * plane.normal
        return found[:, :3].astype(np.float32), self._alpha(found[:, 3]), normal, side

    def _alpha(self, alpha: NDArray[np.floating]) -> F32:
        material = self.part.material
        if material.alpha == "mask":
            return (alpha >= material.cutoff).astype(np.float32)
        if material.alpha == "blend":
            return np.clip(alpha, 0, 1).astype(np.float32)
        return np.ones(len(alpha), np.float32)


class _Plane:
    """Triangles (N, 3, 3) as seen from `eye`: where on them, in weights of the corners, a ray arrives."""

    def __init__(self, corners: F64, eye: F64) -> None:
        self.u, self.v = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        self.away = corners[:, 0] - eye
        self.normal = np.cross(self.u, self.v)
        self.height = (self.normal * self.away).sum(1)
        self.area = np.maximum((self.normal**2).sum(1), 1e-300)

    def weights(self, directions: F64) -> F64:
        """(N, 3)."""
        slope = (self.normal * directions).sum(1)
        depth = self.height / np.where(slope == 0, 1e-300, slope)
        p = directions * depth[:, None] - self.away
        second = (np.cross(p, self.v) * self.normal).sum(1) / self.area
        third = (np.cross(self.u, p) * self.normal).sum(1) / self.area
        return np.stack([1 - second - third, second, third], 1)


def vertex_tints(part: Part) -> F32:
    """Linear light and alpha (V, 4)."""
    assert part.rgba is not None
    return np.concatenate([linear(part.rgba[:, :3]), part.rgba[:, 3:] / np.float32(255)], 1)
