"""JPEG XL by imagecodecs, which is here for TIFF already and carries libjxl. It gives pixels only: EXIF and size are read here.

Rejected: pillow-jxl-plugin 1.3, which gives profile and EXIF too, but is GPL.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

_CODESTREAM, _CONTAINER = b"\xff\x0a", b"\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a"
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
_MAX_EXIF = 1 << 24
NOTE = "JPEG XL: colours are taken as sRGB, a profile inside is not read"


def is_jxl(head: bytes) -> bool:
    return head.startswith((_CODESTREAM, _CONTAINER))


def decode(data: bytes) -> NDArray[Any]:
    """(H, W) or (H, W, C), turned as the file wants it."""
    import imagecodecs

    return np.asarray(imagecodecs.jpegxl_decode(data))


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height before they are turned, ISO/IEC 18181-1 D.2. Raises `ValueError` where there is no codestream."""
    stream = data if data.startswith(_CODESTREAM) else next(
        (body[4:] if kind == b"jxlp" else body for kind, body in _boxes(data) if kind in {b"jxlc", b"jxlp"}), b""
    )  # fmt: skip
    if not stream.startswith(_CODESTREAM):
        raise ValueError("no codestream")
    bits = _Bits(stream[2:18])
    small = bits.take(1)
    height = _length(bits, small)
    ratio = bits.take(3)
    if ratio:
        across, down = _RATIOS[ratio]
        return height * across // down, height
    return _length(bits, small), height


def _length(bits: _Bits, small: int) -> int:
    return (bits.take(5) + 1) * 8 if small else bits.take((9, 13, 18, 30)[bits.take(2)]) + 1


class _Bits:
    """Least significant first."""

    def __init__(self, data: bytes) -> None:
        self.value = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        found = self.value & ((1 << count) - 1)
        self.value >>= count
        return found


def exif_of(data: bytes) -> bytes:
    """The TIFF inside the Exif box, compressed or not; empty where there is none."""
    for kind, body in _boxes(data):
        if kind == b"brob" and body[:4] == b"Exif":
            import imagecodecs

            kind, body = b"Exif", bytes(imagecodecs.brotli_decode(body[4:], out=_MAX_EXIF))
        if kind == b"Exif" and len(body) > 4:
            return body[4 + int.from_bytes(body[:4], "big") :]
    return b""


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not data.startswith(_CONTAINER):
        return
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1 and at + 16 <= len(data):
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        end = len(data) if size == 0 else at + size
        if end < at + head:
            return
        yield kind, data[at + head : end]
        at = end
