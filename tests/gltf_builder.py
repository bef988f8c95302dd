"""glTF files written by hand, byte by byte, so that a reader is not judged by a writer of the same mind."""

from __future__ import annotations

import base64
import io
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

_KINDS = {"f4": 5126, "u4": 5125, "u2": 5123, "u1": 5121, "i2": 5122, "i1": 5120}
_TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}


def png(picture: Image.Image) -> bytes:
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()


class Builder:
    """One mesh on one node to begin with; `document` may be changed at will before it is written."""

    def __init__(self) -> None:
        self.document: dict[str, Any] = {
            "asset": {"version": "2.0"}, "bufferViews": [], "accessors": [], "scene": 0, "scenes": [{"nodes": [0]}],
            "nodes": [{"mesh": 0}], "meshes": [{"primitives": [{"attributes": {}}]}],
        }  # fmt: skip
        self.data = b""

    @property
    def primitive(self) -> dict[str, Any]:
        return self.document["meshes"][0]["primitives"][0]

    def view(self, data: bytes, **more: Any) -> int:
        self.data += b"\0" * (-len(self.data) % 4)
        self.document["bufferViews"].append(
            {"buffer": 0, "byteOffset": len(self.data), "byteLength": len(data), **more}
        )
        self.data += data
        return len(self.document["bufferViews"]) - 1

    def accessor(self, values: Any, index: bool = False, bounds: bool = False, **more: Any) -> int:
        array = np.asarray(values)
        width = 1 if array.ndim == 1 else array.shape[1]
        rows, stride = array.reshape(len(array), -1), {}
        if not index and rows.itemsize * width % 4:  # vertex data comes in fours
            pad = (-rows.itemsize * width % 4) // rows.itemsize
            rows = np.c_[rows, np.zeros((len(rows), pad), rows.dtype)]
            stride = {"byteStride": rows.shape[1] * rows.itemsize}
        found = {
            "bufferView": self.view(rows.tobytes(), **stride), "componentType": _KINDS[array.dtype.str[1:]],
            "count": len(array), "type": _TYPES[width], **more,
        }  # fmt: skip
        if bounds:
            found |= {"min": array.min(0).tolist(), "max": array.max(0).tolist()}
        self.document["accessors"].append(found)
        return len(self.document["accessors"]) - 1

    def shape(self, vertices: Any, faces: Any = None, uv: Any = None) -> Builder:
        self.primitive["attributes"]["POSITION"] = self.accessor(vertices, bounds=True)
        if uv is not None:
            self.primitive["attributes"]["TEXCOORD_0"] = self.accessor(uv)
        if faces is not None:
            self.primitive["indices"] = self.accessor(np.asarray(faces).reshape(-1), index=True)
        return self

    def texture(self, picture: Image.Image | bytes, mime: str = "image/png", **sampler: int) -> int:
        data = picture if isinstance(picture, bytes) else png(picture)
        images = self.document.setdefault("images", [])
        images.append({"bufferView": self.view(data), "mimeType": mime})
        found = {"source": len(images) - 1}
        if sampler:
            self.document.setdefault("samplers", []).append(sampler)
            found["sampler"] = len(self.document["samplers"]) - 1
        self.document.setdefault("textures", []).append(found)
        return len(self.document["textures"]) - 1

    def material(self, **material: Any) -> Builder:
        self.document.setdefault("materials", []).append(material)
        self.primitive["material"] = len(self.document["materials"]) - 1
        return self

    def base(self, texture: int, **info: Any) -> Builder:
        return self.material(pbrMetallicRoughness={"baseColorTexture": {"index": texture, **info}})

    def uses(self, *names: str, required: bool = False) -> Builder:
        self.document["extensionsUsed"] = [*self.document.get("extensionsUsed", []), *names]
        if required:
            self.document["extensionsRequired"] = list(names)
        return self

    def glb(self, path: Path) -> Path:
        document = {k: v for k, v in self.document.items() if v != []} | {
            "buffers": [{"byteLength": len(self.data)}]
        }
        text = json.dumps(document).encode()
        chunks = (
            (text + b" " * (-len(text) % 4), b"JSON"),
            (self.data + b"\0" * (-len(self.data) % 4), b"BIN\0"),
        )
        body = b"".join(struct.pack("<I4s", len(data), kind) + data for data, kind in chunks)
        path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body)
        return path

    def gltf(self, path: Path, uri: str | None = None) -> Path:
        """With its buffer inside the text, or at `uri`."""
        inside = "data:application/octet-stream;base64," + base64.b64encode(self.data).decode()
        buffers = [{"byteLength": len(self.data), "uri": uri or inside}]
        path.write_text(json.dumps(self.document | {"buffers": buffers}))
        return path
