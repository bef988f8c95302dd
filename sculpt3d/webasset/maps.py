"""Maps for one level of detail, baked from the full mesh: colour, normals, ambient occlusion, and what was filled in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt

from sculpt3d.geometry import F64
from sculpt3d.surface.topology import vertex_normals
from sculpt3d.texture.unwrap import Unwrapped, rasterise, unwrap
from sculpt3d.types import F32, I32, U8, Bool, Mesh
from sculpt3d.webasset.distance import Surface
from sculpt3d.webasset.levels import Level
from sculpt3d.webasset.skins import Colours, Skin, density
from sculpt3d.webasset.tangents import tangents

BLOCK = 2_000_000  # texels at work at once
AO_RAYS = 64
AO_REACH = 0.5  # of the object's size: occluders farther away do not darken


@dataclass(frozen=True)
class MapParams:
    """size: side of the textures; normal_map, ao: whether to bake them."""

    size: int
    normal_map: bool = False
    ao: bool = False


@dataclass(frozen=True)
class Asset:
    """A level ready to be written. Vertices split along charts; uv origin top-left; pictures (S, S, 3), colour sRGB."""

    vertices: F32
    normals: F32
    faces: I32
    uv: F32
    colour: U8
    tangents: F32 | None = None
    normal_map: U8 | None = None
    ao: U8 | None = None
    filled: Bool | None = None  # (V,) no photo evidence near


def bake_maps(level: Level, full: Mesh, measured: Surface, skins: Sequence[Skin], params: MapParams) -> Asset:
    """Unwraps the level and fills its maps. `measured`: of `full`."""
    size, flat = params.size, unwrap(level.mesh, params.size)
    face, bary = rasterise(flat.uv, flat.faces, size)
    texels = np.flatnonzero(face.ravel() >= 0)
    on = face.ravel()[texels]
    w = bary.reshape(-1, 2)[texels].astype(np.float64)
    weights = np.concatenate([w, 1 - w.sum(1, keepdims=True)], 1)
    fill = _Gutter(texels, size)
    colours = Colours(skins, density(flat.vertices, flat.faces, flat.uv, size, size))
    base = np.concatenate(
        [colours.at(_mix(flat.vertices, flat, on[b], weights[b])) for b in _blocks(len(texels))]
        or [np.zeros((0, 3), np.float32)]
    )
    filled = None if full.filled is None else _filled(level.mesh, full, measured)[flat.source]
    tangent = tangents(flat.vertices, flat.normals, flat.faces, flat.uv) if params.normal_map else None
    relief = None if tangent is None else fill.picture(_relief(flat, tangent, full, measured, on, weights))
    ao = None
    if params.ao:
        light = _open_sky(level, measured)[flat.source]
        ao = fill.picture(np.repeat(_mix(light[:, None], flat, on, weights), 3, 1))
    return Asset(
        flat.vertices, flat.normals, flat.faces, flat.uv, fill.picture(_srgb(base)), tangent, relief, ao, filled
    )  # fmt: skip


def _blocks(count: int) -> list[slice]:
    return [slice(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK)]


def _mix(values: F32, flat: Unwrapped, face: I32, weights: F64) -> F64:
    """Values of vertices (V, C) at points on faces (N, C)."""
    corners = flat.faces[face]
    return np.asarray(sum(values[corners[:, k]].astype(np.float64) * weights[:, k : k + 1] for k in range(3)))


def _relief(flat: Unwrapped, tangent: F32, full: Mesh, measured: Surface, on: I32, weights: F64) -> F64:
    """The full mesh's normals in tangent space (N, 3), 0..1; +Y is the texture's up."""
    fine = vertex_normals(full.vertices, full.faces)
    out = np.empty((len(on), 3), np.float32)
    across = np.cross(flat.normals, tangent[:, :3]) * tangent[:, 3:]
    for b in _blocks(len(on)):
        face, w = measured.closest(_mix(flat.vertices, flat, on[b], weights[b]))
        wanted = _unit((fine[full.faces[face]] * w[..., None]).sum(1))
        basis = [_unit(_mix(v, flat, on[b], weights[b])) for v in (tangent[:, :3], across, flat.normals)]
        local = np.stack([(wanted * v).sum(1) for v in basis], 1)
        local[:, 2] = np.maximum(local[:, 2], 0.02)  # what faces away cannot be told in tangent space
        out[b] = _unit(local) * 0.5 + 0.5
    return np.asarray(out, np.float64)


def _open_sky(level: Level, measured: Surface) -> F32:
    """(V,) share of the sky a vertex of the level sees, weighted by the cosine; rays meet the full mesh."""
    mesh = level.mesh
    normals = vertex_normals(mesh.vertices, mesh.faces).astype(np.float64)
    span = float(np.ptp(mesh.vertices, axis=0).max())
    start = mesh.vertices + normals * max(2 * level.apart.hausdorff, 0.002 * span)
    i = np.arange(AO_RAYS) + 0.5
    turn, radius = (
        i * np.pi * (3 - np.sqrt(5)),
        np.sqrt(i / AO_RAYS),
    )  # a sunflower, projected up: cosine-weighted
    disc = np.stack([radius * np.cos(turn), radius * np.sin(turn), np.sqrt(1 - radius**2)], 1)
    side = _unit(np.cross(normals, np.where(np.abs(normals[:, :1]) < 0.7, [[1.0, 0, 0]], [[0, 1.0, 0]])))
    other = np.cross(normals, side)
    free = np.zeros(len(normals))
    for x, y, z in disc:
        free += measured.sky(start, side * x + other * y + normals * z)
    return (free / AO_RAYS).astype(np.float32)


def _filled(mesh: Mesh, full: Mesh, measured: Surface) -> Bool:
    assert full.filled is not None
    face, weights = measured.closest(mesh.vertices)
    return np.asarray((full.filled[full.faces[face]] * weights).sum(1) > 0.5)


class _Gutter:
    """Puts values of texels into a picture and carries them into the space between the charts."""

    def __init__(self, texels: np.ndarray, size: int) -> None:
        self.texels, self.size = texels, size
        empty = np.ones(size * size, bool)
        empty[texels] = False
        nearest = distance_transform_edt(
            empty.reshape(size, size), return_distances=False, return_indices=True
        )
        self.nearest = (nearest[0] * size + nearest[1]).astype(np.int32)

    def picture(self, values: F64) -> U8:
        """(N, 3) in 0..1 -> (S, S, 3)."""
        flat = np.zeros((self.size * self.size, 3), np.uint8)
        flat[self.texels] = np.round(np.clip(values, 0, 1) * 255)
        return flat[self.nearest]


def _srgb(light: F32) -> F64:
    x = np.clip(light, 0, 1).astype(np.float64)
    return np.where(x <= 0.0031308, x * 12.92, 1.055 * x ** (1 / 2.4) - 0.055)


def _unit(v: F64) -> F64:
    return np.asarray(v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-12), np.float64)
