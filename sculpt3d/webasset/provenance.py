"""Where a model comes from, as a KHR_xmp_json_ld packet: Dublin Core, and what was measured."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

CONTEXT = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "sculpt3d": "urn:sculpt3d:provenance:1#",
}


def packet(title: str, creator: str, rights: str, date: str, measured: dict[str, Any]) -> dict[str, Any]:
    """`measured`: plain values, kept under the project's own names; None is left out."""
    found: dict[str, Any] = {
        "@context": CONTEXT,
        "dc:title": {"@type": "rdf:Alt", "rdf:_1": {"@language": "x-default", "@value": title}},
        "dc:format": "model/gltf-binary",
        "xmp:CreatorTool": f"Sculpt3D {version('sculpt3d')}",
    }
    if creator:
        found["dc:creator"] = {"@list": [creator]}
    if rights:
        found["dc:rights"] = {"@type": "rdf:Alt", "rdf:_1": {"@language": "x-default", "@value": rights}}
    if date:
        found["dc:date"] = date
    return found | {f"sculpt3d:{name}": value for name, value in measured.items() if value is not None}
