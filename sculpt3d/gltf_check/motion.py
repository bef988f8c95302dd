"""Cameras and animations."""

from __future__ import annotations

from typing import Any

import numpy as np

from sculpt3d.gltf_check.accessors import Values
from sculpt3d.gltf_check.issues import Issues
from sculpt3d.gltf_check.scenes import strided

F = 5126
_OUTPUT = {"translation": "VEC3", "rotation": "VEC4", "scale": "VEC3", "weights": "SCALAR"}
_SMALL = (5120, 5121, 5122, 5123)


def check_motion(document: dict[str, Any], values: Values, issues: Issues) -> None:
    """Nodes and meshes are sound by now."""
    for i, camera in enumerate(document.get("cameras", [])):
        _camera(camera, f"/cameras/{i}", issues)
    for i, animation in enumerate(document.get("animations", [])):
        _animation(document, animation, f"/animations/{i}", values, issues)


def _camera(camera: dict[str, Any], at: str, issues: Issues) -> None:
    if "perspective" in camera and "orthographic" in camera:
        issues.error("ONE_OF_MISMATCH", at, "Either perspective or orthographic, not both.")
    lens = camera.get(camera["type"])
    if lens is None:
        issues.error("UNDEFINED_PROPERTY", at, f'"{camera["type"][:40]}" is missing.')
        return
    if lens.get("zfar", np.inf) <= lens["znear"]:
        issues.error("CAMERA_ZFAR_LEQUAL_ZNEAR", at, "zfar must be larger than znear.")
    for key in ("xmag", "ymag"):
        if lens.get(key) == 0:
            issues.error("CAMERA_XMAG_YMAG_ZERO", f"{at}/orthographic/{key}", "Must not be 0.")
    if lens.get("yfov", 0) >= np.pi:
        issues.warn("CAMERA_YFOV_GEQUAL_PI", f"{at}/perspective", "The view angle is 180 degrees or more.")


def _animation(
    document: dict[str, Any], animation: dict[str, Any], at: str, values: Values, issues: Issues
) -> None:
    accessors = document.get("accessors", [])
    for i, sampler in enumerate(animation["samplers"]):
        _sampler(document, accessors, sampler, f"{at}/samplers/{i}", values, issues)
    targets: set[tuple[Any, ...]] = set()
    for i, channel in enumerate(animation["channels"]):
        where, target = f"{at}/channels/{i}", channel["target"]
        if channel["sampler"] >= len(animation["samplers"]):
            issues.error(
                "UNRESOLVED_REFERENCE", f"{where}/sampler", f"There is no sampler {channel['sampler']}."
            )
            continue
        moved = (
            target.get("extensions", {}).get("KHR_animation_pointer", {}).get("pointer", target.get("node"))
        )
        if moved is not None and (moved, target["path"]) in targets:
            issues.error(
                "ANIMATION_DUPLICATE_TARGETS", f"{where}/target", "Two channels move the same thing."
            )
        targets.add((moved, target["path"]))
        _channel(document, target, animation["samplers"][channel["sampler"]], where, values, issues)


def _sampler(document: dict[str, Any], accessors: list[Any], sampler: dict[str, Any], at: str, values: Values,
             issues: Issues) -> None:  # fmt: skip
    times = accessors[sampler["input"]]
    for key in ("input", "output"):
        if strided(document, accessors[sampler[key]]):
            issues.error("ANIMATION_SAMPLER_ACCESSOR_WITH_BYTESTRIDE", f"{at}/{key}", "Cannot be strided.")
    if (times["type"], times["componentType"]) != ("SCALAR", F):
        issues.error(
            "ANIMATION_SAMPLER_INPUT_ACCESSOR_INVALID_FORMAT", f"{at}/input", "Times are 32-bit floats."
        )
        return
    if not {"min", "max"} <= times.keys():
        issues.error(
            "ANIMATION_SAMPLER_INPUT_ACCESSOR_WITHOUT_BOUNDS", f"{at}/input", "min and max are missing."
        )
    if sampler.get("interpolation") == "CUBICSPLINE" and times["count"] < 2:
        issues.error(
            "ANIMATION_SAMPLER_INPUT_ACCESSOR_TOO_FEW_ELEMENTS", f"{at}/input", "Needs two key frames."
        )
    found = values.raw(sampler["input"])
    if found is not None:
        if (found < 0).any():
            issues.error("ACCESSOR_ANIMATION_INPUT_NEGATIVE", f"{at}/input", "A time is negative.")
        if (np.diff(found[:, 0]) <= 0).any():
            issues.error("ACCESSOR_ANIMATION_INPUT_NON_INCREASING", f"{at}/input", "Times must rise.")


def _channel(document: dict[str, Any], target: dict[str, Any], sampler: dict[str, Any], at: str, values: Values,
             issues: Issues) -> None:  # fmt: skip
    path, node = target["path"], target.get("node")
    if path not in _OUTPUT:
        if path != "pointer":
            issues.warn("VALUE_NOT_IN_LIST", f"{at}/target/path", f"{path[:40]} is nothing glTF can move.")
        return
    output, times = document["accessors"][sampler["output"]], document["accessors"][sampler["input"]]
    cubic = sampler.get("interpolation") == "CUBICSPLINE"
    small = output["componentType"] in _SMALL and output.get("normalized") and path in ("rotation", "weights")
    if output["type"] != _OUTPUT[path] or not (output["componentType"] == F or small):
        issues.error(
            "ANIMATION_SAMPLER_OUTPUT_ACCESSOR_INVALID_FORMAT", f"{at}/sampler", f"No format of a {path}."
        )
        return
    each = 3 if cubic else 1
    if node is not None:
        moved = document["nodes"][node]
        if "matrix" in moved and path != "weights":
            issues.error(
                "ANIMATION_CHANNEL_TARGET_NODE_MATRIX", f"{at}/target", "The node is placed by a matrix."
            )
        if path == "weights":
            mesh = document["meshes"][moved["mesh"]] if "mesh" in moved else {"primitives": [{}]}
            targets = len(mesh["primitives"][0].get("targets", ()))
            each *= targets
            if not targets:
                says = "The mesh has no morph targets to move."
                issues.error("ANIMATION_CHANNEL_TARGET_NODE_WEIGHTS_NO_MORPHS", f"{at}/target", says)
    if each and (node is not None or path != "weights") and output["count"] != times["count"] * each:
        says = f"{output['count']} values where {times['count'] * each} are needed."
        issues.error("ANIMATION_SAMPLER_OUTPUT_ACCESSOR_INVALID_COUNT", f"{at}/sampler", says)
    found = values.real(sampler["output"]) if path == "rotation" else None
    if found is not None:
        turns = found[1::3] if cubic else found
        if (np.abs(np.linalg.norm(turns, axis=1) - 1) > (0.01 if small else 0.0005)).any():
            says = "A rotation is not of unit length."
            issues.error("ACCESSOR_ANIMATION_SAMPLER_OUTPUT_NON_NORMALIZED_QUATERNION", f"{at}/sampler", says)
