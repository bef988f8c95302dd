"""Depth maps beside another program's, which are smaller, in a unit of their own and in OpenEXR."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.models.colmap import read_depth_map, read_model
from sculpt3d.mvs.fusion import FusionParams
from sculpt3d.types import F32


@dataclass(frozen=True)
class Agreement:
    """Over all pixels where both have a depth: shares within 1 % and 2 % after one scale a map; `both`: their share of
    the other program's pixels."""

    within_1: float
    within_2: float
    both: float


def agreement(model: Path, flat: Path, stereo: Path, depths: Path) -> Agreement:
    """`model`: the cameras of the photos as stored, `flat`: those of our maps below `stereo`.

    The other maps hold z, not distance, of the photos without lens distortion but with the focal length they had: read so,
    92.2 % of sakharov's pixels are within 1 %; as distorted 84.1 %, as distance 43.2 %.
    """
    cameras, straight = read_model(model), read_model(flat)
    apart, there = [], 0
    for image_id in cameras.reg_image_ids():
        image = cameras.images[image_id]
        other = read_exr(depths / f"{Path(str(image.name)).stem}.exr")
        z = _at(
            other.shape,
            cameras.cameras[image.camera_id],
            straight.cameras[image.camera_id],
            _ours(stereo, image),
        )
        both = (z > 0) & (other > 0)
        there += int((other > 0).sum())
        ratio = z[both] / other[both]
        if len(ratio):
            apart.append(np.abs(ratio / np.median(ratio) - 1))
    far = np.concatenate(apart)
    return Agreement(float((far < 0.01).mean()), float((far < 0.02).mean()), len(far) / there)


def _ours(stereo: Path, image: Any) -> F32:
    """The depths that fusion takes for sure, else 0; (H, W)."""
    depth, cost = (
        np.asarray(read_depth_map(stereo / f"{kind}_maps" / f"{image.name}.geometric.bin"))
        for kind in ("depth", "cost")
    )
    return np.where(cost < FusionParams().max_cost, depth, np.float32(0))


def _at(shape: tuple[int, ...], stored: Any, flat: Any, depth: F32) -> F32:
    """Our depth at the other map's pixel centres, the nearest pixel's; 0 = none."""
    h, w = shape
    grid = np.stack(np.meshgrid(np.arange(w) + 0.5, np.arange(h) + 0.5), -1).reshape(-1, 2)
    k = stored.calibration_matrix()
    rays = (grid * [stored.width / w, stored.height / h] - k[:2, 2]) / [k[0, 0], k[1, 1]]
    pixel = flat.img_from_cam(np.c_[rays, np.ones(len(rays))]) * [
        depth.shape[1] / flat.width,
        depth.shape[0] / flat.height,
    ]
    x, y = np.floor(pixel).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < depth.shape[1]) & (y < depth.shape[0])
    found = np.zeros(h * w, np.float32)
    found[inside] = depth[y[inside], x[inside]]
    return found.reshape(h, w)


def read_exr(path: Path) -> F32:
    """(H, W) of a file with one float channel, whole lines, ZIP or no compression; OpenCV's wheels come without EXR."""
    data = path.read_bytes()
    head, at = _header(data)
    x0, y0, x1, y1 = struct.unpack("<4i", head["dataWindow"])
    w, h = x1 - x0 + 1, y1 - y0 + 1
    name_end = head["channels"].index(b"\0")
    (kind,) = struct.unpack_from("<i", head["channels"], name_end + 1)
    packing = head["compression"][0]
    if kind != 2 or len(head["channels"]) != name_end + 18 or packing not in (0, 2, 3):
        raise ValueError(f"{path.name} is not a single float channel with ZIP or no compression")
    lines = 16 if packing == 3 else 1
    picture = np.zeros((h, w), np.float32)
    for offset in struct.unpack_from(f"<{-(-h // lines)}Q", data, at):
        y, size = struct.unpack_from("<2i", data, offset)
        rows, packed = min(lines, h - (y - y0)), data[offset + 8 : offset + 8 + size]
        raw = packed if size == 4 * w * rows else _unpack(packed)
        picture[y - y0 : y - y0 + rows] = np.frombuffer(raw, "<f4").reshape(rows, w)
    return picture


def _header(data: bytes) -> tuple[dict[str, bytes], int]:
    """Attributes by name, and where the table of offsets starts."""
    found, at = {}, 8
    while data[at]:
        name = data[at : data.index(b"\0", at)]
        kind_at = at + len(name) + 1
        size_at = data.index(b"\0", kind_at) + 1
        (size,) = struct.unpack_from("<i", data, size_at)
        found[name.decode()] = data[size_at + 4 : size_at + 4 + size]
        at = size_at + 4 + size
    return found, at + 1


def _unpack(packed: bytes) -> bytes:
    """ZIP of OpenEXR: differences of neighbouring bytes (plus 128), even bytes first, then odd ones."""
    steps = np.frombuffer(zlib.decompress(packed), np.uint8).astype(np.int64)
    steps[1:] -= 128
    halves: NDArray[np.uint8] = np.cumsum(steps).astype(np.uint8)
    whole = np.empty_like(halves)
    middle = (len(halves) + 1) // 2
    whole[::2], whole[1::2] = halves[:middle], halves[middle:]
    return whole.tobytes()
