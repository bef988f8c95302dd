"""The materials of parts and their pictures: JPEG, PNG, WebP or KTX2."""

from __future__ import annotations

import io
from typing import Any, Literal

import numpy as np
from PIL import Image

from sculpt3d.models.colouring import CLAY
from sculpt3d.models.document import Material, Part, Wrap
from sculpt3d.types import U8
from sculpt3d.webasset.builder import Builder
from sculpt3d.webasset.ktx2 import encode_ktx2

Picture = Literal["jpeg", "png", "webp", "ktx2"]
_EXTENSION = {"webp": "EXT_texture_webp", "ktx2": "KHR_texture_basisu"}
_WRAPS: dict[Wrap, int] = {"clamp": 33071, "mirror": 33648, "repeat": 10497}


class Materials:
    """Written once each, however many parts wear them. quality: of JPEG, WebP and ETC1S, 1 to 100; clay: no part has colours."""

    def __init__(self, builder: Builder, name: str, kind: Picture, quality: int, clay: bool) -> None:
        self.builder, self.name, self.kind, self.quality, self.clay = builder, name, kind, quality, clay
        self._known: list[tuple[Material, int]] = []
        self._pictures: list[tuple[U8, str, int]] = []

    def of(self, part: Part) -> int:
        """Index of the part's material."""
        for known, index in self._known:
            if known is part.material:
                return index
        self.builder.json["materials"].append(self._made(part))
        self._known.append((part.material, len(self.builder.json["materials"]) - 1))
        return self._known[-1][1]

    def _made(self, part: Part) -> dict[str, Any]:
        material = part.material
        pbr: dict[str, Any] = {"metallicFactor": 0.0, "roughnessFactor": 0.9}
        found: dict[str, Any] = {
            "name": material.name or f"{self.name} surface", "doubleSided": True, "pbrMetallicRoughness": pbr,
        }  # fmt: skip
        factor = (*CLAY, material.factor[3]) if self.clay else material.factor
        if factor != (1, 1, 1, 1):
            pbr["baseColorFactor"] = [float(min(max(v, 0), 1)) for v in factor]
        if material.alpha != "opaque":
            found["alphaMode"] = material.alpha.upper()
            if material.alpha == "mask":
                found["alphaCutoff"] = material.cutoff
        if material.texture is None or part.uv is None:
            return found
        wrap = material.texture.wrap
        pbr["baseColorTexture"] = self._texture(material.texture.pixels, "colour", wrap)
        if material.normal_map is not None:
            found["normalTexture"] = self._texture(material.normal_map, "normals", wrap)
        if material.occlusion is not None:
            found["occlusionTexture"] = self._texture(material.occlusion, "occlusion", wrap)
        return found

    def _texture(self, pixels: U8, use: str, wrap: tuple[Wrap, Wrap]) -> dict[str, Any]:
        """The texture info of a material."""
        made = {"sampler": self._sampler(wrap)}
        kind = coded_as(pixels, use, self.kind)
        source = self._image(pixels, use, kind)
        extension = _EXTENSION.get(kind)
        texture: dict[str, Any] = made | ({} if extension else {"source": source})
        if extension:
            self.builder.use(extension, required=True)
            texture["extensions"] = {extension: {"source": source}}
        textures = self.builder.json["textures"]
        if texture not in textures:
            textures.append(texture)
        info: dict[str, Any] = {"index": textures.index(texture)}
        if self.builder.uv_move:
            info["extensions"] = {"KHR_texture_transform": self.builder.uv_move}
        return info

    def _image(self, pixels: U8, use: str, kind: Picture) -> int:
        for known, used, index in self._pictures:
            if known is pixels and used == use:
                return index
        if kind == "ktx2":
            data = encode_ktx2(pixels, use, self.quality)
        else:
            data = encode_picture(pixels, kind, self.quality, lossless=use == "normals")
        view = self.builder.add_view(data)
        image = {"name": f"{self.name} {use}", "bufferView": view, "mimeType": f"image/{kind}"}
        self.builder.json["images"].append(image)
        self._pictures.append((pixels, use, len(self.builder.json["images"]) - 1))
        return self._pictures[-1][2]

    def _sampler(self, wrap: tuple[Wrap, Wrap]) -> int:
        made = {"magFilter": 9729, "minFilter": 9987, "wrapS": _WRAPS[wrap[0]], "wrapT": _WRAPS[wrap[1]]}
        samplers = self.builder.json["samplers"]
        if made not in samplers:
            samplers.append(made)
        return int(samplers.index(made))


def coded_as(pixels: U8, use: str, kind: Picture) -> Picture:
    """JPEG holds no alpha; its blocks would show in the light of normals, and lossless costs little on smooth maps."""
    return "png" if kind == "jpeg" and (use == "normals" or pixels.shape[2] == 4) else kind


def encode_picture(
    pixels: U8, kind: Literal["jpeg", "png", "webp"], quality: int, lossless: bool = False
) -> bytes:
    out = io.BytesIO()
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    if kind == "jpeg":
        picture.save(out, "JPEG", quality=quality, subsampling=0, optimize=True)
    elif kind == "webp":
        picture.save(
            out, "WEBP", quality=100 if lossless else quality, lossless=lossless, method=4, exact=True
        )
    else:
        picture.save(out, "PNG", optimize=True)
    return out.getvalue()
