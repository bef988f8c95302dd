"""glTF materials as colour: base colour, specular-glossiness by its own conversion, or what only glows."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from PIL import Image

from sculpt3d.colour import linear, to_codes
from sculpt3d.errors import UnreadableFile
from sculpt3d.geometry import F64
from sculpt3d.gltf_check.ktx2 import can_decode, decode_ktx2
from sculpt3d.gltf_check.resources import Resources
from sculpt3d.models.document import Material, Texture, Wrap
from sculpt3d.types import U8

MAX_TEXELS = 16384 * 16384
GLOSS = "KHR_materials_pbrSpecularGlossiness"
TRANSFORM = "KHR_texture_transform"
_WRAPS: dict[int, Wrap] = {33071: "clamp", 33648: "mirror"}
_DIELECTRIC = 0.04  # reflectance that the conversion takes every stone and paint to have
_ALPHA: dict[str, Literal["opaque", "mask", "blend"]] = {"MASK": "mask", "BLEND": "blend"}


@dataclass(frozen=True)
class Shown:
    """A material and where its texture's coordinates are: the set's number (None: no texture), KHR_texture_transform."""

    material: Material
    uv_set: int | None = None
    uv_move: dict[str, Any] | None = None


class Materials:
    """Each is read once, and each picture."""

    def __init__(self, document: dict[str, Any], resources: Resources) -> None:
        self.document, self.resources = document, resources
        self._known: dict[int | None, Shown] = {None: Shown(Material())}
        self._pictures: dict[int, U8 | None] = {}
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
        alpha = _ALPHA.get(material.get("alphaMode", "OPAQUE"), "opaque")
        factor, info = pbr.get("baseColorFactor", [1, 1, 1, 1]), pbr.get("baseColorTexture")
        glow = np.array(material.get("emissiveFactor", [0, 0, 0]), np.float64) * self._strength(material)
        if isinstance(gloss, dict) and not pbr.get("baseColorTexture"):
            factor, info = gloss.get("diffuseFactor", [1, 1, 1, 1]), gloss.get("diffuseTexture")
            self._told.setdefault(
                "specular-glossiness is read as plain colour: browsers no longer draw it, export it anew"
            )
        elif not any(factor[:3]) and glow.any():
            factor, info = [*np.minimum(glow, 1), factor[3]], material.get("emissiveTexture")
            self._told.setdefault("the colour is in what glows (emissive); it is taken as the surface's own")
        elif glow.any():
            self._told.setdefault("what glows (emissive) is not kept")
        picture = None if info is None else self._picture(info["index"])
        if isinstance(gloss, dict) and not pbr.get("baseColorTexture"):
            factor, picture = _from_gloss(factor, picture, gloss.get("specularFactor", [1, 1, 1]))
        self._tell_more(material, pbr)
        return self._shown(material, alpha, factor, info, picture)

    def _shown(
        self, material: dict[str, Any], alpha: Any, factor: Any, info: Any, picture: U8 | None
    ) -> Shown:
        r, g, b, a = (float(v) for v in factor)
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
            float(material.get("alphaCutoff", 0.5)),
            self._map(material.get("normalTexture"), info, "a relief map"),
            self._map(material.get("occlusionTexture"), info, "an occlusion map"),
        )
        return Shown(found) if texture is None else Shown(found, _uv_set(info), _move(info))

    def _map(self, info: dict[str, Any] | None, colour: dict[str, Any] | None, name: str) -> U8 | None:
        """A map that lies on the colour's own coordinates."""
        if info is None:
            return None
        if colour is None or (_uv_set(info), _move(info)) != (_uv_set(colour), _move(colour)):
            self._told.setdefault(f"{name} that does not lie on the colour's coordinates is not kept")
            return None
        picture = self._picture(info["index"])
        return None if picture is None else np.ascontiguousarray(picture[..., :3])

    def _strength(self, material: dict[str, Any]) -> float:
        held = material.get("extensions", {}).get("KHR_materials_emissive_strength", {})
        return float(held.get("emissiveStrength", 1.0))

    def _tell_more(self, material: dict[str, Any], pbr: dict[str, Any]) -> None:
        more = [n for n in material.get("extensions", {}) if n.startswith("KHR_materials_")]
        more = [
            n[14:] for n in more if n not in (GLOSS, "KHR_materials_unlit", "KHR_materials_emissive_strength")
        ]
        if "metallicRoughnessTexture" in pbr:
            more.append("roughness")
        if more:
            self._told.setdefault(f"only the colour of materials is kept, not {', '.join(sorted(more))}")
        if "KHR_materials_variants" in self.document.get("extensions", {}):
            self._told.setdefault("of a material's variants the first is kept")

    def _wraps(self, texture: int) -> tuple[Wrap, Wrap]:
        sampler = self.document["textures"][texture].get("sampler")
        held = {} if sampler is None else self.document["samplers"][sampler]
        return _WRAPS.get(held.get("wrapS", 0), "repeat"), _WRAPS.get(held.get("wrapT", 0), "repeat")

    def _picture(self, texture: int) -> U8 | None:
        """(H, W, 3 or 4); the newest coding that can be decoded, None where none can, which is told."""
        held = self.document["textures"][texture]
        for holder in (*held.get("extensions", {}).values(), held):
            index = holder.get("source") if isinstance(holder, dict) else None
            if not isinstance(index, int) or index >= len(self.resources.images):
                continue
            if index not in self._pictures:
                self._pictures[index] = self._decoded(index)
            if self._pictures[index] is not None:
                return self._pictures[index]
        self._told.setdefault("a texture cannot be decoded here and is not kept")
        return None

    def _decoded(self, index: int) -> U8 | None:
        image = self.resources.images[index]
        if image is None:
            return None
        data, facts = image
        if facts.width * facts.height > MAX_TEXELS:
            raise UnreadableFile(f"A texture of {facts.width} x {facts.height} is too large; reduce it")
        try:
            if facts.mime == "image/ktx2":
                return decode_ktx2(data) if can_decode() else None
            with Image.open(io.BytesIO(data)) as opened:
                return _pixels(opened)
        except Exception as error:  # Pillow raises whatever its decoders meet
            self._told.setdefault(f"a texture cannot be decoded ({str(error)[:60]})")
            return None


