"""The material of an asset and its pictures: JPEG, PNG, WebP or KTX2."""

from __future__ import annotations

import io
from typing import Any, Literal

from PIL import Image

from sculpt3d.types import U8
from sculpt3d.webasset.document import Document
from sculpt3d.webasset.ktx2 import encode_ktx2
from sculpt3d.webasset.maps import Asset

Picture = Literal["jpeg", "png", "webp", "ktx2"]
_EXTENSION = {"webp": "EXT_texture_webp", "ktx2": "KHR_texture_basisu"}


def material_of(document: Document, asset: Asset, name: str, kind: Picture, quality: int) -> dict[str, Any]:
    """Adds the pictures. quality: of JPEG, WebP and ETC1S, 1 to 100."""
    document.json["samplers"] = [{"magFilter": 9729, "minFilter": 9987, "wrapS": 33071, "wrapT": 33071}]
    colour = _texture(document, asset.colour, name, "colour", kind, quality)
    pbr = {"metallicFactor": 0.0, "roughnessFactor": 0.9, "baseColorTexture": colour}
    found: dict[str, Any] = {"name": f"{name} surface", "doubleSided": True, "pbrMetallicRoughness": pbr}
    if asset.normal_map is not None:
        # JPEG's blocks would show in the light; lossless costs little on smooth maps
        calm: Picture = "png" if kind == "jpeg" else kind
        found["normalTexture"] = _texture(document, asset.normal_map, name, "normals", calm, quality)
    if asset.ao is not None:
        found["occlusionTexture"] = _texture(document, asset.ao, name, "occlusion", kind, quality)
    return found


def _texture(
    document: Document, pixels: U8, name: str, use: str, kind: Picture, quality: int
) -> dict[str, Any]:
    """The texture info of a material."""
    if kind == "ktx2":
        data = encode_ktx2(pixels, use, quality)
    else:
        data = encode_picture(pixels, kind, quality, lossless=use == "normals")
    image = {"name": f"{name} {use}", "bufferView": document.add_view(data), "mimeType": f"image/{kind}"}
    document.json["images"].append(image)
    source = len(document.json["images"]) - 1
    texture: dict[str, Any] = {"sampler": 0}
    extension = _EXTENSION.get(kind)
    if extension is not None:
        document.use(extension, required=True)
        texture["extensions"] = {extension: {"source": source}}
    else:
        texture["source"] = source
    document.json["textures"].append(texture)
    info: dict[str, Any] = {"index": len(document.json["textures"]) - 1}
    if document.uv_scale != 1.0:
        info["extensions"] = {"KHR_texture_transform": {"scale": [document.uv_scale] * 2}}
    return info


def encode_picture(
    pixels: U8, kind: Literal["jpeg", "png", "webp"], quality: int, lossless: bool = False
) -> bytes:
    out = io.BytesIO()
    picture = Image.fromarray(pixels)
    if kind == "jpeg":
        picture.save(out, "JPEG", quality=quality, subsampling=0, optimize=True)
    elif kind == "webp":
        picture.save(out, "WEBP", quality=100 if lossless else quality, lossless=lossless, method=4)
    else:
        picture.save(out, "PNG", optimize=True)
    return out.getvalue()
