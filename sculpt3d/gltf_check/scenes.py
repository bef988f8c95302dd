"""Nodes, scenes, skins."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.gltf_check.accessors import Values
from sculpt3d.gltf_check.issues import Issues

F = 5126


def check_tree(document: dict[str, Any], issues: Issues) -> tuple[list[int | None], list[int]]:
    """Parent and root of each node."""
    parents = _parents(document, issues)
    return parents, _roots(parents, issues)


def check_scenes(document: dict[str, Any], values: Values, issues: Issues) -> None:
    parents, roots = check_tree(document, issues)
    for i, scene in enumerate(document.get("scenes", [])):
        for k, node in enumerate(scene.get("nodes", ())):
            if parents[node] is not None:
                issues.error(
                    "SCENE_NON_ROOT_NODE", f"/scenes/{i}/nodes/{k}", f"Node {node} hangs below another."
                )
    for i, node in enumerate(document.get("nodes", [])):
        _node(document, node, f"/nodes/{i}", issues)
    if issues.errors:
        return
    for i in range(len(document.get("skins", []))):
        _skin(document, i, parents, roots, values, issues)
    _skinned_nodes(document, roots, values, issues)


def _parents(document: dict[str, Any], issues: Issues) -> list[int | None]:
    nodes = document.get("nodes", [])
    parents: list[int | None] = [None] * len(nodes)
    for i, node in enumerate(nodes):
        for k, child in enumerate(node.get("children", ())):
            if parents[child] is not None:
                issues.error(
                    "NODE_PARENT_OVERRIDE", f"/nodes/{i}/children/{k}", f"Node {child} has a parent already."
                )
            else:
                parents[child] = i
    return parents


def _roots(parents: list[int | None], issues: Issues) -> list[int]:
    """Root of each node; a loop is told once."""
    roots = [-1] * len(parents)
    for i in range(len(parents)):
        path: list[int] = []
        on_path: set[int] = set()
        at: int | None = i
        while at is not None and roots[at] < 0 and at not in on_path:
            path.append(at)
            on_path.add(at)
            at = parents[at]
        if at is not None and at in on_path:
            issues.error("NODE_LOOP", f"/nodes/{at}", "This node is its own ancestor.")
        root = path[-1] if at is None else roots[at] if roots[at] >= 0 else at
        for node in path:
            roots[node] = root
    return roots


def _node(document: dict[str, Any], node: dict[str, Any], at: str, issues: Issues) -> None:
    if "matrix" in node:
        if {"translation", "rotation", "scale"} & node.keys():
            issues.error(
                "NODE_MATRIX_TRS",
                f"{at}/matrix",
                "Either a matrix or translation, rotation, scale; not both.",
            )
        _decomposable(node["matrix"], f"{at}/matrix", issues)
    if "rotation" in node and abs(float(np.linalg.norm(node["rotation"])) - 1) > 0.00005:
        issues.error("ROTATION_NON_UNIT", f"{at}/rotation", "The quaternion is not of unit length.")
    for key in ("skin", "weights"):
        if key in node and "mesh" not in node:
            issues.error("UNSATISFIED_DEPENDENCY", f"{at}/{key}", "mesh is missing beside it.")
    if "mesh" not in node:
        return
    primitives = document["meshes"][node["mesh"]]["primitives"]
    targets = len(primitives[0].get("targets", ()))
    if "weights" in node and len(node["weights"]) != targets:
        issues.error("NODE_WEIGHTS_INVALID", f"{at}/weights", f"The mesh has {targets} morph targets.")
    jointed = any("JOINTS_0" in p["attributes"] for p in primitives)
    if "skin" in node and not jointed:
        issues.error("NODE_SKIN_WITH_NON_SKINNED_MESH", at, "A skin, but the mesh has no joints.")
    elif jointed and "skin" not in node:
        issues.warn("NODE_SKINNED_MESH_WITHOUT_SKIN", at, "The mesh has joints, but the node no skin.")


def _decomposable(matrix: list[float], at: str, issues: Issues) -> None:
    m = np.array(matrix, np.float64).reshape(4, 4).T
    if np.abs(m[3] - [0, 0, 0, 1]).max() > 1e-6:
        issues.error("NODE_MATRIX_NON_TRS", at, "The matrix is no translation, rotation and scale.")
        return
    length = np.linalg.norm(m[:3, :3], axis=0)
    unit = m[:3, :3] / np.maximum(length, 1e-12)
    if (length < 1e-12).any() or np.abs(unit.T @ unit - np.eye(3)).max() > 0.005:
        issues.error(
            "NODE_MATRIX_NON_TRS",
            at,
            "The matrix shears or flattens; only turn, scale and shift are allowed.",
        )


def _skin(document: dict[str, Any], index: int, parents: list[int | None], roots: list[int], values: Values,
          issues: Issues) -> None:  # fmt: skip
    skin, at = document["skins"][index], f"/skins/{index}"
    joints = skin["joints"]
    if len({roots[j] for j in joints}) > 1:
        issues.error("SKIN_NO_COMMON_ROOT", f"{at}/joints", "The joints hang in different trees.")
    if "skeleton" in skin and not all(_below(j, skin["skeleton"], parents) for j in joints[:1000]):
        issues.error("SKIN_SKELETON_INVALID", f"{at}/skeleton", "Not all joints lie below this node.")
    if "inverseBindMatrices" not in skin:
        return
    at, accessor = f"{at}/inverseBindMatrices", document["accessors"][skin["inverseBindMatrices"]]
    if (accessor["type"], accessor["componentType"]) != ("MAT4", F):
        issues.error("SKIN_IBM_INVALID_FORMAT", at, "Must be 4x4 matrices of 32-bit floats.")
        return
    if accessor["count"] < len(joints):
        issues.error(
            "INVALID_IBM_ACCESSOR_COUNT", at, f"{accessor['count']} matrices for {len(joints)} joints."
        )
    if strided(document, accessor):
        issues.error("SKIN_IBM_ACCESSOR_WITH_BYTESTRIDE", at, "Matrices cannot be strided.")
    found = values.raw(skin["inverseBindMatrices"])
    if found is not None and (np.abs(found[:, [3, 7, 11, 15]] - [0, 0, 0, 1]) > 1e-6).any():
        issues.error("ACCESSOR_INVALID_IBM", at, "A matrix's last row is not 0 0 0 1.")


def _below(node: int, ancestor: int, parents: list[int | None]) -> bool:
    at: int | None = node
    for _ in range(len(parents)):
        if at == ancestor:
            return True
        if at is None:
            return False
        at = parents[at]
    return False


def strided(document: dict[str, Any], accessor: dict[str, Any]) -> bool:
    return "bufferView" in accessor and "byteStride" in document["bufferViews"][accessor["bufferView"]]


def _skinned_nodes(document: dict[str, Any], roots: list[int], values: Values, issues: Issues) -> None:
    nodes, skins = document.get("nodes", []), document.get("skins", [])
    largest: dict[int, int] = {}
    for i, node in enumerate(nodes):
        if "skin" not in node:
            continue
        joints = skins[node["skin"]]["joints"]
        for scene in document.get("scenes", []):
            held = set(scene.get("nodes", ()))
            if roots[i] in held and roots[joints[0]] not in held:
                issues.error(
                    "NODE_SKIN_NO_SCENE",
                    f"/nodes/{i}",
                    "The skin's joints are not in the scene that shows it.",
                )
        if "mesh" in node:
            largest[node["mesh"]] = min(len(joints), largest.get(node["mesh"], len(joints)))
    for mesh, count in largest.items():
        for k, primitive in enumerate(document["meshes"][mesh]["primitives"]):
            _influences(primitive["attributes"], count, f"/meshes/{mesh}/primitives/{k}", values, issues)


def _influences(attributes: dict[str, int], joints: int, at: str, values: Values, issues: Issues) -> None:
    sets = sum(name.startswith("JOINTS_") for name in attributes)
    raw = [values.raw(attributes[f"JOINTS_{s}"]) for s in range(sets)]
    real = [values.real(attributes[f"WEIGHTS_{s}"]) for s in range(sets)]
    index, weight = _side_by_side(raw), _side_by_side(real)
    if index is not None and (index >= joints).any():
        issues.error(
            "ACCESSOR_JOINTS_INDEX_OOB", at, f"Joint {int(index.max())} is used; the skin has {joints}."
        )
    if weight is not None:
        if (weight < 0).any():
            issues.error("ACCESSOR_WEIGHTS_NEGATIVE", at, "A weight is negative.")
        if (np.abs(weight.sum(1) - 1) > 0.01).any():
            issues.error("ACCESSOR_WEIGHTS_NON_NORMALIZED", at, "A vertex's weights do not sum to 1.")
    if index is not None and weight is not None:
        used = np.where(weight > 0, index.astype(np.int64), -1 - np.arange(index.shape[1]))
        used.sort(1)
        if (used[:, 1:] == used[:, :-1]).any():
            issues.error("ACCESSOR_JOINTS_INDEX_DUPLICATE", at, "A vertex uses the same joint twice.")


def _side_by_side(parts: list[NDArray[Any] | None]) -> NDArray[Any] | None:
    held = [p for p in parts if p is not None]
    return np.concatenate(held, 1) if held and len(held) == len(parts) else None
