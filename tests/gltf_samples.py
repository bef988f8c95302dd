"""Sound GLB files that say one thing each in an unusual way, built without our writers."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

_TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}
_KINDS = {"i1": 5120, "u1": 5121, "i2": 5122, "u2": 5123, "u4": 5125, "f4": 5126}
RNG = np.random.default_rng(7)


class Builder:
    """A GLB grown part by part; rows are padded to four bytes."""

    def __init__(self) -> None:
        self.blob = b""
        self.json: dict[str, Any] = {
            "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": []}], "nodes": [], "meshes": [],
            "accessors": [], "bufferViews": [],
        }  # fmt: skip

    def view(self, data: bytes, **more: Any) -> int:
        self.json["bufferViews"].append(
            {"buffer": 0, "byteOffset": len(self.blob), "byteLength": len(data)} | more
        )
        self.blob += data + b"\0" * (-len(data) % 4)
        return len(self.json["bufferViews"]) - 1

    def values(self, array: np.ndarray, normalized: bool = False, bounds: bool = False) -> int:
        rows = np.ascontiguousarray(array.reshape(len(array), -1))
        size = rows.shape[1] * rows.itemsize
        stride = size + -size % 4
        more = {} if rows.shape[1] in (1, 16) else {"byteStride": stride}
        if more:
            wide = np.zeros((len(rows), stride), np.uint8)
            wide[:, :size] = rows.view(np.uint8).reshape(len(rows), size)
            data = wide.tobytes()
        else:
            data = rows.tobytes()
        found: dict[str, Any] = {
            "bufferView": self.view(data, **more), "componentType": _KINDS[rows.dtype.str[1:]],
            "count": len(rows), "type": _TYPES[rows.shape[1]],
        }  # fmt: skip
        if normalized:
            found["normalized"] = True
        if bounds:
            found |= {"min": rows.min(0).tolist(), "max": rows.max(0).tolist()}
        self.json["accessors"].append(found)
        return len(self.json["accessors"]) - 1

    def texture(self, pixels: np.ndarray, **sampler: int) -> int:
        data = io.BytesIO()
        Image.fromarray(pixels).save(data, "PNG")
        for name in ("images", "textures", "samplers"):
            self.json.setdefault(name, [])
        self.json["images"].append({"bufferView": self.view(data.getvalue()), "mimeType": "image/png"})
        self.json["samplers"].append(sampler)
        number = len(self.json["images"]) - 1
        self.json["textures"].append({"source": number, "sampler": number})
        return number

    def material(self, **said: Any) -> int:
        self.json.setdefault("materials", []).append(said)
        return len(self.json["materials"]) - 1

    def mesh(self, primitive: dict[str, Any], node: dict[str, Any] | None = None, **more: Any) -> int:
        """Returns the node, which stands in the scene."""
        self.json["meshes"].append({"primitives": [primitive], **more})
        self.json["nodes"].append({"mesh": len(self.json["meshes"]) - 1, **(node or {})})
        number = len(self.json["nodes"]) - 1
        self.json["scenes"][0]["nodes"].append(number)
        return number

    def glb(self) -> bytes:
        document = self.json | {"buffers": [{"byteLength": len(self.blob)}]}
        text = json.dumps(document).encode()
        text += b" " * (-len(text) % 4)
        body = (
            struct.pack("<II", len(text), 0x4E4F534A) + text + struct.pack("<II", len(self.blob), 0x004E4942)
        )
        return struct.pack("<III", 0x46546C67, 2, 12 + len(body) + len(self.blob)) + body + self.blob


def ball(rows: int = 16, columns: int = 32) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """positions, normals, uv in 0..1, triangles."""
    v, u = (
        a.ravel()
        for a in np.meshgrid(np.linspace(0, 1, rows + 1), np.linspace(0, 1, columns + 1), indexing="ij")
    )
    n = np.stack(
        [
            np.sin(np.pi * v) * np.cos(2 * np.pi * u),
            np.cos(np.pi * v),
            -np.sin(np.pi * v) * np.sin(2 * np.pi * u),
        ],
        1,
    )
    i, j = (a.ravel() for a in np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"))
    p = i * (columns + 1) + j
    q = p + columns + 1
    faces = np.concatenate([np.stack([p, q, q + 1], 1)[i < rows - 1], np.stack([p, q + 1, p + 1], 1)[i > 0]])
    n = n.astype("<f4")
    return n, n, np.stack([u, v], 1).astype("<f4"), faces.astype("<u2")


def blotches(channels: int = 3) -> np.ndarray:
    """A smooth random picture, 64 x 64."""
    coarse = RNG.integers(0, 256, (8, 8, channels), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((64, 64), Image.Resampling.BILINEAR))


def shape(b: Builder, **more: int) -> dict[str, Any]:
    """A primitive of the ball with attributes that are there already."""
    xyz, normal, _, faces = ball()
    attributes = {"POSITION": b.values(xyz, bounds=True), "NORMAL": b.values(normal), **more}
    return {"attributes": attributes, "indices": b.values(faces.ravel())}


def painted(b: Builder, uv: np.ndarray, info: dict[str, Any] | None = None, pixels: np.ndarray | None = None,
            normalized: bool = False, sampler: dict[str, int] | None = None, **said: Any) -> dict[str, Any]:  # fmt: skip
    primitive = shape(b, TEXCOORD_0=b.values(uv, normalized))
    texture = b.texture(blotches() if pixels is None else pixels, **(sampler or {}))
    surface = {"baseColorTexture": {"index": texture, **(info or {})}, "metallicFactor": 0}
    surface |= said.pop("pbr", {})
    return primitive | {"material": b.material(pbrMetallicRoughness=surface, **said)}


def wraps(b: Builder) -> None:
    b.mesh(painted(b, 3 * ball()[2] - 1, sampler={"wrapS": 33071, "wrapT": 33648}))


def turned_uv(b: Builder) -> None:
    move = {"offset": [0.3, -0.2], "rotation": 0.7, "scale": [1.5, 0.6], "texCoord": 1}
    primitive = painted(b, 0 * ball()[2], {"extensions": {"KHR_texture_transform": move}})
    primitive["attributes"]["TEXCOORD_1"] = b.values(ball()[2])
    b.json["extensionsUsed"] = ["KHR_texture_transform"]
    b.mesh(primitive)


def uv_in_bytes(b: Builder) -> None:
    b.mesh(painted(b, np.round(255 * ball()[2]).astype("u1"), normalized=True))


def uv_in_shorts(b: Builder) -> None:
    b.mesh(painted(b, np.round(65535 * ball()[2]).astype("<u2"), normalized=True))


def colours(b: Builder, kind: str, channels: int, **material: Any) -> dict[str, Any]:
    light = 0.5 + 0.5 * ball()[0]
    rows = np.concatenate([light, light[:, 1:2]], 1)[:, :channels]
    most = {"u1": 255, "<u2": 65535, "<f4": 1}[kind]
    values = (most * rows).astype(kind) if most == 1 else np.round(most * rows).astype(kind)
    primitive = shape(b, COLOR_0=b.values(values, normalized=most > 1))
    return primitive | ({"material": b.material(**material)} if material else {})


def colours_in_bytes(b: Builder) -> None:
    b.mesh(colours(b, "u1", 3))


def colours_in_shorts(b: Builder) -> None:
    b.mesh(colours(b, "<u2", 4, pbrMetallicRoughness={"baseColorFactor": [0.9, 0.5, 0.3, 1]}))


def colours_in_floats(b: Builder) -> None:
    b.mesh(colours(b, "<f4", 3))


def glass_before_a_wall(b: Builder) -> None:
    pane = {"pbrMetallicRoughness": {"baseColorFactor": [0.9, 0.8, 0.2, 0.6]}, "alphaMode": "BLEND"}
    b.mesh(shape(b) | {"material": b.material(pbrMetallicRoughness={"baseColorFactor": [0.1, 0.2, 0.9, 1]})},
           {"translation": [-1.2, 0, -2.5]})  # fmt: skip
    square = np.array([[-1, -1, 1], [1, -1, 1], [1, 1, 1], [-1, 1, 1]], "<f4")
    b.mesh({"attributes": {"POSITION": b.values(square, bounds=True)},
            "indices": b.values(np.array([0, 1, 2, 0, 2, 3], "<u2")), "material": b.material(**pane)})  # fmt: skip


def cut_outs(b: Builder) -> None:
    pixels = np.concatenate([blotches(), blotches()[..., :1]], 2)
    b.mesh(
        painted(
            b,
            ball()[2],
            pixels=pixels,
            alphaMode="MASK",
            alphaCutoff=0.4,
            pbr={"baseColorFactor": [1, 1, 1, 0.8]},
        )
    )


def alpha_that_does_not_count(b: Builder) -> None:
    b.mesh(painted(b, ball()[2], pixels=blotches(4), pbr={"baseColorFactor": [1, 1, 1, 0.2]}))


def strip_and_fan(b: Builder) -> None:
    angle = np.linspace(0, 2 * np.pi, 40)
    ring = np.stack([np.cos(angle), np.sin(angle), 0 * angle], 1)
    band = np.stack([ring, 0.7 * ring + [0, 0, 0.5]], 1).reshape(-1, 3).astype("<f4")
    b.mesh({"attributes": {"POSITION": b.values(band, bounds=True)}, "mode": 5,
            "material": b.material(pbrMetallicRoughness={"baseColorFactor": [0.8, 0.1, 0.1, 1]})})  # fmt: skip
    lid = np.concatenate([[[0, 0, 0.3]], 0.6 * ring]).astype("<f4")
    b.mesh({"attributes": {"POSITION": b.values(lid, bounds=True)}, "mode": 6,
            "indices": b.values(np.arange(len(lid), dtype="u1")),
            "material": b.material(pbrMetallicRoughness={"baseColorFactor": [0.1, 0.6, 0.1, 1]})})  # fmt: skip


def nodes_in_nodes(b: Builder) -> None:
    """A mirrored child of a turned and stretched parent beside one with a matrix."""
    child = b.mesh(painted(b, ball()[2]), {"translation": [1.5, 0, 0], "scale": [-0.8, 0.5, 1.2]})
    b.json["scenes"][0]["nodes"].remove(child)
    b.json["nodes"].append(
        {"rotation": [0, 0.3826834, 0, 0.9238795], "scale": [1, 2, 1], "children": [child]}
    )
    b.json["scenes"][0]["nodes"].append(len(b.json["nodes"]) - 1)
    matrix = [0.5, 0, 0, 0, 0, 0, 0.7, 0, 0, -0.7, 0, 0, -1, 0.5, 0, 1]
    b.json["nodes"].append({"mesh": 0, "matrix": matrix})
    b.json["scenes"][0]["nodes"].append(len(b.json["nodes"]) - 1)


def quantised(b: Builder) -> None:
    primitive = painted(b, ball()[2])
    primitive["attributes"] |= {
        "POSITION": b.values(np.round(32767 * ball()[0]).astype("<i2"), normalized=True, bounds=True),
        "NORMAL": b.values(np.round(127 * ball()[1]).astype("i1"), normalized=True),
    }
    b.json |= {"extensionsUsed": ["KHR_mesh_quantization"], "extensionsRequired": ["KHR_mesh_quantization"]}
    b.mesh(primitive, {"scale": [3, 4, 5], "translation": [10, 0, 0]})


def sparse_positions(b: Builder) -> None:
    primitive = painted(b, ball()[2])
    accessor = b.json["accessors"][primitive["attributes"]["POSITION"]]
    moved = np.arange(100, 160)
    values = (1.5 * ball()[0][moved]).astype("<f4")
    accessor["sparse"] = {
        "count": len(moved),
        "indices": {"bufferView": b.view(moved.astype("<u2").tobytes()), "componentType": 5123},
        "values": {"bufferView": b.view(values.tobytes())},
    }
    whole = ball()[0].copy()
    whole[moved] = values
    accessor |= {"min": whole.min(0).tolist(), "max": whole.max(0).tolist()}
    b.mesh(primitive)


def morphed(b: Builder) -> None:
    primitive = painted(b, ball()[2])
    off = np.where(ball()[0][:, 1:2] > 0, [[0, 1, 0]], [[0, 0, 0.0]]).astype("<f4")
    primitive["targets"] = [{"POSITION": b.values(off, bounds=True)}]
    b.mesh(primitive, weights=[0.6])


def skinned(b: Builder) -> None:
    joints = np.zeros((len(ball()[0]), 4), "u1")
    joints[:, 0] = ball()[0][:, 1] > 0
    weights = np.tile(np.array([1, 0, 0, 0], "<f4"), (len(joints), 1))
    primitive = painted(b, ball()[2])
    primitive["attributes"] |= {"JOINTS_0": b.values(joints), "WEIGHTS_0": b.values(weights)}
    b.mesh(primitive, {"skin": 0, "translation": [5, 5, 5]})
    b.json["nodes"] += [{"translation": [0, -0.2, 0]}, {"translation": [0.3, 0.5, 0], "scale": [1.3, 1, 1]}]
    b.json["nodes"].append({"children": [1, 2]})
    b.json["scenes"][0]["nodes"].append(3)
    inverse = np.tile(np.eye(4, dtype="<f4").ravel(), (2, 1))
    b.json["skins"] = [{"joints": [1, 2], "inverseBindMatrices": b.values(inverse)}]


SAMPLES: dict[str, Callable[[Builder], None]] = {
    f.__name__: f
    for f in (wraps, turned_uv, uv_in_bytes, uv_in_shorts, colours_in_bytes, colours_in_shorts, colours_in_floats,
              glass_before_a_wall, cut_outs, alpha_that_does_not_count, strip_and_fan, nodes_in_nodes, quantised,
              sparse_positions, morphed, skinned)
}  # fmt: skip


def sample(name: str) -> bytes:
    builder = Builder()
    SAMPLES[name](builder)
    return builder.glb()
