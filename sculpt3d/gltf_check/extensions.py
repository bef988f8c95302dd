"""The extensions we know: where each may stand and what it may hold; the rest is passed over and named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sculpt3d.gltf_check.issues import Issues
from sculpt3d.gltf_check.schema import (
    FLAG,
    FREE,
    TEXT,
    UNIT,
    Rule,
    array,
    choice,
    needed,
    number,
    obj,
    ref,
    whole,
)  # fmt: skip
from sculpt3d.gltf_check.walk import Walk

Rules = Mapping[str, Rule]
POSITIVE = number(0)
COLOUR = array(UNIT, 3)
TEX = obj("textureInfo")
_MESHOPT: Rules = {
    "buffer": ref("buffers", True),
    "byteOffset": whole(),
    "byteLength": whole(1, need=True),
    "byteStride": whole(1, 256, need=True),
    "count": whole(1, need=True),
    "mode": choice("ATTRIBUTES", "TRIANGLES", "INDICES", need=True),
    "filter": choice("NONE", "OCTAHEDRAL", "QUATERNION", "EXPONENTIAL", "COLOR"),
}
_SPOT: Rules = {"innerConeAngle": number(0, 1.5708), "outerConeAngle": number(0, 1.5708, above=True)}
_LIGHT: Rules = {
    "type": choice("directional", "point", "spot", need=True),
    "name": TEXT,
    "color": COLOUR,
    "intensity": POSITIVE,
    "range": number(0, above=True),
    "spot": Rule("object", of=_SPOT),
}
_VARIANT: Rules = {"name": needed(TEXT)}
_MAPPING: Rules = {
    "variants": array(whole(), need=True),
    "material": ref("materials", True),
    "name": TEXT,
}

KNOWN: dict[str, dict[str, Rules]] = {
    "KHR_animation_pointer": {
        "target": {"pointer": Rule("string", need=True, pattern=r"^(/([^/~]|~0|~1)*)*$")}
    },
    "KHR_lights_punctual": {
        "glTF": {"lights": array(Rule("object", of=_LIGHT), need=True)},
        "node": {"light": whole(need=True)},
    },
    "KHR_materials_anisotropy": {
        "material": {"anisotropyStrength": UNIT, "anisotropyRotation": number(), "anisotropyTexture": TEX}
    },
    "KHR_materials_clearcoat": {
        "material": {
            "clearcoatFactor": UNIT,
            "clearcoatTexture": TEX,
            "clearcoatRoughnessFactor": UNIT,
            "clearcoatRoughnessTexture": TEX,
            "clearcoatNormalTexture": obj("normalTextureInfo"),
        }
    },
    "KHR_materials_dispersion": {"material": {"dispersion": POSITIVE}},
    "KHR_materials_emissive_strength": {"material": {"emissiveStrength": POSITIVE}},
    "KHR_materials_ior": {"material": {"ior": number(0)}},
    "KHR_materials_iridescence": {
        "material": {
            "iridescenceFactor": UNIT,
            "iridescenceTexture": TEX,
            "iridescenceIor": number(1),
            "iridescenceThicknessMinimum": POSITIVE,
            "iridescenceThicknessMaximum": POSITIVE,
            "iridescenceThicknessTexture": TEX,
        }
    },
    "KHR_materials_pbrSpecularGlossiness": {
        "material": {
            "diffuseFactor": array(UNIT, 4),
            "diffuseTexture": TEX,
            "specularFactor": COLOUR,
            "glossinessFactor": UNIT,
            "specularGlossinessTexture": TEX,
        }
    },
    "KHR_materials_sheen": {
        "material": {
            "sheenColorFactor": COLOUR,
            "sheenColorTexture": TEX,
            "sheenRoughnessFactor": UNIT,
            "sheenRoughnessTexture": TEX,
        }
    },
    "KHR_materials_specular": {
        "material": {
            "specularFactor": UNIT,
            "specularTexture": TEX,
            "specularColorFactor": array(number(0), 3),
            "specularColorTexture": TEX,
        }
    },
    "KHR_materials_transmission": {"material": {"transmissionFactor": UNIT, "transmissionTexture": TEX}},
    "KHR_materials_unlit": {"material": {}},
    "KHR_materials_variants": {
        "glTF": {"variants": array(Rule("object", of=_VARIANT), need=True)},
        "primitive": {"mappings": array(Rule("object", of=_MAPPING), need=True)},
    },
    "KHR_materials_volume": {
        "material": {
            "thicknessFactor": POSITIVE,
            "thicknessTexture": TEX,
            "attenuationDistance": number(0, above=True),
            "attenuationColor": COLOUR,
        }
    },
    "KHR_mesh_quantization": {},
    "KHR_node_visibility": {"node": {"visible": FLAG}},
    "KHR_texture_basisu": {"texture": {"source": ref("images")}},
    "EXT_texture_webp": {"texture": {"source": ref("images")}},
    "EXT_texture_avif": {"texture": {"source": ref("images")}},
    "KHR_texture_transform": {
        "textureInfo": {
            "offset": array(number(), 2),
            "rotation": number(),
            "scale": array(number(), 2),
            "texCoord": whole(),
        }
    },
    "KHR_xmp_json_ld": {
        "glTF": {"packets": array(Rule("map", of=FREE), need=True)},
        **{
            owner: {"packet": whole(need=True)}
            for owner in ("asset", "scene", "node", "mesh", "material", "image", "animation")
        },
    },
    "KHR_draco_mesh_compression": {
        "primitive": {
            "bufferView": ref("bufferViews", True),
            "attributes": Rule("map", of=whole(), need=True),
        }
    },
    "EXT_meshopt_compression": {"bufferView": _MESHOPT, "buffer": {"fallback": FLAG}},
    "KHR_meshopt_compression": {"bufferView": _MESHOPT, "buffer": {"fallback": FLAG}},
    "MSFT_lod": {
        "node": {"ids": array(ref("nodes"), need=True)},
        "material": {"ids": array(ref("materials"), need=True)},
    },
}
_OPEN = {"KHR_xmp_json_ld", "MSFT_lod"}  # their objects hold free keys
MUST_BE_REQUIRED = ("KHR_mesh_quantization",)


def check_extensions(document: dict[str, Any], walk: Walk, issues: Issues) -> None:
    """Declarations, places, contents, and the few rules that bind two objects."""
    used = document.get("extensionsUsed") or []
    used = used if isinstance(used, list) else []
    _declarations(document, used, issues)
    done = 0
    while done < len(walk.met):  # an extension may hold a texture info with extensions of its own
        owner, at, name, value = walk.met[done]
        done += 1
        if name not in used:
            issues.error("UNDECLARED_EXTENSION", at, f"{name} is not listed in extensionsUsed.")
        places = KNOWN.get(name)
        if places is None:
            continue
        place = "textureInfo" if owner.endswith("TextureInfo") else owner
        if place not in places:
            issues.error("UNEXPECTED_EXTENSION_OBJECT", at, f"{name} has no meaning on a {owner}.")
        else:
            before = issues.broken
            walk.object(value, places[place] if name not in _OPEN else _open(places[place], value), name, at)
            if issues.broken == before:
                _more(document, name, place, at, value, walk, issues)
    for name in sorted({n for _, _, n, _ in walk.met} - KNOWN.keys()):
        issues.note(
            "UNSUPPORTED_EXTENSION", "/extensionsUsed", f"{name[:60]} is not known here; not looked into."
        )


def _open(rules: Rules, value: Mapping[str, Any]) -> Rules:
    return {**{key: FREE for key in value}, **rules}


def _declarations(document: dict[str, Any], used: list[Any], issues: Issues) -> None:
    required = document.get("extensionsRequired")
    if required is None or not isinstance(required, list):
        required = []
    elif "extensionsUsed" not in document:
        issues.error("UNSATISFIED_DEPENDENCY", "/extensionsRequired", "extensionsUsed is missing beside it.")
    for i, name in enumerate(required):
        if name not in used:
            issues.error(
                "UNUSED_EXTENSION_REQUIRED", f"/extensionsRequired/{i}", "Required but not listed as used."
            )
    for i, name in enumerate(used):
        if name in MUST_BE_REQUIRED and name not in required:
            issues.error("NON_REQUIRED_EXTENSION", f"/extensionsUsed/{i}", f"{name} must also be required.")


def _more(
    document: dict[str, Any], name: str, place: str, at: str, value: Any, walk: Walk, issues: Issues
) -> None:
    if name == "KHR_lights_punctual":
        if place == "glTF":
            _lights(value["lights"], at, issues)
        else:
            _into_root(document, name, "lights", value["light"], f"{at}/light", issues)
    elif name == "KHR_materials_variants" and place == "primitive":
        _variants(document, value["mappings"], at, issues)
    elif name == "KHR_xmp_json_ld" and place != "glTF":
        _into_root(document, name, "packets", value["packet"], f"{at}/packet", issues)
    elif name == "KHR_materials_ior" and 0 < value.get("ior", 1.5) < 1:
        issues.error("VALUE_NOT_IN_RANGE", f"{at}/ior", f"{value['ior']}: must be 0 or at least 1.")
    elif name == "KHR_animation_pointer":
        target = _owner(document, at)
        if target.get("path") != "pointer":
            issues.error(
                "KHR_ANIMATION_POINTER_ANIMATION_CHANNEL_TARGET_PATH", at, 'The path must be "pointer".'
            )
        if "node" in target:
            issues.error("KHR_ANIMATION_POINTER_ANIMATION_CHANNEL_TARGET_NODE", at, "No node may be given.")
    elif name == "KHR_texture_transform":
        walk.value(value.get("texCoord", 0), whole(), f"{at}/texCoord")


def _into_root(document: dict[str, Any], name: str, many: str, index: int, at: str, issues: Issues) -> None:
    root = (document.get("extensions") or {}).get(name)
    if not isinstance(root, dict):
        issues.error("UNSATISFIED_DEPENDENCY", at, f"The file's own extensions do not hold {name}.")
        return
    there = root.get(many)
    count = len(there) if isinstance(there, list) else 0
    if index >= count:
        issues.error("UNRESOLVED_REFERENCE", at, f"Points at {many} {index}, but there are {count}.")


def _lights(lights: list[dict[str, Any]], at: str, issues: Issues) -> None:
    for i, light in enumerate(lights):
        if light["type"] != "spot":
            continue
        spot = light.get("spot")
        if spot is None:
            issues.error("UNDEFINED_PROPERTY", f"{at}/lights/{i}", '"spot" is missing.')
        elif spot.get("outerConeAngle", 0.785398) <= spot.get("innerConeAngle", 0):
            where = f"{at}/lights/{i}/spot/outerConeAngle"
            issues.error(
                "KHR_LIGHTS_PUNCTUAL_LIGHT_SPOT_ANGLES", where, "Must be larger than innerConeAngle."
            )


def _variants(document: dict[str, Any], mappings: list[dict[str, Any]], at: str, issues: Issues) -> None:
    seen: set[int] = set()
    for i, mapping in enumerate(mappings):
        for k, variant in enumerate(mapping["variants"]):
            where = f"{at}/mappings/{i}/variants/{k}"
            _into_root(document, "KHR_materials_variants", "variants", variant, where, issues)
            if variant in seen:
                issues.error(
                    "KHR_MATERIALS_VARIANTS_NON_UNIQUE_VARIANT", where, "This variant is mapped twice."
                )
            seen.add(variant)


def _owner(document: dict[str, Any], at: str) -> Any:
    """The object that holds the extension at JSON pointer `at`."""
    value: Any = document
    for part in at.split("/extensions/")[0].split("/")[1:]:
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value
