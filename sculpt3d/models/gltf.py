"""GLB and glTF 2.0 as a document: what the default scene shows, in world coordinates.

The file's frame and bytes are made sure of by `gltf_check`; what a reader can live with is read and told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sculpt3d.errors import UnreadableFile
from sculpt3d.geometry import F64
from sculpt3d.gltf_check import Opened, open_to_read
from sculpt3d.gltf_check.accessors import Values
from sculpt3d.gltf_check.geometry import placed_nodes
from sculpt3d.models.document import Document, Part
from sculpt3d.models.gltf_attributes import Attributes
from sculpt3d.models.gltf_material import Materials
from sculpt3d.models.gltf_pose import World, posed
from sculpt3d.types import I32

MAX_PARTS = 20_000
MAX_VERTICES = 150_000_000  # and triangles, of all instances together
_READ = {
    "EXT_mesh_gpu_instancing", "EXT_meshopt_compression", "EXT_texture_avif", "EXT_texture_webp", "KHR_draco_mesh_compression",
    "KHR_meshopt_compression", "KHR_mesh_quantization", "KHR_texture_basisu", "KHR_texture_transform", "KHR_xmp_json_ld",
    "MSFT_lod", "KHR_lights_punctual", "KHR_animation_pointer", "KHR_node_visibility", "EXT_structural_metadata",
}  # fmt: skip
_MISSING = ("IO_ERROR", "NON_RELATIVE_URI", "IMAGE_UNRECOGNIZED_FORMAT")
POINTS, LINES, TRIANGLES, STRIP, FAN = 0, (1, 2, 3), 4, 5, 6


def read_gltf(path: Path) -> Document:
    """To be tidied. Raises `UnreadableFile` with what is wrong first."""
    opened = open_to_read(path)
    if opened.document is None or opened.values is None:
        first = next(i for i in opened.report.issues if i.severity == "error")
        raise UnreadableFile(
            f"{path.name} is not sound ({first.where or 'file'}: {first.says}); see sculpt3d check"
        )
    missing = [i for i in opened.report.issues if i.code in _MISSING and i.where.startswith("/buffers")]
    if missing:
        raise UnreadableFile(f"{path.name} is not whole: {missing[0].says} Put it there, or give the GLB")
    required: list[str] = opened.document.get("extensionsRequired", [])
    needs = [n for n in required if n not in _READ and "material" not in n]
    if needs:
        raise UnreadableFile(f"{path.name} needs {needs[0]}, which is not read here; export it without")
    found = document_of(opened, path.stem)
    return replace(found, notes=(*_flaws(opened), *found.notes))


def _flaws(opened: Opened) -> list[str]:
    """What the file is not quite sound in, a sentence; pictures that are missing, one each."""
    issues = opened.report.issues
    missing = [f"{i.says.rstrip('.')}: its surfaces are without it" for i in issues if i.code in _MISSING]
    told = [i for i in issues if i.severity == "note" and i.code not in (*_MISSING, "UNSUPPORTED_EXTENSION")]
    if not told:
        return missing
    first = f"{told[0].where or 'file'}: {told[0].says.rstrip('.')}"
    says = (
        f"not quite sound in {len(told)} places, first {first}"
        if len(told) > 1
        else f"not quite sound ({first})"
    )
    return [*missing, f"{says}; sculpt3d check tells all"]


def document_of(opened: Opened, name: str, start: Sequence[int] | None = None) -> Document:
    """Of an opened file: what its default scene shows, or what hangs below the nodes `start`."""
    assert opened.document is not None and opened.values is not None and opened.resources is not None
    materials = Materials(opened.document, opened.resources)
    reader = _Reader(opened.report.file, opened.document, opened.values, materials, start)
    extras = opened.document["asset"].get("extras")
    said = extras if isinstance(extras, dict) else {}
    metric = said.get("unit") != "no scale"
    return Document(
        name,
        tuple(reader.parts()),
        _offset(said),
        1.0 if metric else None,
        "glTF" if metric else "the file says so",
        tuple(reader.notes()),
        opened.report.provenance,
    )


def _offset(said: dict[str, Any]) -> F64:
    """As our own exports note it: what brings coordinates back to the user's own."""
    given = said.get("offset")
    numbers = given if isinstance(given, list) and len(given) == 3 else []
    good = numbers and all(isinstance(v, int | float) and abs(v) < 1e15 for v in numbers)
    return np.array(numbers if good else [0, 0, 0], np.float64)


