"""What a file says of where it comes from: KHR_xmp_json_ld packets, copyright, our own extras."""

from __future__ import annotations

from typing import Any

XMP = "KHR_xmp_json_ld"


def read_provenance(document: dict[str, Any]) -> dict[str, Any]:
    """The packet of the asset (else the first), flattened to plain values; what the asset itself says beside it."""
    asset = document["asset"]
    found = {k: asset[k] for k in ("generator", "copyright") if k in asset}
    extras = asset.get("extras")
    if isinstance(extras, dict):
        found |= {k: v for k, v in extras.items() if isinstance(v, str | int | float)}
    packets = document.get("extensions", {}).get(XMP, {}).get("packets", [])
    index = asset.get("extensions", {}).get(XMP, {}).get("packet", 0)
    if index < len(packets):
        found |= {k: plain(v) for k, v in packets[index].items() if k != "@context"}
    return found


def plain(value: Any) -> Any:
    """A JSON-LD value without its wrapping: language maps, sets and lists become text, entries joined by commas."""
    if isinstance(value, dict):
        for key in ("@value", "@id"):
            if key in value:
                return plain(value[key])
        inner = value.get("@set", value.get("@list"))
        if inner is not None:
            return plain(inner)
        return {
            k: plain(v) for k, v in value.items() if not k.startswith("@") and not k.startswith("rdf:_")
        } or (plain([v for k, v in sorted(value.items()) if k.startswith("rdf:_")]))
    if isinstance(value, list):
        return ", ".join(str(plain(v)) for v in value)
    return value
