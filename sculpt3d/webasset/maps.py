"""Maps for one level of detail, baked from the full mesh: colour, normals, ambient occlusion, and what was filled in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.ndimage import distance_transform_edt

from sculpt3d.colour import to_srgb
from sculpt3d.geometry import F64
from sculpt3d.models.colouring import density
from sculpt3d.models.document import Material, Part, Texture
from sculpt3d.surface.topology import vertex_normals
from sculpt3d.texture.unwrap import Unwrapped, rasterise, unwrap
from sculpt3d.types import F32, I32, U8, Mesh
from sculpt3d.webasset.attributes import Carrier
from sculpt3d.webasset.colours import Colours
from sculpt3d.webasset.distance import Surface
from sculpt3d.webasset.levels import Level
from sculpt3d.webasset.tangents import tangents

BLOCK = 2_000_000  # texels at work at once
MARGIN = 64  # texels
AO_RAYS = 64
AO_REACH = 0.5  # of the object's size: occluders farther away do not darken


Alpha = Literal["opaque", "mask", "blend"]


@dataclass(frozen=True)
class MapParams:
    """size: side of the textures; normal_map, ao: whether to bake them."""

    size: int
    normal_map: bool = False
    ao: bool = False


def bake_maps(
    level: Level,
    full: Mesh,
    measured: Surface,
    parts: Sequence[Part],
    params: MapParams,
    carriers: Sequence[Carrier] = (),
) -> Part:
    """One part with one square texture, whose alpha is kept: unwraps the level and fills its maps.

    measured: of `full`; parts: where the colours are; carriers: of the attributes.
    """
    flat = unwrap(level.mesh, params.size)
    canvas = _Canvas(flat, params.size)
    colours = Colours(parts, density(flat.vertices, flat.faces, flat.uv, params.size, params.size))
    alpha = alpha_of(parts)
    channels = 3 if alpha == "opaque" else 4

    def seen(face: I32, weights: F64) -> F64:
        found = colours.at(_mix(flat.vertices, flat, face, weights))
        return np.concatenate([to_srgb(found[:, :3]), found[:, 3:channels]], 1)

    colour = canvas.paint(seen, channels)
    tangent = tangents(flat.vertices, flat.normals, flat.faces, flat.uv) if params.normal_map else None
    relief = None if tangent is None else canvas.paint(_relief(flat, tangent, full, measured))
    occlusion = None
    if params.ao:
        light = _open_sky(level, measured)[flat.source][:, None]
        occlusion = canvas.paint(lambda face, w: np.repeat(_mix(light, flat, face, w), 3, 1))
    more = {name: v for carrier in carriers for name, v in carrier.at(level.mesh.vertices).items()}
    return Part(
        flat.vertices, flat.faces,
        Material(texture=Texture(colour, ("clamp", "clamp")), alpha=alpha, normal_map=relief, occlusion=occlusion),
        flat.uv, None, flat.normals, {name: values[flat.source] for name, values in more.items()},
    )  # fmt: skip


def alpha_of(parts: Sequence[Part]) -> Alpha:
    """What alpha means where all parts share a texture: each part's own rule is in its values by then."""
    found = {p.material.alpha for p in parts}
    return "blend" if "blend" in found else "mask" if "mask" in found else "opaque"


def _mix(values: F32, flat: Unwrapped, face: I32, weights: F64) -> F64:
    """Values of vertices (V, C) at points on faces (N, C)."""
    corners = flat.faces[face]
    return np.asarray(sum(values[corners[:, k]].astype(np.float64) * weights[:, k : k + 1] for k in range(3)))


def _relief(flat: Unwrapped, tangent: F32, full: Mesh, measured: Surface) -> Callable[[I32, F64], F64]:
    """The full mesh's normals in tangent space (N, 3), 0..1; +Y is the texture's up."""
    fine = vertex_normals(full.vertices, full.faces)
    across = np.cross(flat.normals, tangent[:, :3]) * tangent[:, 3:]

    def at(on: I32, weights: F64) -> F64:
        face, w = measured.closest(_mix(flat.vertices, flat, on, weights))
        wanted = _unit((fine[full.faces[face]] * w[..., None]).sum(1))
        basis = [_unit(_mix(v, flat, on, weights)) for v in (tangent[:, :3], across, flat.normals)]
        local = np.stack([(wanted * v).sum(1) for v in basis], 1)
        local[:, 2] = np.maximum(local[:, 2], 0.02)  # what faces away cannot be told in tangent space
        return _unit(local) * 0.5 + 0.5

    return at


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


class _Canvas:
    """The level's square, painted and filled between the charts some rows at a time: 8192 texels a side in 4 GB."""

    def __init__(self, flat: Unwrapped, size: int) -> None:
        self.size = size
        self.face, self.weights = rasterise(flat.uv, flat.faces, size)

    def paint(self, values: Callable[[I32, F64], F64], channels: int = 3) -> U8:
        """`values`: faces (N,) and weights (N, 3) -> (N, C) in 0..1. Returns (S, S, C)."""
        out = np.zeros((self.size, self.size, channels), np.uint8)
        rows = max(1, BLOCK // self.size)
        for start in range(0, self.size, rows):
            here = self.face[start : start + rows] >= 0
            w = self.weights[start : start + rows][here].astype(np.float64)
            w = np.concatenate([w, 1 - w.sum(1, keepdims=True)], 1)
            painted = np.clip(values(self.face[start : start + rows][here], w), 0, 1)
            out[start : start + rows][here] = np.round(painted * 255)
        for start in range(0, self.size, rows):
            self._fill(out, start, start + rows)
        return out

    def _fill(self, out: U8, start: int, stop: int) -> None:
        """Carries the charts' borders into the space between them; charts above and below count as far as `MARGIN`."""
        low, high = max(0, start - MARGIN), min(self.size, stop + MARGIN)
        empty = self.face[low:high] < 0
        if empty.all():
            return
        nearest = distance_transform_edt(empty, return_distances=False, return_indices=True)
        row, column = nearest[:, start - low : stop - low]
        gap = empty[start - low : stop - low]
        out[start:stop][gap] = out[low:high][row[gap], column[gap]]


def _unit(v: F64) -> F64:
    return np.asarray(v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-12), np.float64)