def _pixels(opened: Image.Image) -> U8:
    """(H, W, 3), or (H, W, 4) where it has alpha; glTF's pictures are sRGB whatever their profile says."""
    if opened.mode.startswith("I"):
        grey = (np.asarray(opened).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)
        return np.repeat(grey[..., None], 3, 2)
    clear = opened.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in opened.info
    return np.array(opened.convert("RGBA" if clear else "RGB"))


def _uv_set(info: dict[str, Any]) -> int:
    return int(info.get("extensions", {}).get(TRANSFORM, {}).get("texCoord", info.get("texCoord", 0)))


def _move(info: dict[str, Any]) -> dict[str, Any] | None:
    held = info.get("extensions", {}).get(TRANSFORM, {})
    found = {k: v for k, v in held.items() if k in ("offset", "rotation", "scale")}
    return found or None


def _from_gloss(factor: Any, picture: U8 | None, specular: Any) -> tuple[list[float], U8 | None]:
    """Base colour as the archived extension's conversion has it: the diffuse, brightened by what a metal would not reflect."""
    strong = np.array(specular, np.float64)
    if picture is None:
        return [*_base(np.array([factor[:3]], np.float64), strong)[0], factor[3]], None
    levels = linear(np.ascontiguousarray(picture[..., :3])).reshape(-1, 3)
    base = np.empty_like(levels)
    for start in range(0, len(levels), 1 << 20):
        part = np.s_[start : start + (1 << 20)]
        base[part] = _base(levels[part].astype(np.float64) * factor[:3], strong)
    coded = to_codes(base).reshape(*picture.shape[:2], 3)
    return [1, 1, 1, factor[3]], coded if picture.shape[2] == 3 else np.dstack([coded, picture[..., 3]])


def _base(diffuse: F64, specular: F64) -> F64:
    left = 1 - float(specular.max())
    metal = _metallic(_brightness(diffuse), float(_brightness(specular[None])[0]), left)[:, None]
    from_diffuse = diffuse * left / (1 - _DIELECTRIC) / np.maximum(1 - metal, 1e-6)
    from_specular = (specular - _DIELECTRIC * (1 - metal)) / np.maximum(metal, 1e-6)
    share = metal**2
    return np.asarray(np.clip(from_diffuse * (1 - share) + from_specular * share, 0, 1), np.float64)


def _metallic(diffuse: F64, specular: float, left: float) -> F64:
    if specular < _DIELECTRIC:
        return np.zeros(len(diffuse))
    a, c = _DIELECTRIC, _DIELECTRIC - specular
    b = diffuse * left / (1 - a) + specular - 2 * a
    return np.asarray(np.clip((-b + np.sqrt(np.maximum(b * b - 4 * a * c, 0))) / (2 * a), 0, 1), np.float64)


def _brightness(rgb: F64) -> F64:
    """Perceived; HSP model's weights, as the conversion takes them."""
    return np.asarray(np.sqrt(rgb**2 @ np.array([0.299, 0.587, 0.114])), np.float64)
