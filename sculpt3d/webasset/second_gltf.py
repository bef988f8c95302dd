"""glTF read a second time, by other code than the door's: so that an export is proven against the file and not against
what was made of it. It knows less, and says so: what it does not know is not proven this way."""

from __future__ import annotations

import base64
import io
import json
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sculpt3d.models.document import Material, Part, Texture, Wrap

KNOWN = {
    "KHR_mesh_quantization", "KHR_texture_transform", "KHR_draco_mesh_compression", "EXT_meshopt_compression",
    "EXT_texture_webp", "KHR_texture_basisu", "KHR_xmp_json_ld", "MSFT_lod", "KHR_materials_unlit", "KHR_lights_punctual",
    "KHR_materials_specular", "KHR_materials_ior", "KHR_materials_clearcoat", "KHR_materials_sheen",
}  # fmt: skip
_TYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
_WRAPS: dict[int, Wrap] = {10497: "repeat", 33071: "clamp", 33648: "mirror"}
_MOST = 1 << 30  # bytes, of one decoded array


class NotKnown(Exception):
    """The file has something this reader does not know."""


def second_gltf(path: Path) -> list[Part]:
    """Triangles in the file's own coordinates, float64. Raises `NotKnown`, or whatever a broken file makes it raise."""
    return list(_File(path).parts())


class _File:
    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        self.folder, self.blob = path.parent, b""
        text = data
        if data[:4] == b"glTF":
            size = int.from_bytes(data[12:16], "little")
            text = data[20 : 20 + size]
            more = int.from_bytes(data[20 + size : 24 + size], "little")
            self.blob = data[28 + size : 28 + size + more]
        self.tree: dict[str, Any] = json.loads(text)
        if not set(self.tree.get("extensionsUsed", ())) <= KNOWN or self.tree.get("skins"):
            raise NotKnown

    def parts(self) -> Iterator[Part]:
        scene = self.tree["scenes"][self.tree.get("scene", 0)]
        waiting = [(n, np.eye(4)) for n in reversed(scene.get("nodes", []))]
        while waiting:
            number, above = waiting.pop()
            node = self.tree["nodes"][number]
            world = above @ _matrix(node)
            waiting += [(n, world) for n in reversed(node.get("children", []))]
            if "mesh" in node:
                for primitive in self.tree["meshes"][node["mesh"]]["primitives"]:
                    part = self._part(primitive, world)
                    if part is not None:
                        yield part

    def _part(self, primitive: dict[str, Any], world: NDArray[np.float64]) -> Part | None:
        mode, draco = primitive.get("mode", 4), self._draco(primitive)
        if mode < 4:
            return None
        if primitive.get("targets"):
            raise NotKnown
        names = primitive["attributes"]

        def column(name: str) -> NDArray[np.float64] | None:
            if name not in names:
                return None
            accessor = self.tree["accessors"][names[name]]
            raw = draco[name] if name in draco else self._accessor(names[name])
            return _number(raw, bool(accessor.get("normalized")))

        found = column("POSITION")
        if found is None:
            return None
        vertices = found @ world[:3, :3].T + world[:3, 3]
        if "faces" in draco:
            row = draco["faces"].ravel()
        elif "indices" in primitive:
            row = self._accessor(primitive["indices"]).ravel().astype(np.int64)
        else:
            row = np.arange(len(vertices))
        faces = _triangles(row.astype(np.int64), mode)
        if np.linalg.det(world[:3, :3]) < 0:
            faces = faces[:, [0, 2, 1]]
        material, info = self._material(primitive.get("material"))
        uv = None
        if info is not None:
            held = info.get("extensions", {}).get("KHR_texture_transform", {})
            uv = column(f"TEXCOORD_{held.get('texCoord', info.get('texCoord', 0))}")
            uv = None if uv is None else _turned(uv, held)
        colour = column("COLOR_0")
        known = [a for a in (colour, uv) if a is not None]
        if any(not np.isfinite(a).all() for a in known) or (colour is not None and colour.max() > 1.5):
            raise NotKnown  # codes that do not say that they are shares, and what is no number
        rgba = None if colour is None else _rgba(colour)
        return Part(
            vertices, faces.astype(np.int32), material, None if uv is None else uv.astype(np.float32), rgba
        )

    def _material(self, number: int | None) -> tuple[Material, dict[str, Any] | None]:
        if number is None:
            return Material(), None
        given = self.tree["materials"][number]
        pbr = given.get("pbrMetallicRoughness", {})
        factor = tuple(float(v) for v in pbr.get("baseColorFactor", [1, 1, 1, 1]))
        if max(factor) > 1 or min(factor) < 0:
            raise NotKnown
        if not any(factor[:3]) and any(given.get("emissiveFactor", [0])):
            raise NotKnown
        info = pbr.get("baseColorTexture")
        texture = None if info is None else self._texture(info["index"])
        alpha = {"MASK": "mask", "BLEND": "blend"}.get(given.get("alphaMode", "OPAQUE"), "opaque")
        made = Material("", factor, texture, alpha, given.get("alphaCutoff", 0.5))  # type: ignore[arg-type]
        return made, info

    def _texture(self, number: int) -> Texture:
        held = self.tree["textures"][number]
        more = held.get("extensions", {})
        source = next((v["source"] for v in more.values() if "source" in v), held.get("source"))
        image = self.tree["images"][source]
        data = self._view(image["bufferView"]) if "bufferView" in image else self._uri(image["uri"])
        if data[:8] == b"\xabKTX 20\xbb":
            import opengl_basisu

            pixels = np.ascontiguousarray(opengl_basisu.open(bytes(data)).transcode("rgba8").data)
        else:
            with Image.open(io.BytesIO(data)) as opened:
                if opened.mode.startswith("I"):
                    raise NotKnown
                pixels = np.asarray(opened.convert("RGBA"))
        sampler = self.tree["samplers"][held["sampler"]] if "sampler" in held else {}
        wrap = _WRAPS[sampler.get("wrapS", 10497)], _WRAPS[sampler.get("wrapT", 10497)]
        return Texture(pixels, wrap)

    def _draco(self, primitive: dict[str, Any]) -> dict[str, NDArray[Any]]:
        held = primitive.get("extensions", {}).get("KHR_draco_mesh_compression")
        if held is None:
            return {}
        import DracoPy

        mesh = DracoPy.decode(self._view(held["bufferView"]))
        by_id = {a["unique_id"]: np.asarray(a["data"]) for a in mesh.attributes}
        found = {name: by_id[number] for name, number in held["attributes"].items()}
        return found | {"faces": np.asarray(mesh.faces)}

    def _accessor(self, number: int) -> NDArray[Any]:
        """(N, width) as stored."""
        a = self.tree["accessors"][number]
        kind, wide, count = np.dtype(_TYPES[a["componentType"]]), _WIDTHS[a["type"]], int(a["count"])
        if count * wide * kind.itemsize > _MOST:
            raise NotKnown
        rows = np.zeros((count, wide), kind)
        if "bufferView" in a:
            view = self.tree["bufferViews"][a["bufferView"]]
            step = view.get("byteStride", wide * kind.itemsize)
            data, start = self._view(a["bufferView"]), a.get("byteOffset", 0)
            rows = np.ndarray((count, wide), kind, data, start, (step, kind.itemsize)).copy()
        if "sparse" in a:
            s = a["sparse"]
            of, index = s["values"], s["indices"]
            number_kind = np.dtype(_TYPES[index["componentType"]])
            at = np.frombuffer(
                self._view(index["bufferView"]), number_kind, s["count"], index.get("byteOffset", 0)
            )
            new = np.frombuffer(
                self._view(of["bufferView"]), kind, s["count"] * wide, of.get("byteOffset", 0)
            )
            rows[at] = new.reshape(-1, wide)
        return rows

    def _view(self, number: int) -> bytes:
        view = self.tree["bufferViews"][number]
        packed = view.get("extensions", {}).get("EXT_meshopt_compression")
        if packed is None:
            start = view.get("byteOffset", 0)
            return self._buffer(view["buffer"])[start : start + view["byteLength"]]
        import meshopt

        start, count, size = packed.get("byteOffset", 0), packed["count"], packed["byteStride"]
        if count * size > _MOST:
            raise NotKnown
        data = self._buffer(packed["buffer"])[start : start + packed["byteLength"]]
        return bytes(
            meshopt.decode_gltf_buffer(data, count, size, packed["mode"], packed.get("filter", "NONE"))
        )

    def _buffer(self, number: int) -> bytes:
        buffer = self.tree["buffers"][number]
        return self._uri(buffer["uri"]) if "uri" in buffer else self.blob

    def _uri(self, uri: str) -> bytes:
        if uri.startswith("data:"):
            return base64.b64decode(uri.split(",", 1)[1])
        path = (self.folder / urllib.parse.unquote(uri)).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise NotKnown
        return path.read_bytes()


