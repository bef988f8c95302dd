"""All levels in one GLB: finished files joined by MSFT_lod, finest first; programs that do not know it show the finest."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sculpt3d.gltf_check.meshes import texture_infos
from sculpt3d.models.document import Part
from sculpt3d.models.gltf import document_of, read_gltf
from sculpt3d.webasset.builder import Builder
from sculpt3d.webasset.glb import XMP, Geometry
from sculpt3d.webasset.proof import ProofFailed, prove_sound

LOD = "MSFT_lod"
JOINED: tuple[Geometry, ...] = ("none", "quantized")  # the others have bytes that more than views point at
SCREEN = 1920 * 1080  # pixels
PIXELS_A_TRIANGLE, PIXELS_A_TEXEL = 16, 1  # coarser than this is seen
FACING, CHARTED = 0.5, 0.7  # share of the triangles that face the viewer, of the texture that charts fill
_KINDS = ("bufferViews", "accessors", "images", "samplers", "textures", "materials", "meshes", "nodes")


@dataclass(frozen=True)
class Rung:
    """A finished GLB of one mesh, as `build_glb` writes it. texture: side."""

    path: Path
    triangles: int
    texture: int

    @property
    def enough(self) -> float:
        """Up to which share of the screen nobody sees what finer levels have more."""
        triangles = self.triangles * FACING * PIXELS_A_TRIANGLE
        texels = self.texture**2 * FACING * CHARTED * PIXELS_A_TEXEL
        return min(1.0, triangles / SCREEN, texels / SCREEN if self.texture else 1.0)


def join_levels(rungs: Sequence[Rung]) -> bytes:
    """`rungs`: finest first. What the file says of itself is the finest's; each node keeps its own level's packet."""
    whole = Builder({})
    packets: list[dict[str, Any]] = []
    for k, rung in enumerate(rungs):
        given, chunk = _split(rung.path.read_bytes())
        if k == 0:
            whole.json |= {"asset": given["asset"], "scenes": given["scenes"]}
        for name in given.get("extensionsUsed", ()):
            whole.use(name, name in given.get("extensionsRequired", ()))
        _add(whole, given, chunk)
        node = whole.json["nodes"][-1]
        node["name"] = f"{node.get('name', '')}_LOD{k}"
        packet = given.get("extensions", {}).get(XMP, {}).get("packets", [])
        if packet:
            node["extensions"] = {XMP: {"packet": len(packets)}}
            packets += packet
    finest = whole.json["nodes"][0]
    finest["extensions"] = {**finest.get("extensions", {}), LOD: {"ids": list(range(1, len(rungs)))}}
    least = np.minimum.accumulate([r.enough for r in rungs[1:]])
    finest["extras"] = {"MSFT_screencoverage": [*(round(float(v), 4) for v in least), 0]}
    whole.use(LOD)
    if packets:
        whole.json["extensions"] = {XMP: {"packets": packets}}
    return whole.to_glb()


def prove_levels(path: Path, rungs: Sequence[Rung], name: str) -> None:
    """Every level must read back as exactly what its own file holds, which was proven when that was written."""
    opened, _ = prove_sound(path, name)
    assert opened.document is not None
    ids = opened.document["nodes"][0]["extensions"][LOD]["ids"]
    for rung, node in zip(rungs, [None, *ids], strict=True):
        held = document_of(opened, name, None if node is None else [node]).parts
        own = read_gltf(rung.path).parts
        if len(held) != len(own) or not all(map(_same, held, own)):
            raise ProofFailed(f"{name} was not written: it does not hold {rung.path.name}; please report it")


def _same(a: Part, b: Part) -> bool:
    x, y = a.material, b.material
    plain = (x.factor, x.alpha, x.cutoff) == (
        y.factor,
        y.alpha,
        y.cutoff,
    ) and a.attributes.keys() == b.attributes.keys()
    pictures = [None if m.texture is None else m.texture.pixels for m in (x, y)]
    pairs = [(getattr(a, n), getattr(b, n)) for n in ("vertices", "faces", "uv", "rgba", "normals")]
    pairs += [(x.normal_map, y.normal_map), (x.occlusion, y.occlusion), (pictures[0], pictures[1])]
    return plain and all(
        _equal(*p) for p in [*pairs, *((a.attributes[n], b.attributes[n]) for n in a.attributes)]
    )


def _equal(a: Any, b: Any) -> bool:
    return a is b if a is None or b is None else bool(np.array_equal(a, b))


def _split(data: bytes) -> tuple[dict[str, Any], bytes]:
    """JSON and binary chunk."""
    (size,) = struct.unpack_from("<I", data, 12)
    (more,) = struct.unpack_from("<I", data, 20 + size)
    return json.loads(data[20 : 20 + size]), data[28 + size : 28 + size + more]


def _add(whole: Builder, given: dict[str, Any], chunk: bytes) -> None:
    """Every index moves behind what is there already."""
    first = {kind: len(whole.json[kind]) for kind in _KINDS}
    start = whole.append(chunk)
    for view in given["bufferViews"]:
        view["byteOffset"] += start
    for holder in (*given["accessors"], *given.get("images", ())):
        holder["bufferView"] += first["bufferViews"]
    for texture in given.get("textures", ()):
        texture["sampler"] += first["samplers"]
        for holder in (texture, *texture.get("extensions", {}).values()):
            if "source" in holder:
                holder["source"] += first["images"]
    for material in given["materials"]:
        for _, info in texture_infos(material):
            info["index"] += first["textures"]
    for primitive in (p for mesh in given["meshes"] for p in mesh["primitives"]):
        places = primitive["attributes"]
        primitive["attributes"] = {name: at + first["accessors"] for name, at in places.items()}
        primitive["indices"] += first["accessors"]
        primitive["material"] += first["materials"]
    for node in given["nodes"]:
        node["mesh"] += first["meshes"]
    for kind in _KINDS:
        whole.json[kind] += given.get(kind, [])
