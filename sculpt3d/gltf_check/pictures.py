"""What a picture's header says: kind, size, channels, colour profile. Pixels are not decoded."""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass

from sculpt3d.gltf_check import ktx2
from sculpt3d.gltf_check.container import Bytes
from sculpt3d.gltf_check.issues import Issues

_MAX_PROFILE = 4 << 20
_SOF = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}


@dataclass(frozen=True)
class PictureFacts:
    """profile: what the file says of its colours, "" for nothing (then glTF's sRGB holds); linear: KTX2's own word."""

    mime: str
    width: int
    height: int
    channels: int
    bits: int = 8
    profile: str = ""
    linear: bool | None = None


def look_at_picture(data: Bytes, at: str, issues: Issues) -> PictureFacts | None:
    """Facts, or None with an issue told."""
    head = bytes(data[:64])
    try:
        if head.startswith(b"\x89PNG\r\n\x1a\n"):
            return _png(data)
        if head.startswith(b"\xff\xd8"):
            return _jpeg(data)
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return _webp(head)
        if head[4:12] in (b"ftypavif", b"ftypavis"):
            return _avif(bytes(data[: 1 << 16]))
        if head.startswith(ktx2.MAGIC):
            width, height, srgb = ktx2.read_header(data)
            return PictureFacts("image/ktx2", width, height, 4, linear=not srgb)
    except (struct.error, IndexError):
        issues.error("IMAGE_UNEXPECTED_EOS", at, "The picture's header is cut short.")
        return None
    except ValueError as error:
        issues.error("IMAGE_DATA_INVALID", at, f"The picture is broken: {error}.")
        return None
    issues.warn("IMAGE_UNRECOGNIZED_FORMAT", at, "This is no PNG, JPEG, WebP, AVIF or KTX2 picture.")
    return None


def _png(data: Bytes) -> PictureFacts:
    if bytes(data[12:16]) != b"IHDR":
        raise ValueError("the PNG does not begin with its header")
    width, height, bits, kind = struct.unpack(">IIBB", data[16:26])
    profile, offset = "", 33
    while offset + 8 <= len(data):
        size, name = struct.unpack(">I4s", data[offset : offset + 8])
        if name == b"IDAT":
            break
        body = bytes(data[offset + 8 : offset + 8 + min(size, _MAX_PROFILE)])
        if name == b"iCCP":
            profile = _icc(_inflated(body.split(b"\0", 1)[-1][1:]))
        elif name == b"gAMA" and not profile:
            gamma = struct.unpack(">I", body[:4])[0]
            profile = "" if abs(gamma - 45455) < 100 else f"gamma {gamma / 100000:.2f}"
        elif name == b"sRGB":
            profile = ""
            break
        offset += size + 12
    return PictureFacts(
        "image/png", width, height, {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}.get(kind, 0), bits, profile
    )


def _jpeg(data: Bytes) -> PictureFacts:
    offset, profile = 2, ""
    while True:
        if data[offset] != 0xFF:
            raise ValueError("a JPEG marker is missing")
        kind = data[offset + 1]
        if kind == 0xFF:
            offset += 1
            continue
        size = struct.unpack(">H", data[offset + 2 : offset + 4])[0]
        if size < 2 or kind == 0:
            raise ValueError("a JPEG segment has no valid length")
        body = data[offset + 4 : offset + 2 + size]
        if kind in _SOF:
            bits, height, width, channels = struct.unpack(">BHHB", body[:6])
            return PictureFacts("image/jpeg", width, height, channels, bits, profile)
        if kind == 0xE2 and bytes(body[:12]) == b"ICC_PROFILE\0":
            profile = profile or _icc(bytes(body[14:]))
        offset += 2 + size


def _webp(head: bytes) -> PictureFacts:
    kind = head[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(head[k : k + 3], "little") + 1 for k in (24, 27))
        return PictureFacts("image/webp", width, height, 4 if head[20] & 16 else 3)
    if kind == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return PictureFacts("image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, 4)
    width, height = struct.unpack("<HH", head[26:30])
    return PictureFacts("image/webp", width & 0x3FFF, height & 0x3FFF, 3)


def _avif(head: bytes) -> PictureFacts:
    """The largest of its items: a picture of tiles says its whole size beside theirs."""
    sizes = [struct.unpack(">II", head[m.end() + 4 : m.end() + 12]) for m in re.finditer(b"ispe", head)]
    if not sizes:
        raise ValueError("the AVIF does not say its size")
    width, height = max(sizes, key=lambda s: s[0] * s[1])
    return PictureFacts("image/avif", width, height, 4 if b"auxl" in head else 3)


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, _MAX_PROFILE)
    except zlib.error:
        return b""


def _icc(profile: bytes) -> str:
    """The profile's own name; "" where it is sRGB."""
    text = profile.replace(b"\0", b"")
    if b"sRGB" in text or b"IEC61966-2" in text or b"IEC 61966-2" in text:
        return ""
    for name in (b"Adobe RGB", b"Display P3", b"ProPhoto", b"Rec. 2020", b"Gray", b"CMYK"):
        if name in text:
            return name.decode()
    return "a colour profile other than sRGB"
