"""The properties of glTF 2.0 objects as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

COMMON = {"extensions", "extras"}


@dataclass(frozen=True)
class Rule:
    """One property. kind: number, integer, boolean, string, object, array, map or ref; of: what is inside or referred to."""

    kind: str
    of: Any = None
    need: bool = False
    low: float = -math.inf
    high: float = math.inf
    above: bool = False  # `low` itself is too low
    choices: tuple[Any, ...] = ()
    counts: tuple[int, ...] = ()  # allowed lengths; () = one or more
    unique: bool = False
    pattern: str = ""
    multiple: int = 1


def number(low: float = -math.inf, high: float = math.inf, **more: Any) -> Rule:
    return Rule("number", low=low, high=high, **more)


def whole(low: float = 0, high: float = 2**53, **more: Any) -> Rule:
    return Rule("integer", low=low, high=high, **more)


def choice(*choices: Any, need: bool = False) -> Rule:
    return Rule("string" if isinstance(choices[0], str) else "integer", choices=choices, need=need)


def ref(collection: str, need: bool = False) -> Rule:
    return Rule("ref", of=collection, need=need)


def obj(name: str, need: bool = False) -> Rule:
    return Rule("object", of=name, need=need)


def array(of: Rule, *counts: int, **more: Any) -> Rule:
    return Rule("array", of=of, counts=counts, **more)


def needed(rule: Rule) -> Rule:
    return replace(rule, need=True)


TEXT, FLAG, FREE, UNIT = Rule("string"), Rule("boolean"), Rule("any"), number(0, 1)
NAME = {"name": TEXT}
VERSION = r"^[0-9]+\.[0-9]+$"
TEXTURE = {"index": ref("textures", True), "texCoord": whole()}
COMPONENT = choice(5120, 5121, 5122, 5123, 5125, 5126, need=True)
FILTERS = (9728, 9729, 9984, 9985, 9986, 9987)
COLLECTIONS = {
    "accessors": "accessor", "animations": "animation", "buffers": "buffer", "bufferViews": "bufferView",
    "cameras": "camera", "images": "image", "materials": "material", "meshes": "mesh", "nodes": "node",
    "samplers": "sampler", "scenes": "scene", "skins": "skin", "textures": "texture",
}  # fmt: skip

OBJECTS: dict[str, Mapping[str, Rule]] = {
    "glTF": {
        "asset": obj("asset", need=True),
        "scene": ref("scenes"),
        "extensionsUsed": array(TEXT, unique=True),
        "extensionsRequired": array(TEXT, unique=True),
        **{many: array(obj(one)) for many, one in COLLECTIONS.items()},
    },
    "asset": {
        "version": Rule("string", need=True, pattern=VERSION),
        "minVersion": Rule("string", pattern=VERSION),
        "generator": TEXT,
        "copyright": TEXT,
    },
    "accessor": NAME
    | {
        "bufferView": ref("bufferViews"),
        "byteOffset": whole(),
        "componentType": COMPONENT,
        "normalized": FLAG,
        "count": whole(1, need=True),
        "type": choice("SCALAR", "VEC2", "VEC3", "VEC4", "MAT2", "MAT3", "MAT4", need=True),
        "max": array(number(), 1, 2, 3, 4, 9, 16),
        "min": array(number(), 1, 2, 3, 4, 9, 16),
        "sparse": obj("sparse"),
    },
    "sparse": {
        "count": whole(1, need=True),
        "indices": obj("sparseIndices", True),
        "values": obj("sparseValues", True),
    },
    "sparseIndices": {
        "bufferView": ref("bufferViews", True),
        "byteOffset": whole(),
        "componentType": choice(5121, 5123, 5125, need=True),
    },
    "sparseValues": {"bufferView": ref("bufferViews", True), "byteOffset": whole()},
    "buffer": NAME | {"uri": TEXT, "byteLength": whole(1, need=True)},
    "bufferView": NAME
    | {
        "buffer": ref("buffers", True),
        "byteOffset": whole(),
        "byteLength": whole(1, need=True),
        "byteStride": whole(4, 252, multiple=4),
        "target": choice(34962, 34963),
    },
    "image": NAME | {"uri": TEXT, "mimeType": TEXT, "bufferView": ref("bufferViews")},
    "sampler": NAME
    | {
        "magFilter": choice(9728, 9729),
        "minFilter": choice(*FILTERS),
        "wrapS": choice(10497, 33071, 33648),
        "wrapT": choice(10497, 33071, 33648),
    },
    "texture": NAME | {"sampler": ref("samplers"), "source": ref("images")},
    "textureInfo": TEXTURE,
    "normalTextureInfo": TEXTURE | {"scale": number()},
    "occlusionTextureInfo": TEXTURE | {"strength": UNIT},
    "material": NAME
    | {
        "pbrMetallicRoughness": obj("pbr"),
        "normalTexture": obj("normalTextureInfo"),
        "occlusionTexture": obj("occlusionTextureInfo"),
        "emissiveTexture": obj("textureInfo"),
        "emissiveFactor": array(UNIT, 3),
        "alphaMode": choice("OPAQUE", "MASK", "BLEND"),
        "alphaCutoff": number(0),
        "doubleSided": FLAG,
    },
    "pbr": {
        "baseColorFactor": array(UNIT, 4),
        "baseColorTexture": obj("textureInfo"),
        "metallicFactor": UNIT,
        "roughnessFactor": UNIT,
        "metallicRoughnessTexture": obj("textureInfo"),
    },
    "mesh": NAME | {"primitives": array(obj("primitive"), need=True), "weights": array(number())},
    "primitive": {
        "attributes": Rule("map", of=ref("accessors"), need=True),
        "indices": ref("accessors"),
        "material": ref("materials"),
        "mode": choice(4, 0, 1, 2, 3, 5, 6),
        "targets": array(Rule("map", of=ref("accessors"))),
    },
    "node": NAME
    | {
        "camera": ref("cameras"),
        "children": array(ref("nodes"), unique=True),
        "skin": ref("skins"),
        "matrix": array(number(), 16),
        "mesh": ref("meshes"),
        "rotation": array(number(-1, 1), 4),
        "scale": array(number(), 3),
        "translation": array(number(), 3),
        "weights": array(number()),
    },
    "scene": NAME | {"nodes": array(ref("nodes"), unique=True)},
    "skin": NAME
    | {
        "inverseBindMatrices": ref("accessors"),
        "skeleton": ref("nodes"),
        "joints": array(ref("nodes"), unique=True, need=True),
    },
    "camera": NAME
    | {
        "type": choice("perspective", "orthographic", need=True),
        "perspective": obj("perspective"),
        "orthographic": obj("orthographic"),
    },
    "perspective": {
        "aspectRatio": number(0, above=True),
        "yfov": number(0, above=True, need=True),
        "zfar": number(0, above=True),
        "znear": number(0, above=True, need=True),
    },
    "orthographic": {
        "xmag": number(need=True),
        "ymag": number(need=True),
        "zfar": number(0, above=True, need=True),
        "znear": number(0, need=True),
    },
    "animation": NAME
    | {
        "channels": array(obj("channel"), need=True),
        "samplers": array(obj("animationSampler"), need=True),
    },
    "channel": {"sampler": whole(need=True), "target": obj("target", True)},
    "target": {"node": ref("nodes"), "path": Rule("string", need=True)},
    "animationSampler": {
        "input": ref("accessors", True),
        "interpolation": choice("LINEAR", "STEP", "CUBICSPLINE"),
        "output": ref("accessors", True),
    },
}
