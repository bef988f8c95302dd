"""KTX2 pictures as KHR_texture_basisu allows them: the header here, the pixels by opengl_basisu where it is installed."""

from __future__ import annotations

import struct
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.gltf_check.container import Bytes

MAGIC = b"\xabKTX 20\xbb\r\n\x1a\n"
SRGB = 2  # the data format descriptor's transfer function; 1 is linear
_ETC1S, _UASTC = 163, 166  # colour models of the descriptor
_SCHEMES = {_ETC1S: (1,), _UASTC: (0, 2)}  # BasisLZ; none or Zstandard
_HEADER, _LEVEL = 80, 24  # bytes
MAX_TEXELS = 8192 * 8192
TEXELS_PER_BYTE = 4096  # nothing real packs tighter


def read_header(data: Bytes) -> tuple[int, int, bool]:
    """Width, height, and whether it is sRGB. Raises ValueError, struct.error or IndexError with what is wrong."""
    kind, size, width, height, depth, layers, faces, levels, scheme = struct.unpack("<9I", data[12:48])
    described, described_bytes = struct.unpack("<2I", data[48:56])
    if kind != 0 or size != 1 or depth or layers or faces != 1:
        raise ValueError("it is no plain two-dimensional Basis Universal texture")
    if not width or not height or width % 4 or height % 4:
        raise ValueError(f"{width} x {height} is no multiple of 4")
    if not 1 <= levels <= max(width, height).bit_length():
        raise ValueError(f"{levels} mipmap levels do not fit its size")
    if described < _HEADER or described_bytes < 44 or described + described_bytes > len(data):
        raise ValueError("its data format descriptor lies outside the file")
    model, transfer = data[described + 12], data[described + 14]
    if scheme not in _SCHEMES.get(model, ()):
        raise ValueError("it is neither ETC1S with BasisLZ nor UASTC")
    for level in range(levels):
        start, length, _ = struct.unpack_from("<3Q", data, _HEADER + level * _LEVEL)
        if start < _HEADER or not length or start + length > len(data):
            raise ValueError(f"mipmap level {level} lies outside the file")
    return width, height, transfer == SRGB


def can_decode() -> bool:
    return find_spec("opengl_basisu") is not None


def decode_ktx2(data: Bytes) -> NDArray[np.uint8]:
    """(H, W, 3) of the largest level, (H, W, 4) where it is not all opaque. Raises ValueError where a part of it is broken."""
    import opengl_basisu

    try:
        width, height, _ = read_header(data)
        if width * height > min(MAX_TEXELS, TEXELS_PER_BYTE * len(data)):
            raise ValueError(f"{width} x {height} texels out of {len(data)} bytes")
        pixels: Any = opengl_basisu.open(bytes(data)).transcode("rgba8").data
    except (struct.error, IndexError, opengl_basisu.BasisuError) as error:
        raise ValueError(str(error) or "the file is cut short") from error
    opaque = bool((pixels[..., 3] == 255).all())
    return np.ascontiguousarray(pixels[..., :3] if opaque else pixels)
