"""What each photo tells about the colours at the mesh's vertices, in linear light: broad colour, fine detail, how well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sculpt3d._kernels import njit
from sculpt3d.colour import linear
from sculpt3d.texture.visibility import clearance, depth_image, weights
from sculpt3d.types import F32, I32, View
from sculpt3d.views import finest_size, read_rgb, scaled

BAND_PX = 6.0  # sigma that parts broad colour from detail, pixels
FINER = 1.3  # photos with this many more pixels a length than the texture has texels are averaged down


@dataclass(frozen=True)
class Nodes:
    """Where colours are compared: vertices, each once. start (N + 1,), beside: neighbours of node i are
    beside[start[i]:start[i + 1]]; edge: median length of an edge; density: texels a unit of length."""

    xyz: F32
    normal: F32
    faces: I32
    start: I32
    beside: I32
    edge: float
    density: float


@dataclass(frozen=True)
class Observed:
    """What all photos show, by node: entries start[i]:start[i + 1] belong to node i, in the photos' order.

    view (M,); quality (M,): pixels a unit of area, less at outlines and in blurred photos; broad (M, 3) linear light;
    fine (M,): detail at the node, in luminance. noise (views,): sigma of a fine value.
    """

    start: NDArray[np.int64]
    view: I32
    quality: F32
    broad: F32
    fine: F32
    noise: F32

    def node(self) -> NDArray[np.int64]:
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))


def fitting(view: View, nodes: Nodes) -> View:
    """The view at the size that the texture can hold; its photo is read at that size."""
    z = view.cam_from_world.apply(nodes.xyz[:: max(1, len(nodes.xyz) // 2000)])[:, 2]
    z = z[z > 0]
    finer = view.camera.fx / float(np.median(z)) / nodes.density if len(z) else 1.0
    side = max(view.camera.width, view.camera.height)
    small = max(64, round(side / finer * 1.1)) if finer > FINER else side
    camera = scaled(view.camera, *finest_size(view.camera, small))
    return View(view.name, camera, view.cam_from_world, view.image, view.mask)


def linear_photo(view: View) -> F32:
    """(H, W, 3) linear light, at the view's camera's size."""
    return linear(read_rgb(view, view.camera.height, view.camera.width))


def look(view: View, nodes: Nodes) -> tuple[I32, F32, F32, F32, float]:
    """Of one photo: nodes it shows (M,), quality, broad, fine, noise."""
    small = fitting(view, nodes)
    depth, photo = depth_image(nodes.xyz, nodes.faces, small), linear_photo(small)
    index, uv, how = weights(small, depth, clearance(depth, small, photo), nodes.xyz, nodes.normal)
    if not len(index):
        none = np.zeros(0, np.float32)
        return np.zeros(0, np.int32), none, np.zeros((0, 3), np.float32), none, 0.0
    edge_px = nodes.edge * float(np.sqrt(np.median(how)))
    colour = _sample(_blurred(photo, depth > 0, np.clip(edge_px / 2, 0.7, BAND_PX)), uv)
    rounds = int(np.clip(1.5 * (BAND_PX / max(edge_px, 1e-6)) ** 2, 1, 60))
    broad = _spread(colour, index, nodes, rounds)
    grey = photo @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    fine = _sample(grey[..., None], uv)[:, 0] - broad @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    return index.astype(np.int32), how.astype(np.float32), broad, fine, _noise(grey, depth > 0)


def _blurred(photo: F32, inside: NDArray[np.bool_], sigma: float) -> F32:
    """Blurred over the object only: the background must not bleed in."""
    share = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), float(sigma))
    blurred = cv2.GaussianBlur(photo * inside[..., None], (0, 0), float(sigma))
    return np.asarray(blurred / np.maximum(share, 1e-3)[..., None], np.float32)


def _spread(colour: F32, index: Any, nodes: Nodes, rounds: int) -> F32:
    """Averages over neighbours on the surface that the photo shows too: no outline, no depth step is crossed."""
    values, shown = np.zeros((len(nodes.xyz), 3), np.float32), np.zeros(len(nodes.xyz), np.bool_)
    values[index], shown[index] = colour, True
    return _diffused(values, shown, index, nodes.start, nodes.beside, rounds)[index]


@njit(nogil=True, cache=True)
def _diffused(values: Any, shown: Any, index: Any, start: Any, beside: Any, rounds: int) -> Any:
    other = values.copy()
    for _ in range(rounds):
        for i in index:
            r, g, b = values[i, 0], values[i, 1], values[i, 2]
            n = np.float32(1.0)
            for k in range(start[i], start[i + 1]):
                j = beside[k]
                if shown[j]:
                    r += values[j, 0]
                    g += values[j, 1]
                    b += values[j, 2]
                    n += np.float32(1.0)
            other[i, 0], other[i, 1], other[i, 2] = r / n, g / n, b / n
        values, other = other, values
    return values


def _sample(picture: F32, uv: NDArray[np.float64]) -> F32:
    """Bilinear, (M, C); `uv` in pixels with the first centre at 0.5."""
    rows = -(-len(uv) // 16384)  # remap takes at most 32767 a side
    x, y = (np.resize((uv[:, k] - 0.5).astype(np.float32), (rows, 16384)) for k in (0, 1))
    found = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found.reshape(rows * 16384, -1)[: len(uv)], np.float32)


def _noise(grey: F32, inside: NDArray[np.bool_]) -> float:
    """Sigma of the sensor's noise: the quietest fifth of the blocks of 16 pixels; Immerkaer 1996's operator."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    edges = np.abs(cv2.filter2D(grey, -1, kernel))
    h, w = (s // 16 * 16 for s in grey.shape)
    if not h or not w:
        return 0.0
    blocks = edges[:h, :w].reshape(h // 16, 16, w // 16, 16).mean((1, 3))
    whole = inside[:h, :w].reshape(h // 16, 16, w // 16, 16).all((1, 3))
    if not whole.any():
        return 0.0
    return float(np.quantile(blocks[whole], 0.2)) * np.sqrt(np.pi / 2) / 6


def gather(found: Sequence[tuple[I32, F32, F32, F32, float]], count: int) -> Observed:
    """All photos' findings, by node."""
    index = np.concatenate([f[0] for f in found])
    view = np.repeat(np.arange(len(found), dtype=np.int32), [len(f[0]) for f in found])
    order = np.argsort(index, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(index, minlength=count))])
    quality, broad, fine = (np.concatenate([f[k] for f in found])[order] for k in (1, 2, 3))
    view = view[order]
    sharp = _sharpness(index[order], view, np.abs(fine), count, len(found))
    noise = np.array([f[4] for f in found], np.float32)
    return Observed(start, view, (quality * sharp[view]).astype(np.float32), broad, fine, noise)


def _sharpness(node: I32, view: I32, detail: F32, nodes: int, views: int) -> F32:
    """(views,) how much detail a photo shows beside the others at the same places; squared, at most 1."""
    mean = np.bincount(node, detail, nodes) / np.maximum(np.bincount(node, minlength=nodes), 1)
    own = np.bincount(view, detail, views)
    others = np.bincount(view, mean[node], views)
    return np.asarray(np.clip(own / np.maximum(others, 1e-9), 0.1, 1.0) ** 2, np.float32)
