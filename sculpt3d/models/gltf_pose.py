"""Where glTF shows a primitive: node transforms, instances, morph targets at their weights, skins in the pose of their joints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.geometry import F64
from sculpt3d.gltf_check.accessors import Values
from sculpt3d.gltf_check.geometry import local_matrix

INSTANCING = "EXT_mesh_gpu_instancing"
MAX_INSTANCES = 20_000


@dataclass(frozen=True)
class World:
    """A node's place: its world matrix (4, 4), and those of all nodes, for skins."""

    node: Mapping[str, Any]
    matrix: F64
    placed: Mapping[int, F64]
    document: dict[str, Any]
    values: Values

    def instances(self) -> Iterator[World]:
        """The node itself, or a place for each of its instances."""
        held = self.node.get("extensions", {}).get(INSTANCING, {}).get("attributes")
        if not isinstance(held, dict) or not held:
            yield self
            return
        parts = {k.lower(): self._of(held, k) for k in ("TRANSLATION", "ROTATION", "SCALE")}
        count = max((len(v) for v in parts.values() if v is not None), default=0)
        for k in range(min(count, MAX_INSTANCES + 1)):
            moved = {name: v[k].tolist() for name, v in parts.items() if v is not None and k < len(v)}
            yield replace(self, matrix=self.matrix @ local_matrix(moved))

    def _of(self, held: Mapping[str, Any], name: str) -> F64 | None:
        accessor = held.get(name)
        known = isinstance(accessor, int) and 0 <= accessor < len(self.document.get("accessors", []))
        found = self.values.real(accessor) if known else None  # type: ignore[arg-type]
        return found if found is not None and found.shape[1] == (4 if name == "ROTATION" else 3) else None


@dataclass(frozen=True)
class Posed:
    """vertices (V, 3) in world, float32 where the file's own numbers stand, and unit normals. mirrored: left and right are
    changed over, so that triangles run the other way."""

    vertices: NDArray[Any]
    normals: NDArray[np.float32] | None
    mirrored: bool


def posed(
    primitive: dict[str, Any], place: World, mesh: dict[str, Any], node: dict[str, Any], values: Values
) -> Posed | None:
    """None where data is missing."""
    attributes = primitive["attributes"]
    raw = values.raw(attributes["POSITION"])
    if raw is None or raw.shape[1] != 3:
        return None
    normals = _real(values, attributes["NORMAL"]) if "NORMAL" in attributes else None
    normals = None if normals is None or normals.shape != raw.shape else normals
    weights = node.get("weights", mesh.get("weights", []))
    morphed = any(weights) and bool(primitive.get("targets"))
    skin = _skinning(primitive, place, node, values, len(raw))
    if skin is None and not morphed and raw.dtype == np.float32 and np.array_equal(place.matrix, np.eye(4)):
        return Posed(np.ascontiguousarray(raw), _unit(normals), False)
    vertices = values.real(attributes["POSITION"])
    assert vertices is not None
    if morphed:
        vertices = _morphed(vertices, primitive, weights, "POSITION", values)
        normals = None if normals is None else _morphed(normals, primitive, weights, "NORMAL", values)
    if skin is not None:
        each = skin[:, :3, :3]
        turned = None if normals is None else np.einsum("nij,nj->ni", each, normals)
        over = bool((np.linalg.det(each) < 0).sum() * 2 > len(each))
        return Posed(np.einsum("nij,nj->ni", each, vertices) + skin[:, :3, 3], _unit(turned), over)
    linear = place.matrix[:3, :3]
    turned = (
        None if normals is None else normals @ np.linalg.pinv(linear)
    )  # inverse transposed, from the right
    return Posed(vertices @ linear.T + place.matrix[:3, 3], _unit(turned), bool(np.linalg.det(linear) < 0))


def _morphed(base: F64, primitive: dict[str, Any], weights: list[float], name: str, values: Values) -> F64:
    found = base
    for weight, target in zip(weights, primitive["targets"], strict=False):
        more = values.real(target[name]) if weight and name in target else None
        if more is not None and more.shape == base.shape:
            found = found + weight * more
    return found


def _skinning(
    primitive: dict[str, Any], place: World, node: dict[str, Any], values: Values, count: int
) -> F64 | None:
    """(V, 4, 4): each vertex's own matrix, from its joints as they stand; None without a skin."""
    attributes = primitive["attributes"]
    if "skin" not in node or "JOINTS_0" not in attributes or "WEIGHTS_0" not in attributes:
        return None
    skin = place.document["skins"][node["skin"]]
    inverse = values.real(skin["inverseBindMatrices"]) if "inverseBindMatrices" in skin else None
    bind = np.eye(4)[None].repeat(len(skin["joints"]), 0)
    if inverse is not None and len(inverse) >= len(bind) and inverse.shape[1] == 16:
        bind = inverse[: len(bind)].reshape(-1, 4, 4).transpose(0, 2, 1)
    joints = np.array([place.placed.get(j, np.eye(4)) for j in skin["joints"]]) @ bind
    found, total = np.zeros((count, 4, 4)), np.zeros(count)
    for k in range(8):
        index, weight = (attributes.get(f"{name}_{k}") for name in ("JOINTS", "WEIGHTS"))
        if index is None or weight is None:
            break
        which, share = values.raw(index), values.real(weight)
        if which is None or share is None or which.shape != (count, 4) or share.shape != (count, 4):
            return None
        which = np.minimum(which.astype(np.int64), len(joints) - 1)
        for column in range(4):
            found += share[:, column, None, None] * joints[which[:, column]]
        total += share.sum(1)
    return np.where(total[:, None, None] > 0, found, np.eye(4))


def _real(values: Values, accessor: int) -> NDArray[Any] | None:
    """As numbers, floats as they are."""
    raw = values.raw(accessor)
    return raw if raw is None or raw.dtype.kind == "f" else values.real(accessor)


def _unit(normals: NDArray[Any] | None) -> NDArray[np.float32] | None:
    if normals is None:
        return None
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.asarray(normals / np.where(length > 1e-12, length, 1), np.float32)
