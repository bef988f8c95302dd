"""glTF materials as colour: base colour, specular-glossiness by its own conversion, or what only glows."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from PIL import Image

from sculpt3d.errors import UnreadableFile
from sculpt3d.gltf_check.container import Bytes
from sculpt3d.gltf_check.ktx2 import can_decode, decode_ktx2
from sculpt3d.gltf_check.resources import Resources
from sculpt3d.models.document import Material, Texture, Wrap
from sculpt3d.models.gltf_gloss import base_colour
from sculpt3d.types import U8

MAX_TEXELS = 16384 * 16384
GLOSS = "KHR_materials_pbrSpecularGlossiness"
TRANSFORM = "KHR_texture_transform"
_WRAPS: dict[int, Wrap] = {33071: "clamp", 33648: "mirror"}
_ALPHA: dict[str, Literal["opaque", "mask", "blend"]] = {"MASK": "mask", "BLEND": "blend"}


@dataclass(frozen=True)
class Shown:
    """A material and where its texture's coordinates are: the set's number (None: no texture), KHR_texture_transform.
    lit: whether vertex colours count."""

    material: Material
    uv_set: int | None = None
    uv_move: dict[str, Any] | None = None
    lit: bool = True


class Materials:
    """Each is read once, and each picture."""

    def __init__(self, document: dict[str, Any], resources: Resources) -> None:
        self.document, self.resources = document, resources
        self._known: dict[int | None, Shown] = {None: Shown(Material())}
        self._pictures: dict[int, U8 | None] = {}
        self._broken: set[int] = set()
        self._told: dict[str, None] = {}

    def notes(self) -> list[str]:
        return list(self._told)

    def of(self, index: int | None) -> Shown:
        if index not in self._known:
            assert index is not None
            self._known[index] = self._read(self.document["materials"][index])
        return self._known[index]

    def _read(self, material: dict[str, Any]) -> Shown:
        pbr = material.get("pbrMetallicRoughness", {})
        gloss = material.get("extensions", {}).get(GLOSS)
        self._tell_more(material, pbr)
        factor, info = _within(pbr.get("baseColorFactor", [1, 1, 1, 1])), pbr.get("baseColorTexture")
        glow = np.array(material.get("emissiveFactor", [0, 0, 0]), np.float64) * self._strength(material)
        old = isinstance(gloss, dict) and not info
        if not old and not any(factor[:3]) and (glow > 0).any():
            self._told.setdefault("the colour is in what glows (emissive); it is taken as the surface's own")
            info = material.get("emissiveTexture")
            picture = None if info is None else self._picture(info["index"])
            picture = picture if picture is None else np.ascontiguousarray(picture[..., :3])
            return replace(
                self._shown(material, [*_within(glow.tolist()), factor[3]], info, picture), lit=False
            )
        if (glow > 0).any():
            self._told.setdefault("what glows (emissive) is not kept")
        if old:
            return self._of_gloss(material, gloss)
        return self._shown(material, factor, info, None if info is None else self._picture(info["index"]))

    def _of_gloss(self, material: dict[str, Any], gloss: dict[str, Any]) -> Shown:
        self._told.setdefault(
            "specular-glossiness is read as plain colour: browsers no longer draw it, export it anew"
        )
        factor, strong = (
            _within(gloss.get(name, [1] * n)) for name, n in (("diffuseFactor", 4), ("specularFactor", 3))
        )
        info, other = gloss.get("diffuseTexture"), gloss.get("specularGlossinessTexture")
        diffuse, specular = (None if t is None else self._picture(t["index"]) for t in (info, other))
        same = info is None or other is None or _place(info) == _place(other)
        rgb, picture = base_colour(factor[:3], diffuse, strong, specular, same)
        return self._shown(material, [*rgb, factor[3]], info if diffuse is not None else other, picture)

    def _shown(self, material: dict[str, Any], factor: list[float], info: Any, picture: U8 | None) -> Shown:
        alpha = _ALPHA.get(material.get("alphaMode", "OPAQUE"), "opaque")
        r, g, b, a = factor
        texture = None
        if picture is not None:
            kept = (
                picture
                if alpha != "opaque" or picture.shape[2] == 3
                else np.ascontiguousarray(picture[..., :3])
            )
            texture = Texture(kept, self._wraps(info["index"]))
        found = Material(
            str(material.get("name", "")),
            (r, g, b, a if alpha != "opaque" else 1.0),
            texture,
            alpha,
            float(np.clip(material.get("alphaCutoff", 0.5), 0, 2)),  # above 1 nothing is there
            self._map(material.get("normalTexture"), info, "a relief map"),
            self._map(material.get("occlusionTexture"), info, "an occlusion map"),
        )
        return Shown(found) if texture is None else Shown(found, _uv_set(info), _move(info))

    def _map(self, info: dict[str, Any] | None, colour: dict[str, Any] | None, name: str) -> U8 | None:
        """A map that lies on the colour's own coordinates."""
        if info is None:
            return None
        if colour is None or _place(info) != _place(colour):
            self._told.setdefault(f"{name} that does not lie on the colour's coordinates is not kept")
            return None
        picture = self._picture(info["index"])
        return None if picture is None else np.ascontiguousarray(picture[..., :3])

    def _strength(self, material: dict[str, Any]) -> float:
        held = material.get("extensions", {}).get("KHR_materials_emissive_strength", {})
        return float(np.clip(held.get("emissiveStrength", 1.0), 0, 1e6))

    def _tell_more(self, material: dict[str, Any], pbr: dict[str, Any]) -> None:
        more = [n for n in material.get("extensions", {}) if n.startswith("KHR_materials_")]
        more = [
            n[14:] for n in more if n not in (GLOSS, "KHR_materials_unlit", "KHR_materials_emissive_strength")
        ]
        if "metallicRoughnessTexture" in pbr:
            more.append("roughness")
        if more:
            self._told.setdefault(f"only the colour of materials is kept, not {', '.join(sorted(more))}")

    def _wraps(self, texture: int) -> tuple[Wrap, Wrap]:
        sampler = self.document["textures"][texture].get("sampler")
        held = {} if sampler is None else self.document["samplers"][sampler]
        return _WRAPS.get(held.get("wrapS", 0), "repeat"), _WRAPS.get(held.get("wrapT", 0), "repeat")

    def _picture(self, texture: int) -> U8 | None:
        """(H, W, 3 or 4); the newest coding that can be decoded, None where none can, which is told."""
        held, absent = self.document["textures"][texture], 0
        for holder in (*held.get("extensions", {}).values(), held):
            index = holder.get("source") if isinstance(holder, dict) else None
            if not isinstance(index, int) or not 0 <= index < len(self.resources.images):
                continue
            if index not in self._pictures:
                self._pictures[index] = self._decoded(index)
            absent += self.resources.images[index] is None or index in self._broken  # told there
            if self._pictures[index] is not None:
                return self._pictures[index]
        if not absent:
            self._told.setdefault("a texture cannot be decoded here and is not kept")
        return None

    def _decoded(self, index: int) -> U8 | None:
        image = self.resources.images[index]
        if image is None:
            return None
        data, facts = image
        Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS or 0, MAX_TEXELS)
        if facts.width * facts.height > MAX_TEXELS:
            raise UnreadableFile(f"A texture of {facts.width} x {facts.height} is too large; reduce it")
        try:
            if facts.mime == "image/ktx2":
                return decode_ktx2(data) if can_decode() else None
            plain = _plain_png(data)
            if plain is not None:
                return plain
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # bounded above
                with Image.open(io.BytesIO(data)) as opened:
                    return _pixels(opened)
        except Exception as error:  # Pillow raises whatever its decoders meet
            self._broken.add(index)
            self._told.setdefault(f"a texture cannot be decoded ({str(error)[:60]}) and is not kept")
            return None


