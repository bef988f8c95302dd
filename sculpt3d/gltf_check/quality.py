"""Is it a good web asset: weight, textures and their colours, size in the world, texel density, broken or turned parts."""

from __future__ import annotations

from typing import Any

import numpy as np

from sculpt3d.geometry import F64
from sculpt3d.gltf_check.accessors import Array, Values
from sculpt3d.gltf_check.container import Container
from sculpt3d.gltf_check.geometry import Part, levels_of_detail, world_parts
from sculpt3d.gltf_check.issues import Issues
from sculpt3d.gltf_check.meshes import texture_infos
from sculpt3d.gltf_check.pictures import PictureFacts
from sculpt3d.gltf_check.resources import Resources
from sculpt3d.gltf_check.soundness import soundness, triangle_areas

# triangles, texture side, megabytes: Khronos 3D Commerce for mobile, Apple's advice for Quick Look, common desktop practice
BUDGETS = {"mobile": (150_000, 2048, 3.0), "ar": (100_000, 2048, 8.0), "desktop": (250_000, 4096, 12.0)}
NOT_COLOUR = ("normalTexture", "occlusionTexture", "metallicRoughnessTexture")
# Warnings about the model itself, not about how it was written.
OF_THE_MODEL = {"SCALE_IMPLAUSIBLE", "FAR_FROM_ORIGIN", "UV_COLLAPSED", "TEXTURE_TOO_LARGE", "DEGENERATE_TRIANGLES",
                "FLIPPED_TRIANGLES", "WINDING_MIXED", "INSIDE_OUT"}  # fmt: skip
MAX_TRIANGLES = 40_000_000


def judge(container: Container, document: dict[str, Any], resources: Resources, values: Values, issues: Issues
          ) -> dict[str, Any]:  # fmt: skip
    """Measured facts; what is out of the ordinary becomes a warning or a note."""
    pictures = _pictures(document, resources, issues)
    parts = [p for p in world_parts(document, values) if len(p.faces)]
    facts: dict[str, Any] = {
        "megabytes": round(container.size / 1e6, 3),
        "extensions": document.get("extensionsUsed", []),
        "parts": len(parts),
        "materials": len(document.get("materials", [])),
        "textures": pictures,
    }
    levels = levels_of_detail(document)
    facts |= {"levels": levels} if levels else {}
    triangles = sum(len(p.faces) for p in parts)
    facts["triangles"] = triangles
    if not triangles:
        issues.note(
            "NOTHING_TO_MEASURE", "", "No triangles could be read, so shape and size were not looked at."
        )
        return facts
    if triangles > MAX_TRIANGLES:
        issues.note("NOT_MEASURED", "", f"{triangles} triangles are more than the shape checks look at.")
        return facts
    facts["budgets"] = _budgets(facts, pictures)
    facts |= _size(document, parts, issues)
    facts |= _density(document, parts, pictures, bool(facts["metres"]), issues)
    facts |= soundness(parts, issues)
    return facts


def _pictures(document: dict[str, Any], resources: Resources, issues: Issues) -> list[dict[str, Any]]:
    uses = _uses(document)
    found = []
    for i, image in enumerate(resources.images):
        if image is None:
            continue
        facts, kinds = image[1], sorted(uses.get(i, ()))
        found.append(
            {"image": i, "kind": facts.mime, "width": facts.width, "height": facts.height, "used_as": kinds,
             "megabytes": round(len(image[0]) / 1e6, 3)}
        )  # fmt: skip
        _colour_space(facts, kinds, f"/images/{i}", issues)
        if max(facts.width, facts.height) > 8192:
            says = f"{facts.width} x {facts.height} is more than many graphics cards take (8192)."
            issues.warn("TEXTURE_TOO_LARGE", f"/images/{i}", says)
        if not kinds:
            issues.note("IMAGE_UNUSED", f"/images/{i}", "No material uses this picture.")
    return found


def _uses(document: dict[str, Any]) -> dict[int, set[str]]:
    """Which materials' slots an image fills."""
    uses: dict[int, set[str]] = {}
    for material in document.get("materials", []):
        for where, info in texture_infos(material):
            texture = document["textures"][info["index"]]
            held = [texture, *texture.get("extensions", {}).values()]
            for source in (h["source"] for h in held if isinstance(h.get("source"), int)):
                uses.setdefault(source, set()).add(where.rsplit("/", 1)[-1])
    return uses


