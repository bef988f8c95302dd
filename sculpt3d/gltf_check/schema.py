"""The properties of glTF 2.0 objects as a table, and the walk that holds a document against it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sculpt3d.gltf_check.issues import Issues

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
_TYPES = {"string": str, "boolean": bool, "object": dict, "map": dict, "array": list}


class Walk:
    """Holds a document against the table; `met` collects the extension objects on the way: (owner, pointer, name, value)."""

    def __init__(self, document: dict[str, Any], issues: Issues) -> None:
        self.document, self.issues = document, issues
        self.met: list[tuple[str, str, str, Any]] = []

    def run(self) -> None:
        self.object(self.document, OBJECTS["glTF"], "glTF", "")

    def object(self, value: dict[str, Any], rules: Mapping[str, Rule], owner: str, at: str) -> None:
        for key, rule in rules.items():
            if key in value:
                self.value(value[key], rule, f"{at}/{key}")
            elif rule.need:
                self.issues.error("UNDEFINED_PROPERTY", at or "/", f'"{key}" is missing.')
        for key in value.keys() - rules.keys() - COMMON:
            self.issues.warn("UNEXPECTED_PROPERTY", f"{at}/{key[:60]}", "glTF does not know this property.")
        if "extensions" in value:
            self._extensions(value["extensions"], owner, at)

    def _extensions(self, found: Any, owner: str, at: str) -> None:
        if not isinstance(found, dict):
            self._mismatch("object", f"{at}/extensions")
            return
        for name, value in found.items():
            if isinstance(value, dict):
                self.met.append((owner, f"{at}/extensions/{name}", name, value))
            else:
                self._mismatch("object", f"{at}/extensions/{name}")

    def value(self, value: Any, rule: Rule, at: str) -> None:
        if not self._typed(value, rule, at):
            return
        if rule.kind == "object":
            self.object(value, OBJECTS[rule.of] if isinstance(rule.of, str) else rule.of, str(rule.of), at)
        elif rule.kind == "array":
            self._array(value, rule, at)
        elif rule.kind == "map":
            if not value:
                self.issues.error("EMPTY_ENTITY", at, "Must not be empty.")
            for key, item in value.items():
                self.value(item, rule.of, f"{at}/{key}")
        elif rule.kind == "ref":
            self._reference(value, rule.of, at)
        elif rule.kind in ("number", "integer"):
            self._number(value, rule, at)
        elif rule.pattern and not re.match(rule.pattern, value):
            self.issues.error(
                "PATTERN_MISMATCH", at, f'"{value[:60]}" is not of the form the format asks for.'
            )
        if rule.choices and value not in rule.choices:
            self.issues.warn("VALUE_NOT_IN_LIST", at, f"{str(value)[:60]} is none of {rule.choices}.")

    def _typed(self, value: Any, rule: Rule, at: str) -> bool:
        if rule.kind == "any":
            return False
        if rule.kind in ("number", "integer", "ref"):
            good = isinstance(value, int | float) and not isinstance(value, bool)
            good = good and (rule.kind == "number" or isinstance(value, int))
        else:
            good = isinstance(value, _TYPES[rule.kind])
        if not good:
            self._mismatch(rule.kind, at)
        return good

    def _array(self, value: list[Any], rule: Rule, at: str) -> None:
        if not value:
            self.issues.error("EMPTY_ENTITY", at, "Must not be empty.")
        elif rule.counts and len(value) not in rule.counts:
            self.issues.error(
                "ARRAY_LENGTH_NOT_IN_LIST", at, f"{len(value)} values; {rule.counts} are allowed."
            )
        for i, item in enumerate(value):
            self.value(item, rule.of, f"{at}/{i}")
        if rule.unique and all(isinstance(v, str | int) for v in value) and len(set(value)) < len(value):
            self.issues.error("DUPLICATE_ELEMENTS", at, "The same entry appears twice.")

    def _reference(self, value: Any, collection: str, at: str) -> None:
        there = self.document.get(collection)
        count = len(there) if isinstance(there, list) else 0
        if not 0 <= value < count:
            self.issues.error(
                "UNRESOLVED_REFERENCE", at, f"Points at {collection} {value}, but there are {count}."
            )

    def _number(self, value: float, rule: Rule, at: str) -> None:
        low = value <= rule.low if rule.above else value < rule.low
        if (
            low or value > rule.high or not abs(value) < 1e100
        ):  # no float32 holds more, and squares stay finite
            self.issues.error("VALUE_NOT_IN_RANGE", at, f"{value} is out of range.")
        elif value % rule.multiple and rule.multiple > 1:
            self.issues.error("VALUE_MULTIPLE_OF", at, f"{value} is no multiple of {rule.multiple}.")

    def _mismatch(self, kind: str, at: str) -> None:
        self.issues.error("TYPE_MISMATCH", at, f"Must be {'an' if kind[0] in 'aio' else 'a'} {kind}.")
