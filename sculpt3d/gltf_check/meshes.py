"""Mesh primitives: attributes, indices, morph targets, and what the numbers in them must keep."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from sculpt3d.gltf_check.accessors import Values
from sculpt3d.gltf_check.issues import Issues
from sculpt3d.gltf_check.resources import MESHOPT

F, U8, U16, I8, I16, U32 = 5126, 5121, 5123, 5120, 5122, 5125
Format = tuple[str, int, bool]  # type, component, normalised
_UNIT = ((F, False), (U8, True), (U16, True))
_NAMES = re.compile(
    r"^(POSITION|NORMAL|TANGENT|(TEXCOORD|COLOR|JOINTS|WEIGHTS)_(0|[1-9][0-9]*)|_.*)$", re.DOTALL
)
FORMATS: dict[str, set[Format]] = {
    "POSITION": {("VEC3", F, False)},
    "NORMAL": {("VEC3", F, False)},
    "TANGENT": {("VEC4", F, False)},
    "TEXCOORD": {("VEC2", c, n) for c, n in _UNIT},
    "COLOR": {(t, c, n) for c, n in _UNIT for t in ("VEC3", "VEC4")},
    "JOINTS": {("VEC4", U8, False), ("VEC4", U16, False)},
    "WEIGHTS": {("VEC4", c, n) for c, n in _UNIT},
}
_SMALL = [(c, n) for c in (U8, I8, U16, I16) for n in (True, False)]
QUANTIZED: dict[str, set[Format]] = {
    "POSITION": {("VEC3", c, n) for c, n in _SMALL},
    "NORMAL": {("VEC3", I8, True), ("VEC3", I16, True)},
    "TANGENT": {("VEC4", I8, True), ("VEC4", I16, True)},
    "TEXCOORD": {("VEC2", c, n) for c, n in _SMALL},
}
_LEAST = {0: 1, 1: 2, 2: 2, 3: 2, 4: 3, 5: 3, 6: 3}


def check_meshes(document: dict[str, Any], values: Values, issues: Issues) -> None:
    quantized = "KHR_mesh_quantization" in document.get("extensionsUsed", [])
    tests = _Tests(document, values, issues, quantized)
    for i, mesh in enumerate(document.get("meshes", [])):
        counts = [len(p.get("targets", ())) for p in mesh["primitives"]]
        if len(set(counts)) > 1:
            issues.error(
                "MESH_PRIMITIVES_UNEQUAL_TARGETS_COUNT", f"/meshes/{i}", "Morph targets differ in number."
            )
        elif "weights" in mesh and len(mesh["weights"]) != counts[0]:
            issues.error(
                "MESH_INVALID_WEIGHTS_COUNT",
                f"/meshes/{i}/weights",
                f"{counts[0]} morph targets need as many.",
            )
        for k, primitive in enumerate(mesh["primitives"]):
            tests.primitive(primitive, f"/meshes/{i}/primitives/{k}")
    tests.strides()


class _Tests:
    def __init__(self, document: dict[str, Any], values: Values, issues: Issues, quantized: bool) -> None:
        self.document, self.values, self.issues, self.quantized = document, values, issues, quantized
        self.accessors = document.get("accessors", [])
        self.views = document.get("bufferViews", [])
        self.uses: dict[int, str] = {}  # view -> vertices or indices
        self.by_view: dict[int, set[int]] = {}
        self.seen: set[tuple[int, str]] = set()

    def primitive(self, primitive: dict[str, Any], at: str) -> None:
        attributes = primitive["attributes"]
        self._names(attributes, f"{at}/attributes")
        if "POSITION" not in attributes:
            self.issues.warn(
                "MESH_PRIMITIVE_NO_POSITION", f"{at}/attributes", "Nothing to draw: no positions."
            )
        if "TANGENT" in attributes and "NORMAL" not in attributes:
            self.issues.warn(
                "MESH_PRIMITIVE_TANGENT_WITHOUT_NORMAL", at, "Tangents without normals are ignored."
            )
        for name, index in attributes.items():
            self._attribute(name, index, f"{at}/attributes/{name}")
        counts = {self.accessors[i]["count"] for i in attributes.values()}
        if len(counts) > 1:
            self.issues.error(
                "MESH_PRIMITIVE_UNEQUAL_ACCESSOR_COUNT", at, f"Attributes of {sorted(counts)} vertices."
            )
        vertices = min(counts)
        drawn = self._indices(primitive, vertices, at) if "indices" in primitive else vertices
        self._mode(primitive.get("mode", 4), drawn, at)
        for k, target in enumerate(primitive.get("targets", ())):
            self._target(target, attributes, vertices, f"{at}/targets/{k}")
        if "material" in primitive:
            self._material(primitive["material"], attributes, at)

    def _names(self, attributes: Mapping[str, int], at: str) -> None:
        kinds: dict[str, list[int]] = {}
        for name in attributes:
            match = _NAMES.match(name)
            if match is None:
                self.issues.error(
                    "MESH_PRIMITIVE_INVALID_ATTRIBUTE", f"{at}/{name[:60]}", "No attribute of glTF."
                )
            elif match[2]:
                kinds.setdefault(match[2], []).append(int(match[3]))
        for kind, numbers in kinds.items():
            if sorted(numbers) != list(range(len(numbers))):
                says = f"{kind} sets must count from 0 without a gap."
                self.issues.error("MESH_PRIMITIVE_INDEXED_SEMANTIC_CONTINUITY", at, says)
        if len(kinds.get("JOINTS", ())) != len(kinds.get("WEIGHTS", ())):
            self.issues.error(
                "MESH_PRIMITIVE_JOINTS_WEIGHTS_MISMATCH", at, "As many JOINTS as WEIGHTS are needed."
            )

    def _attribute(self, name: str, index: int, at: str) -> None:
        accessor = self.accessors[index]
        kind = name.split("_")[0] if not name.startswith("_") else ""
        found = (accessor["type"], accessor["componentType"], bool(accessor.get("normalized")))
        allowed = FORMATS.get(kind, set()) | (QUANTIZED.get(kind, set()) if self.quantized else set())
        if allowed and found not in allowed:
            says = f"Stored as {found[0]} of component type {found[1]}, which glTF does not allow here."
            self.issues.error("MESH_PRIMITIVE_ATTRIBUTES_ACCESSOR_INVALID_FORMAT", at, says)
            return
        if accessor["componentType"] == U32:
            self.issues.error(
                "MESH_PRIMITIVE_ATTRIBUTES_ACCESSOR_UNSIGNED_INT", at, "32-bit integers are not allowed."
            )
        if kind == "POSITION" and not ("min" in accessor and "max" in accessor):
            self.issues.error(
                "MESH_PRIMITIVE_POSITION_ACCESSOR_WITHOUT_BOUNDS", at, "min and max are missing."
            )
        if "bufferView" in accessor:
            self._placed(accessor, index, at)
        if (index, kind) not in self.seen:
            self.seen.add((index, kind))
            self._contents(kind, index, at)

    def _placed(self, accessor: dict[str, Any], index: int, at: str) -> None:
        view = self.views[accessor["bufferView"]]
        self._use(accessor["bufferView"], "vertices", at)
        self.by_view.setdefault(accessor["bufferView"], set()).add(index)
        size = {U8: 1, I8: 1, U16: 2, I16: 2}.get(accessor["componentType"], 4)
        width = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}.get(accessor["type"], 4)
        if (accessor.get("byteOffset", 0) + view.get("byteOffset", 0)) % 4 or view.get(
            "byteStride", size * width if accessor["count"] > 1 else 4
        ) % 4:
            self.issues.error(
                "MESH_PRIMITIVE_ACCESSOR_UNALIGNED", at, "Vertex data starts at multiples of 4 bytes."
            )

    def _use(self, view: int, use: str, at: str) -> None:
        declared = {34962: "vertices", 34963: "indices"}.get(self.views[view].get("target", 0), use)
        if self.uses.setdefault(view, declared) != use:
            says = "One buffer view holds vertices and indices, or says it holds the other."
            self.issues.error("BUFFER_VIEW_TARGET_OVERRIDE", at, says)

    def strides(self) -> None:
        for view, users in self.by_view.items():
            packed = any(name in self.views[view].get("extensions", {}) for name in MESHOPT)
            if len(users) > 1 and "byteStride" not in self.views[view] and not packed:
                at = f"/bufferViews/{view}"
                says = f"{len(users)} vertex accessors share it, so it needs byteStride."
                self.issues.error("MESH_PRIMITIVE_ACCESSOR_WITHOUT_BYTESTRIDE", at, says)

    def _indices(self, primitive: dict[str, Any], vertices: int, at: str) -> int:
        index = primitive["indices"]
        accessor, at = self.accessors[index], f"{at}/indices"
        if (
            accessor["type"] != "SCALAR"
            or accessor["componentType"] not in (U8, U16, U32)
            or accessor.get("normalized")
        ):
            says = "Must be single whole numbers of 8, 16 or 32 bits without sign."
            self.issues.error("MESH_PRIMITIVE_INDICES_ACCESSOR_INVALID_FORMAT", at, says)
            return 0
        if "bufferView" in accessor:
            self._use(accessor["bufferView"], "indices", at)
            if "byteStride" in self.views[accessor["bufferView"]]:
                self.issues.error(
                    "MESH_PRIMITIVE_INDICES_ACCESSOR_WITH_BYTESTRIDE", at, "Indices cannot be strided."
                )
        found = self.values.raw(index)
        if found is not None and len(found):
            top = int(found.max())
            if top == {U8: 255, U16: 65535, U32: 2**32 - 1}[accessor["componentType"]]:
                self.issues.error(
                    "ACCESSOR_INDEX_PRIMITIVE_RESTART", at, f"{top} is reserved and may not be used."
                )
            elif top >= vertices:
                says = f"Points at vertex {top}, but there are {vertices}."
                self.issues.error("ACCESSOR_INDEX_OOB", at, says)
        return int(accessor["count"])

    def _mode(self, mode: int, drawn: int, at: str) -> None:
        if drawn < _LEAST.get(mode, 1) or (mode == 4 and drawn % 3) or (mode == 1 and drawn % 2):
            says = f"{drawn} vertices or indices do not make whole triangles, lines or points."
            self.issues.warn("MESH_PRIMITIVE_INCOMPATIBLE_MODE", at, says)

    def _target(self, target: Mapping[str, int], base: Mapping[str, int], vertices: int, at: str) -> None:
        self._names(target, at)
        for name, index in target.items():
            if name not in base:
                says = "The mesh itself has no such attribute."
                self.issues.error("MESH_PRIMITIVE_MORPH_TARGET_NO_BASE_ACCESSOR", f"{at}/{name}", says)
            elif self.accessors[index]["count"] != vertices:
                says = f"{self.accessors[index]['count']} values for {vertices} vertices."
                self.issues.error("MESH_PRIMITIVE_MORPH_TARGET_INVALID_ATTRIBUTE_COUNT", f"{at}/{name}", says)
            if name == "POSITION" and not {"min", "max"} <= self.accessors[index].keys():
                where = f"{at}/{name}"
                self.issues.error(
                    "MESH_PRIMITIVE_POSITION_ACCESSOR_WITHOUT_BOUNDS", where, "min and max are missing."
                )
            elif name in ("NORMAL", "TANGENT") and self.accessors[index]["type"] != "VEC3":
                says = "Differences of a direction have three components."
                self.issues.error("MESH_PRIMITIVE_ATTRIBUTES_ACCESSOR_INVALID_FORMAT", f"{at}/{name}", says)
            if "bufferView" in self.accessors[index]:
                self._placed(self.accessors[index], index, f"{at}/{name}")

    def _material(self, index: int, attributes: Mapping[str, int], at: str) -> None:
        material = self.document["materials"][index]
        sets = sum(name.startswith("TEXCOORD_") for name in attributes)
        for where, info in texture_infos(material):
            transform = info.get("extensions", {}).get("KHR_texture_transform", {})
            wanted = transform.get("texCoord", info.get("texCoord", 0))
            if wanted >= sets:
                says = f"{where} needs TEXCOORD_{wanted}, which the mesh does not have."
                self.issues.error("MESH_PRIMITIVE_TOO_FEW_TEXCOORDS", f"{at}/material", says)
        extensions = material.get("extensions", {})
        bumpy = extensions.get("KHR_materials_clearcoat", {}).get("clearcoatNormalTexture")
        directed = extensions.get("KHR_materials_anisotropy")
        if {"NORMAL", "TANGENT"} <= attributes.keys():
            return
        if (bumpy or directed) and "normalTexture" not in material:
            says = "The material needs tangents, and neither the mesh nor a normal map gives them."
            self.issues.error("MESH_PRIMITIVE_NO_TANGENT_SPACE", f"{at}/material", says)
        elif "normalTexture" in material or bumpy or directed:
            says = "The normal map has no stored tangents: every program works them out in its own way."
            self.issues.warn("MESH_PRIMITIVE_GENERATED_TANGENT_SPACE", f"{at}/material", says)

    def _contents(self, kind: str, index: int, at: str) -> None:
        if kind not in ("NORMAL", "TANGENT", "COLOR"):
            return
        found = self.values.real(index)
        if found is None:
            return
        stored = self.accessors[index]["componentType"]
        if kind == "COLOR":
            if stored == F and (found.min() < 0 or found.max() > 1):
                self.issues.error("ACCESSOR_NON_CLAMPED", at, "Colours must lie between 0 and 1.")
            return
        slack = {F: 0.00001, I16: 0.001, I8: 0.03}.get(stored, 0.03) * 5
        bad = int((np.abs(np.linalg.norm(found[:, :3], axis=1) - 1) > max(slack, 0.0005)).sum())
        if bad:
            self.issues.error("ACCESSOR_VECTOR3_NON_UNIT", at, f"{bad} directions are not of unit length.")
        if kind == "TANGENT" and (np.abs(found[:, 3]) != 1).any():
            self.issues.error("ACCESSOR_INVALID_SIGN", at, "A tangent's fourth value must be 1 or -1.")


def texture_infos(value: Any, at: str = "") -> list[tuple[str, dict[str, Any]]]:
    """(place, texture info) of every texture a material uses, in its extensions too."""
    found: list[tuple[str, dict[str, Any]]] = []
    for key, item in value.items():
        if not isinstance(item, dict) or key == "extras":
            continue
        if key.endswith("Texture") and isinstance(item.get("index"), int):
            found.append((f"{at}{key}", item))
        else:
            found += texture_infos(item, f"{at}{key}/")
    return found