def _colour_space(facts: PictureFacts, kinds: list[str], at: str, issues: Issues) -> None:
    mime, data = facts.mime, {k in NOT_COLOUR for k in kinds}
    if facts.profile:
        says = (
            f"Carries {facts.profile}; glTF programs ignore it and read sRGB, so the colours come out wrong."
        )
        issues.warn(
            "COLOUR_PROFILE",
            at,
            says if not set(kinds) <= set(NOT_COLOUR) else f"Carries {facts.profile}: no use here.",
        )
    if facts.channels == 4 and mime == "image/jpeg":
        issues.warn("CMYK_JPEG", at, "A CMYK picture: browsers show it in wrong colours or not at all.")
    if facts.bits == 16:
        issues.note("SIXTEEN_BITS", at, "16 bits a channel: twice the file for 8 bits on the graphics card.")
    if "normalTexture" in kinds and mime == "image/jpeg":
        issues.note(
            "NORMAL_MAP_JPEG",
            at,
            "A normal map as JPEG shows blocks on shiny surfaces; PNG or WebP is better.",
        )
    if facts.linear is not None and data == {not facts.linear}:
        says = "Colours must be marked as sRGB, data as linear; here it is the other way round."
        issues.warn("KTX2_TRANSFER", at, says)
    if len(data) > 1:
        issues.warn(
            "COLOUR_AND_DATA", at, "One picture is used both as a colour and as data: one of them is wrong."
        )


def _budgets(facts: dict[str, Any], pictures: list[dict[str, Any]]) -> dict[str, bool]:
    side = max((max(p["width"], p["height"]) for p in pictures), default=0)
    return {
        name: facts["triangles"] <= triangles and side <= texels and facts["megabytes"] <= megabytes
        for name, (triangles, texels, megabytes) in BUDGETS.items()
    }


def _size(document: dict[str, Any], parts: list[Part], issues: Issues) -> dict[str, Any]:
    low = np.min([p.vertices.min(0) for p in parts], axis=0)
    high = np.max([p.vertices.max(0) for p in parts], axis=0)
    size, extras = high - low, document["asset"].get("extras")
    metres = not (isinstance(extras, dict) and extras.get("unit") == "no scale")
    largest = float(size.max())
    if not metres:
        issues.note(
            "NO_SCALE",
            "/asset/extras/unit",
            "The file says itself that it has no scale; AR shows it at any size.",
        )
    elif largest > 100 or largest < 0.005:
        says = f"{largest:.3g} m across. glTF's unit is the metre: were millimetres or centimetres meant?"
        issues.warn("SCALE_IMPLAUSIBLE", "", says)
    off = np.abs((low + high) / 2)[[0, 2]].max() / max(largest, 1e-12)
    if off > 5:
        issues.warn(
            "FAR_FROM_ORIGIN", "", "It lies many times its own size away from the origin: viewers lose it."
        )
    return {"size": [round(float(v), 6) for v in size], "base_y": round(float(low[1]), 6), "metres": metres}


def _density(document: dict[str, Any], parts: list[Part], pictures: list[dict[str, Any]], metres: bool, issues: Issues
             ) -> dict[str, Any]:  # fmt: skip
    """Texels per unit of length, weighted by area: median and the 5th to 95th percentile."""
    sides = {p["image"]: (p["width"], p["height"]) for p in pictures}
    densities, areas, outside = [], [], 0.0
    for part in parts:
        base = part.material.get("pbrMetallicRoughness", {}).get("baseColorTexture")
        if part.uv is None or base is None:
            continue
        texture = document["textures"][base["index"]]
        held = [
            h["source"]
            for h in (texture, *texture.get("extensions", {}).values())
            if h.get("source") in sides
        ]
        if not held:
            continue
        area = triangle_areas(part.vertices, part.faces)
        in_texels = _areas_2d(part.uv * sides[held[0]], part.faces)
        good = (area > 0) & (in_texels > 0)
        densities.append(np.sqrt(in_texels[good] / area[good]))
        areas.append(area[good])
        outside += float(area[in_texels <= 0].sum())
    if not densities or not sum(map(len, densities)):
        return {}
    density, area = np.concatenate(densities), np.concatenate(areas)
    low, middle, high = _weighted(density, area, (0.05, 0.5, 0.95))
    if high > 4 * low:
        says = f"Texel density varies from {low:.4g} to {high:.4g} a unit: parts look blurred beside others."
        issues.note("TEXEL_DENSITY_UNEVEN", "", says)
    if outside > 0.01 * (area.sum() + outside):
        issues.warn(
            "UV_COLLAPSED",
            "",
            f"{outside / (area.sum() + outside):.0%} of the surface has no place in its texture.",
        )
    name = "texels_per_mm" if metres else "texels_per_unit"
    scale = 1000 if metres else 1
    return {name: [round(float(v) / scale, 4) for v in (low, middle, high)]}


def _weighted(values: F64, weights: F64, at: tuple[float, ...]) -> F64:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return values[order][np.searchsorted(total, np.array(at) * total[-1]).clip(0, len(values) - 1)]


def _areas_2d(uv: F64, faces: Array) -> F64:
    a, b, c = (uv[faces[:, k]] for k in range(3))
    u, v = b - a, c - a
    return np.asarray(np.abs(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]) / 2)
