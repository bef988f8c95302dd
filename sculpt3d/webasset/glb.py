"""Parts as GLB: plain, quantised, or compressed; JPEG, PNG, WebP or KTX2; offset and provenance inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Literal

from sculpt3d.models.document import Part
from sculpt3d.webasset.builder import Builder
from sculpt3d.webasset.codings import Geometry, GlbParams, arranged, code_meshes
from sculpt3d.webasset.pictures import Materials

__all__ = ["Geometry", "GlbParams", "Label", "arranged", "build_glb"]
XMP = "KHR_xmp_json_ld"
OffsetIn = Literal["note", "node"]


@dataclass(frozen=True)
class Label:
    """What the file says of itself. xmp: a KHR_xmp_json_ld packet. offset: added to the vertices it gives the user's own
    coordinates; it is in asset.extras ("note"), or a root node applies it ("node")."""

    name: str
    copyright: str = ""
    metric: bool = False
    xmp: dict[str, Any] = field(default_factory=dict)
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    offset_in: OffsetIn = "note"


def build_glb(parts: Sequence[Part], label: Label, params: GlbParams) -> bytes:
    """One mesh, a primitive for each part; all need normals, and texture coordinates where they have a texture."""
    parts = arranged(parts, params.geometry)
    builder = Builder(_asset(label))
    node: dict[str, Any] = {"name": label.name, "mesh": 0}
    primitives = code_meshes(builder, parts, node, params)
    clay = not any(p.coloured for p in parts)
    materials = Materials(builder, label.name, params.picture, params.quality, clay)
    builder.json["meshes"] = [
        {
            "name": label.name,
            "primitives": [
                made | {"material": materials.of(part)} for made, part in zip(primitives, parts, strict=True)
            ],
        }
    ]
    builder.json["scenes"] = [{"nodes": [0]}]
    builder.json["nodes"] = [node]
    if any(label.offset) and label.offset_in == "node":
        root = {"name": f"{label.name} offset", "translation": list(label.offset), "children": [1]}
        builder.json["nodes"] = [root, node]
    if label.xmp:
        builder.use(XMP)
        builder.json["extensions"] = {XMP: {"packets": [label.xmp]}}
        builder.json["asset"]["extensions"] = {XMP: {"packet": 0}}
    return builder.to_glb()


def _asset(label: Label) -> dict[str, Any]:
    extras: dict[str, Any] = {"unit": "metre" if label.metric else "no scale"}
    if any(label.offset) and label.offset_in == "note":
        extras["offset"] = list(label.offset)
    return {
        "version": "2.0",
        "generator": f"Sculpt3D {version('sculpt3d')}",
        **({"copyright": label.copyright} if label.copyright else {}),
        "extras": extras,
    }
