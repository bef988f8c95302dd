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
from viewer.modes.mode import SHOWN


@dataclass(frozen=True)
class Hit:
    """Faces (N,) met by rays from `origins` along `directions` (N, 3)."""

    face: NDArray[np.int64]
    origins: F64
    directions: F64


Step = tuple[F64, F64]  # what the ray of a neighbouring pixel has more of origin and direction


@dataclass(frozen=True)
class Found:
    """Linear colour (N, 3), alpha (N,) after the material's rule, normal (N, 3), which way the side that is seen looks (N, 3)
    and the value shown (N,)."""

    colour: F32
    alpha: F32
    normal: F64
    side: F64
    value: F64


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
        self.values = shown_values(part)

    def at(self, hit: Hit, beside: tuple[Step, Step]) -> Found:
        """beside: a pixel's steps to the right and up."""
        corners = self.part.faces[hit.face]
        plane = _Plane(self.part.vertices[corners].astype(np.float64))
        weights = plane.weights(hit.origins, hit.directions)
        found = np.broadcast_to(np.asarray(self.part.material.factor, np.float32), (len(corners), 4))
        if self.tint is not None:
            found = found * (self.tint[corners] * weights[..., None]).sum(1)
        if self.levels is not None and self.part.uv is not None and self.part.material.texture is not None:
            uv = self.part.uv[corners].astype(np.float64)
            here = (uv * weights[..., None]).sum(1)
            moved = [plane.weights(hit.origins + o, hit.directions + d) for o, d in beside]
            steps = [(uv * w[..., None]).sum(1) - here for w in moved]
            size = np.array(self.levels[0].shape[1::-1])
            wide = np.maximum(*(np.linalg.norm(s * size, axis=1) for s in steps))
            level = np.log2(np.clip(np.nan_to_num(wide, nan=1e6), 1e-6, 1e6))
            found = found * look_up(self.levels, self.part.material.texture.wrap, here, level)
        normals = self.part.normals
        normal = plane.normal if normals is None else (normals[corners] * weights[..., None]).sum(1)
        side = -np.copysign(1, (plane.normal * hit.directions).sum(1, keepdims=True)) * plane.normal
        value = (self.values[corners] * weights).sum(1)
        return Found(found[:, :3].astype(np.float32), self._alpha(found[:, 3]), normal, side, value)

    def _alpha(self, alpha: NDArray[np.floating]) -> F32:
        material = self.part.material
        if material.alpha == "mask":
            return (alpha >= material.cutoff).astype(np.float32)
        if material.alpha == "blend":
            return np.clip(alpha, 0, 1).astype(np.float32)
        return np.ones(len(alpha), np.float32)


class _Plane:
    """Triangles (N, 3, 3): where on them, in weights of the corners, a ray arrives."""

    def __init__(self, corners: F64) -> None:
        self.u, self.v = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        self.first = corners[:, 0]
        self.normal = np.cross(self.u, self.v)
        self.area = np.maximum((self.normal**2).sum(1), 1e-300)

    def weights(self, origins: F64, directions: F64) -> F64:
        """(N, 3)."""
        away = self.first - origins
        slope = (self.normal * directions).sum(1)
        depth = (self.normal * away).sum(1) / np.where(slope == 0, 1e-300, slope)
        p = directions * depth[:, None] - away
        second = (np.cross(p, self.v) * self.normal).sum(1) / self.area
        third = (np.cross(self.u, p) * self.normal).sum(1) / self.area
        return np.stack([1 - second - third, second, third], 1)


def shown_values(part: Part) -> F32:
    """(V,) 0..1 of the range that is shown; see `sculpt3d.desk.field.shares`."""
    return np.asarray(part.attributes.get(SHOWN, np.zeros(len(part.vertices))), np.float32)


def vertex_tints(part: Part) -> F32:
    """Linear light and alpha (V, 4)."""
    assert part.rgba is not None
    return np.concatenate([linear(part.rgba[:, :3]), part.rgba[:, 3:] / np.float32(255)], 1)