def _plain_png(data: Bytes) -> U8 | None:
    """One of 8-bit RGB or RGBA, straight into an array: in two thirds of Pillow's time and a quarter of its memory."""
    head = bytes(data[: 1 << 12])
    if head[:4] != b"\x89PNG" or head[24] != 8 or head[25] not in (2, 6) or b"tRNS" in head:
        return None
    import imagecodecs

    found = imagecodecs.png_decode(data)  # type: ignore[arg-type]  # any buffer will do
    return found if found.dtype == np.uint8 and found.ndim == 3 and found.shape[2] in (3, 4) else None


def _pixels(opened: Image.Image) -> U8:
    """(H, W, 3), or (H, W, 4) where it has alpha; glTF's pictures are sRGB whatever their profile says."""
    if opened.mode == "RGB" and "transparency" not in opened.info:
        return np.array(opened)
    if opened.mode.startswith("I"):
        grey = (np.asarray(opened).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)
        return np.repeat(grey[..., None], 3, 2)
    clear = opened.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in opened.info
    return np.array(opened.convert("RGBA" if clear else "RGB"))


def _uv_set(info: dict[str, Any]) -> int:
    return int(info.get("extensions", {}).get(TRANSFORM, {}).get("texCoord", info.get("texCoord", 0)))


def _place(info: dict[str, Any]) -> tuple[int, dict[str, Any] | None]:
    return _uv_set(info), _move(info)


def _move(info: dict[str, Any]) -> dict[str, Any] | None:
    held = info.get("extensions", {}).get(TRANSFORM, {})
    found = {k: v for k, v in held.items() if k in ("offset", "rotation", "scale")}
    return found or None


def _within(factor: list[float]) -> list[float]:
    """Some programs write a little more than 1."""
    return [float(np.clip(v, 0, 1)) for v in factor]
