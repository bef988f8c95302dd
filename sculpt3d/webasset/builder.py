"""A glTF document under construction: bytes, views and accessors, then the file."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

ARRAY, ELEMENT = 34962, 34963
_COMPONENT = {"i1": 5120, "u1": 5121, "i2": 5122, "u2": 5123, "u4": 5125, "f4": 5126}
_TYPE = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}


class Builder:
    """Grows by `add_*`; each returns the index of what it added."""

    def __init__(self, asset: dict[str, Any]) -> None:
        self.json: dict[str, Any] = {
            "asset": asset, "scene": 0, "scenes": [], "nodes": [], "meshes": [], "materials": [], "textures": [],
            "samplers": [], "images": [], "accessors": [], "bufferViews": [], "buffers": [],
        }  # fmt: skip
        self.blob = bytearray()
        self.uv_move: dict[str, list[float]] = {}  # of stored texture coordinates, for KHR_texture_transform
        self.unpacked = 0  # bytes of the buffer that compressed views stand for

    def use(self, extension: str, required: bool = False) -> None:
        for key in ("extensionsUsed", "extensionsRequired")[: 1 + required]:
            names = self.json.setdefault(key, [])
            if extension not in names:
                names.append(extension)

    def append(self, data: bytes) -> int:
        """Offset of the data in the binary chunk, a multiple of 4."""
        self.blob += b"\0" * (-len(self.blob) % 4)
        start = len(self.blob)
        self.blob += data
        return start

    def add_view(self, data: bytes, target: int | None = None, stride: int | None = None) -> int:
        view: dict[str, Any] = {"buffer": 0, "byteOffset": self.append(data), "byteLength": len(data)}
        view |= {} if target is None else {"target": target}
        view |= {} if stride is None else {"byteStride": stride}
        self.json["bufferViews"].append(view)
        return len(self.json["bufferViews"]) - 1

    def add_meshopt_view(
        self, packed: bytes, size: int, count: int, stride: int, mode: str, filtered: str | None, target: int
    ) -> int:
        """A view whose bytes come out of a compressed stream; the buffer it points at is never stored."""
        extension: dict[str, Any] = {
            "buffer": 0, "byteOffset": self.append(packed), "byteLength": len(packed), "byteStride": stride,
            "count": count, "mode": mode,
        }  # fmt: skip
        extension |= {} if filtered is None else {"filter": filtered}
        self.unpacked += -self.unpacked % 4
        view: dict[str, Any] = {
            "buffer": 1,
            "byteOffset": self.unpacked,
            "byteLength": size,
            "target": target,
        }
        view |= {"byteStride": stride} if mode == "ATTRIBUTES" else {}
        self.json["bufferViews"].append(view | {"extensions": {"EXT_meshopt_compression": extension}})
        self.unpacked += size
        return len(self.json["bufferViews"]) - 1

    def add_accessor(
        self, values: NDArray[Any], view: int | None, normalized: bool = False, bounds: bool = False
    ) -> int:
        """For values (N, width) or (N,), whose bytes lie in `view`."""
        table = values.reshape(len(values), -1)
        found: dict[str, Any] = {
            "componentType": _COMPONENT[table.dtype.str[1:]], "count": len(table), "type": _TYPE[table.shape[1]],
        }  # fmt: skip
        found |= {} if view is None else {"bufferView": view}
        found |= {"normalized": True} if normalized else {}
        if bounds:
            found |= {"min": table.min(0).tolist(), "max": table.max(0).tolist()}
        self.json["accessors"].append(found)
        return len(self.json["accessors"]) - 1

    def to_glb(self) -> bytes:
        whole = {k: v for k, v in self.json.items() if v != []}
        whole["buffers"] = [{"byteLength": len(self.blob)}]
        if self.unpacked:
            fallback = {"extensions": {"EXT_meshopt_compression": {"fallback": True}}}
            whole["buffers"].append({"byteLength": self.unpacked, **fallback})
        text = json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode()
        text += b" " * (-len(text) % 4)
        chunk = bytes(self.blob) + b"\0" * (-len(self.blob) % 4)
        head = struct.pack("<4sIIII", b"glTF", 2, 28 + len(text) + len(chunk), len(text), 0x4E4F534A)
        return head + text + struct.pack("<II", len(chunk), 0x4E4942) + chunk


def padded(values: NDArray[Any]) -> NDArray[Any]:
    """Rows filled up with zeros to a multiple of 4 bytes, as vertex data must be."""
    table = values.reshape(len(values), -1)
    more = -table.shape[1] * table.itemsize % 4 // table.itemsize
    return np.ascontiguousarray(np.pad(table, ((0, 0), (0, more))))
