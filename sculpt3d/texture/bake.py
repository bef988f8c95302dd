"""The colour texture: every texel from the photos that show it best, in linear light, in two bands.

Low frequencies are averaged over all photos that see a texel, so exposure differences fade without seams; detail comes
from the best photos only, so it stays sharp. Burt & Adelson 1983; Baumberg 2002.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree

from sculpt3d.progress import Each, Progress, one_by_one, silent
from sculpt3d.texture.unwrap import Unwrapped, rasterise, unwrap
from sculpt3d.texture.visibility import caster, clearance, depth_image, faces_in_sight, weights
from sculpt3d.types import F32, Mesh, Scene, TexturedMesh, View
from sculpt3d.views import finest_size, read_rgb, scaled

BATCH = (
    4  # photos at work at once; sums are taken in the photos' order, so results do not depend on the workers
)
BAND_PX = 6.0  # sigma that parts low from high frequencies
LOW_POWER, HIGH_POWER = 2.0, 12.0  # how strongly better views are preferred


@dataclass(frozen=True)
class TextureParams:
    """size: side of the square texture, texels."""

    size: int = 4096


@dataclass(frozen=True)
class _Seen:
    """One photo's share: texels (M,), weight (M,), low and high band (M, 3) in linear light."""

    index: NDArray[np.int64]
    weight: F32
    low: F32
    high: F32


def bake_texture(
    mesh: Mesh, scene: Scene, params: TextureParams | None = None, each: Each = one_by_one,
    progress: Progress | None = None,
) -> TexturedMesh:  # fmt: skip
    """Unwrap `mesh` and colour it from the scene's photos (same frame). Texels no photo sees take their neighbours'
    colour in space and are counted in `unseen_share`."""
    params, tell = params or TextureParams(), progress or silent
    size = params.size
    tell(0, 100)
    flat = unwrap(mesh, size)
    tell(20, 100)
    face, bary = rasterise(flat.uv, flat.faces, size)
    texels = np.flatnonzero(face.ravel() >= 0)
    texel_face = face.ravel()[texels]
    xyz, normal = _on_surface(flat, texel_face, bary.reshape(-1, 2)[texels])
    cast = caster(mesh.vertices, mesh.faces)
    depths = _Depths(cast)
    gains = exposure_gains(mesh, flat, scene, depths)

    def one(i: int) -> _Seen:
        view, depth = scene.views[i], depths.of(scene.views[i])
        some = np.flatnonzero(faces_in_sight(view, depth[0], flat)[texel_face])
        seen = _look(view, gains[i], depth, xyz[some], normal[some])
        return replace(seen, index=some[seen.index])

    total = _Blend(len(texels))
    for start in range(0, len(scene.views), BATCH):
        batch = range(start, min(start + BATCH, len(scene.views)))
        for seen in each(one, batch):
            total.add(seen)
        tell(20 + round(70 * batch.stop / len(scene.views)), 100)
    colour, known = total.result()
    unseen = float(1 - known.mean()) if len(known) else 1.0
    colour[~known] = _from_neighbours(xyz, colour, known)
    picture = np.zeros((size * size, 3), np.uint8)
    picture[texels] = to_srgb(colour)
    covered = np.zeros(size * size, bool)
    covered[texels] = True
    texture = _padded(picture.reshape(size, size, 3), covered.reshape(size, size))
    tell(100, 100)
    return TexturedMesh(
        flat.vertices, flat.normals, flat.faces, flat.uv, texture, flat.charts, float(covered.mean()), unseen
    )


class _Depths:
    """Depth picture and clearance of a view; cast again when asked: cheaper than holding hundreds."""

    def __init__(self, cast: Any) -> None:
        self.cast = cast

    def of(self, view: View) -> tuple[F32, F32]:
        depth = depth_image(self.cast, view)
        return depth, clearance(depth, view)


def exposure_gains(mesh: Mesh, flat: Unwrapped, scene: Scene, depths: _Depths) -> F32:
    """(views, 3) factors in linear light that make the photos agree on the surface's colours; their mean is 1.

    Alternates between each point's median colour and each photo's median ratio to it.
    """
    step = max(1, len(flat.vertices) // 6000)
    xyz, normal = flat.vertices[::step], flat.normals[::step]
    colours = np.full((len(scene.views), len(xyz), 3), np.nan, np.float32)
    for i, view in enumerate(scene.views):
        small = shrunk(view)
        index, uv, _ = weights(small, *depths.of(small), xyz, normal)
        colours[i, index] = _sample(cv2.GaussianBlur(linear_photo(small), (0, 0), 1.5), uv)
    logs = np.log(np.where(colours > 0.003, colours, np.nan))
    gains = np.zeros((len(scene.views), 3))
    shared = np.isfinite(logs).sum(0).min(-1) >= 2
    if shared.sum() >= 50:
        for _ in range(5):
            middle = _median(logs[:, shared] + gains[:, None], 0)
            gains = np.nan_to_num(_median(middle[None] - logs[:, shared], 1))
            gains -= gains.mean(0)
    return np.exp(np.clip(gains, -1.0, 1.0)).astype(np.float32)


def shrunk(view: View, side: int = 500) -> View:
    """The view with a camera of at most `side` pixels; its photo is read at that size."""
    camera = scaled(view.camera, *finest_size(view.camera, side))
    return View(view.name, camera, view.cam_from_world, view.image, None)


def linear_photo(view: View) -> F32:
    """(H, W, 3) linear light, at the view's camera's size."""
    return _LINEAR[read_rgb(view, view.camera.height, view.camera.width)]


def to_srgb(linear: NDArray[Any]) -> NDArray[np.uint8]:
    """Linear light 0..1 -> sRGB 8 bit (IEC 61966-2-1)."""
    x = np.clip(linear, 0, 1)
    encoded = np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.maximum(x, 1e-9) ** (1 / 2.4) - 0.055)
    return np.asarray(encoded * 255 + 0.5, np.uint8)