class _Reader:
    def __init__(
        self,
        name: str,
        document: dict[str, Any],
        values: Values,
        materials: Materials,
        start: Sequence[int] | None,
    ) -> None:
        self.name, self.document, self.values = name, document, values
        self.materials, self.start = materials, start
        self.told: dict[str, None] = {}
        self.more = Attributes(document, values, self.told)
        self.vertices = 0
        users = Counter(
            p["attributes"].get("POSITION") for m in document.get("meshes", []) for p in m["primitives"]
        )
        self.shared = {k for k, n in users.items() if n > 1}

    def notes(self) -> list[str]:
        if self.document.get("animations"):
            self.told.setdefault("animations are not kept: the model is taken as it stands")
        if "KHR_materials_variants" in self.document.get("extensions", {}):
            self.told.setdefault("of the materials' variants the one that shows by itself is kept")
        if self.start is None and len(self.document.get("scenes", [])) > 1:
            self.told.setdefault("of several scenes the one that shows by itself is read")
        return [*self.told, *self.materials.notes()]

    def parts(self) -> list[Part]:
        found: list[Part] = []
        placed = dict(placed_nodes(self.document, self.start))
        for index, world in placed.items():
            node = self.document["nodes"][index]
            if "mesh" not in node:
                continue
            mesh = self.document["meshes"][node["mesh"]]
            for place in World(node, world, placed, self.document, self.values).instances():
                for primitive in mesh["primitives"]:
                    part = self._part(primitive, place, mesh, node)
                    found += [] if part is None else [part]
                    if len(found) > MAX_PARTS or self.vertices > MAX_VERTICES:
                        raise UnreadableFile(
                            f"{self.name} repeats its parts too often to be read; join or leave out some"
                        )
        return found

    def _part(
        self, primitive: dict[str, Any], place: World, mesh: dict[str, Any], node: dict[str, Any]
    ) -> Part | None:
        attributes, mode = primitive["attributes"], primitive.get("mode", TRIANGLES)
        if mode in LINES:
            self.told.setdefault("lines are not kept")
            return None
        if "POSITION" not in attributes or self._all_zero(attributes["POSITION"]):
            return None
        shape = posed(primitive, place, mesh, node, self.values)
        if shape is None:
            raise UnreadableFile(
                f"{self.name}: its data is missing or coded in a way that is not read here; export it plainly"
            )
        vertices = shape.vertices
        faces = self._faces(primitive, mode, len(vertices), shape.mirrored)
        self.vertices += len(vertices) + len(faces)
        if mode != POINTS and not len(faces):
            return None
        for name in primitive.get("extensions", {}):
            if name not in _READ and "material" not in name:
                self.told.setdefault(f"what {name[:60]} adds is not kept")
        material = self.materials.of(primitive.get("material"))
        part = Part(
            vertices,
            faces,
            material.material,
            self.more.uv(attributes, material, len(vertices)),
            self.more.rgba(attributes, len(vertices), material.material.alpha) if material.lit else None,
            shape.normals,
            self.more.own(attributes, len(vertices)),
            str(node.get("name", mesh.get("name", ""))),
        )
        if part.uv is None and part.material.texture is not None:
            part = replace(
                part, material=replace(part.material, texture=None, normal_map=None, occlusion=None)
            )
        if mode == POINTS and "indices" in primitive:
            index = self._index(primitive["indices"])
            return part.picked(np.unique(index[(index >= 0) & (index < len(vertices))]), faces)
        return _only_used(part) if len(faces) and attributes["POSITION"] in self.shared else part

    def _all_zero(self, accessor: int) -> bool:
        """Of a place that only an application fills in, as the format allows."""
        held = self.document["accessors"][accessor]
        return self.values.raw(accessor) is None and "bufferView" not in held and "sparse" not in held

    def _faces(self, primitive: dict[str, Any], mode: int, count: int, mirrored: bool) -> I32:
        """(F, 3); indices beyond the vertices are left to `tidy`."""
        if mode == POINTS:
            return np.zeros((0, 3), np.int32)
        index = (
            np.arange(count, dtype=np.int32)
            if "indices" not in primitive
            else self._index(primitive["indices"])
        )
        if mode == TRIANGLES:
            faces = index[: len(index) // 3 * 3].reshape(-1, 3)
        elif mode == STRIP:
            faces = np.stack([index[:-2], index[1:-1], index[2:]], 1)
            faces[1::2, 1:] = faces[1::2, :0:-1]  # every second triangle of a strip runs the other way
        else:
            faces = np.stack([index[1:-1], index[2:], np.broadcast_to(index[:1], len(index[2:]))], 1)
        if mode != TRIANGLES:  # strips are joined by triangles without area
            a, b, c = faces.T
            faces = faces[(a != b) & (b != c) & (c != a)]
        return np.ascontiguousarray(faces[:, ::-1] if mirrored else faces, np.int32)

    def _index(self, accessor: int) -> I32:
        raw = self.values.raw(accessor)
        if raw is None:
            raise UnreadableFile(
                f"{self.name}: its triangles are missing or coded in a way that is not read here; export it plainly"
            )
        return np.asarray(
            raw[:, 0].astype(np.int32)
        )  # what int32 does not hold is negative then, and points nowhere


def _only_used(part: Part) -> Part:
    """Of vertices that several primitives share, those of this one."""
    used, faces = np.unique(part.faces, return_inverse=True)
    if len(used) == len(part.vertices) or used[0] < 0 or used[-1] >= len(part.vertices):
        return part
    return part.picked(used, faces.reshape(-1, 3).astype(np.int32))