def _number(raw: NDArray[Any], normalized: bool) -> NDArray[np.float64]:
    found = raw.astype(np.float64)
    if normalized and raw.dtype.kind in "iu":
        found = np.maximum(found / np.iinfo(raw.dtype).max, -1)
    return found


def _matrix(node: dict[str, Any]) -> NDArray[np.float64]:
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T
    x, y, z, w = node.get("rotation", (0, 0, 0, 1))
    turn = np.array(
        [[1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
         [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
         [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]]
    )  # fmt: skip
    found = np.eye(4)
    found[:3, :3] = turn * node.get("scale", (1, 1, 1))
    found[:3, 3] = node.get("translation", (0, 0, 0))
    return found


def _triangles(row: NDArray[np.int64], mode: int) -> NDArray[np.int64]:
    if mode == 4:
        return row[: len(row) // 3 * 3].reshape(-1, 3)
    k = np.arange(max(len(row) - 2, 0))
    if mode == 6:
        return np.stack([np.full(len(k), row[0]), row[k + 1], row[k + 2]], 1)
    odd = k % 2
    return np.stack([row[k], row[k + 1 + odd], row[k + 2 - odd]], 1)


def _turned(uv: NDArray[np.float64], held: dict[str, Any]) -> NDArray[np.float64]:
    angle = held.get("rotation", 0.0)
    scaled = uv * held.get("scale", (1, 1))
    c, s = np.cos(angle), np.sin(angle)
    turned = np.stack([c * scaled[:, 0] + s * scaled[:, 1], c * scaled[:, 1] - s * scaled[:, 0]], 1)
    return turned + held.get("offset", (0, 0))


def _rgba(light: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Linear light (V, 3 or 4) as sRGB."""
    x = np.clip(light, 0, 1)
    coded = np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.maximum(x, 1e-9) ** (1 / 2.4) - 0.055)
    found = np.full((len(x), 4), 255, np.uint8)
    found[:, :3] = np.round(coded[:, :3] * 255)
    if x.shape[1] == 4:
        found[:, 3] = np.round(x[:, 3] * 255)
    return found