_CODES = np.arange(256) / 255
_LINEAR = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _look(view: View, gain: F32, depth: tuple[F32, F32], xyz: F32, normal: F32) -> _Seen:
    index, uv, how = weights(view, *depth, xyz, normal)
    photo = linear_photo(view) * gain
    # Blur only over the object: the background must not bleed in.
    object_ = (depth[0] > 0).astype(np.float32)
    low = cv2.GaussianBlur(photo * object_[..., None], (0, 0), BAND_PX)
    low /= np.maximum(cv2.GaussianBlur(object_, (0, 0), BAND_PX), 1e-3)[..., None]
    low_here = _sample(low, uv)
    return _Seen(index, how.astype(np.float32), low_here, _sample(photo, uv) - low_here)


def _sample(picture: F32, uv: NDArray[np.float64]) -> F32:
    """Bilinear, (M, 3); `uv` in pixels with the first centre at 0.5."""
    x = (uv[:, 0] - 0.5).astype(np.float32)
    y = (uv[:, 1] - 0.5).astype(np.float32)
    found = np.zeros((len(x), 3), np.float32)
    for k in range(0, len(x), 32000):  # remap takes at most 32767 rows
        part = slice(k, k + 32000)
        found[part] = cv2.remap(picture, x[part, None], y[part, None], cv2.INTER_LINEAR).reshape(-1, 3)
    return found


class _Blend:
    """Running weighted sums over the photos, for all texels."""

    def __init__(self, texels: int) -> None:
        self.low, self.high = np.zeros((texels, 3), np.float32), np.zeros((texels, 3), np.float32)
        self.low_weight, self.high_weight = np.zeros(texels, np.float32), np.zeros(texels, np.float32)
        self.unit = 0.0

    def add(self, seen: _Seen) -> None:
        if not len(seen.index):
            return
        self.unit = self.unit or float(np.median(seen.weight))  # keeps the powers within float32
        w = np.clip(seen.weight / self.unit, 0.02, 20)
        low, high = w**LOW_POWER, w**HIGH_POWER
        self.low[seen.index] += low[:, None] * seen.low
        self.high[seen.index] += high[:, None] * seen.high
        self.low_weight[seen.index] += low
        self.high_weight[seen.index] += high

    def result(self) -> tuple[F32, NDArray[np.bool_]]:
        """Linear colour (N, 3), and which texels any photo saw."""
        known = self.low_weight > 0
        colour = self.low / np.where(known, self.low_weight, 1)[:, None]
        colour += self.high / np.where(self.high_weight > 0, self.high_weight, 1)[:, None]
        return colour.astype(np.float32), known


def _on_surface(flat: Unwrapped, face: NDArray[np.int32], bary: F32) -> tuple[F32, F32]:
    corners = flat.faces[face]
    w = np.c_[bary, 1 - bary.sum(1)][..., None]
    xyz = (flat.vertices[corners] * w).sum(1).astype(np.float32)
    normal = (flat.normals[corners] * w).sum(1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    return xyz, normal.astype(np.float32)


def _from_neighbours(xyz: F32, colour: F32, known: NDArray[np.bool_]) -> F32:
    """Colours for the unknown texels from the nearest known ones in space."""
    if known.all() or not known.any():
        return np.full((int((~known).sum()), 3), 0.2, np.float32)
    step = max(1, int(known.sum()) // 200_000)
    source = np.flatnonzero(known)[::step]
    distance, near = cKDTree(xyz[source]).query(xyz[~known], k=min(8, len(source)), workers=1)
    w = 1 / np.maximum(distance.reshape(len(distance), -1), 1e-9)
    picked = colour[source[near.reshape(len(near), -1)]]
    return np.asarray((picked * (w / w.sum(1, keepdims=True))[..., None]).sum(1), np.float32)


def _padded(picture: NDArray[np.uint8], covered: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Every empty texel takes its nearest chart's colour, so that no mipmap level mixes in black."""
    row, column = distance_transform_edt(~covered, return_distances=False, return_indices=True)
    return picture[row, column]


def _median(values: NDArray[Any], axis: int) -> NDArray[np.float64]:
    """Median without NaN; NaN where there is nothing."""
    ordered = np.sort(values, axis=axis)  # NaN last
    count = np.isfinite(values).sum(axis, keepdims=True)
    middle = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis)
    return np.asarray(np.where(count > 0, middle, np.nan).squeeze(axis), np.float64)
