"""The triangles of the default scene in world coordinates, as a quality check and a proof need them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sculpt3d.geometry import F64
from sculpt3d.gltf_check.accessors import Array, Values

MAX_DEPTH, MAX_INSTANCES = 200, 20_000
MAX_LADDERS, MAX_LEVELS = 8, 16  # of MSFT_lod, told of one file


@dataclass(frozen=True)
class Part:
    """One drawn primitive. vertices (V, 3) in world, faces (F, 3), normals (V, 3) in world and uv (V, 2) where given."""

    vertices: F64
    faces: Array
    normals: F64 | None
    uv: F64 | None
    material: dict[str, Any]
    mirrored: bool  # the node's transform turns the winding round


def world_parts(document: dict[str, Any], values: Values, start: Sequence[int] | None = None) -> list[Part]:
    """Triangle primitives of the default scene, each where a node shows it; without scenes, of all root nodes.
    `start`: nodes to begin at instead."""
    found: list[Part] = []
    for index, world in placed_nodes(document, start):
        node = document["nodes"][index]
        for primitive in document["meshes"][node["mesh"]]["primitives"] if "mesh" in node else ():
            if len(found) < MAX_INSTANCES:
                part = _part(document, values, primitive, world)
                found += [] if part is None else [part]
    return found


def placed_nodes(document: dict[str, Any], start: Sequence[int] | None = None) -> Iterator[tuple[int, F64]]:
    """Node and its world matrix (4, 4), parents first, in the order that the file shows them; not what is hidden, and
    what hangs below it. The tree is sound."""
    nodes, scenes = document.get("nodes", []), document.get("scenes", [])
    if start is None:
        children = {c for n in nodes for c in n.get("children", ())}
        start = scenes[document.get("scene", 0)].get("nodes", []) if scenes else [
            i for i in range(len(nodes)) if i not in children
        ]  # fmt: skip
    waiting: list[tuple[int, F64]] = [(i, np.eye(4)) for i in reversed(start)]
    while waiting:
        index, parent = waiting.pop()
        if nodes[index].get("extensions", {}).get("KHR_node_visibility", {}).get("visible") is False:
            continue
        world = parent @ local_matrix(nodes[index])
        waiting += [(c, world) for c in reversed(nodes[index].get("children", ()))]
        yield index, world


def levels_of_detail(document: dict[str, Any]) -> dict[str, list[int]]:
    """Of nodes with MSFT_lod: triangles of each level, finest first, as the file counts them."""
    found: dict[str, list[int]] = {}
    for i, node in enumerate(document.get("nodes", [])):
        lower = node.get("extensions", {}).get("MSFT_lod", {}).get("ids", [])
        if lower and len(found) < MAX_LADDERS:
            found[f"/nodes/{i}"] = [_triangles(document, n) for n in (i, *lower[: MAX_LEVELS - 1])]
    return found


def _triangles(document: dict[str, Any], node: int) -> int:
    """Below a node, itself included."""
    count, waiting = 0, [node]
    while waiting:
        here = document["nodes"][waiting.pop()]
        waiting += here.get("children", ())
        for p in document["meshes"][here["mesh"]]["primitives"] if "mesh" in here else ():
            corners = p.get("indices", p["attributes"].get("POSITION"))
            if p.get("mode", 4) == 4 and corners is not None:
                count += document["accessors"][corners]["count"] // 3
    return count


def local_matrix(node: dict[str, Any]) -> F64:
    """(4, 4) of a node, from its matrix or from translation, rotation (x, y, z, w) and scale."""
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T
    m = np.eye(4)
    turn = np.array(node.get("rotation", (0, 0, 0, 1)), np.float64)
    x, y, z, w = turn / (np.linalg.norm(turn) or 1.0)  # far from the origin, rounding in the file would show
    m[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    m[:3, :3] *= node.get("scale", (1, 1, 1))
    m[:3, 3] = node.get("translation", (0, 0, 0))
    return m


def _part(document: dict[str, Any], values: Values, primitive: dict[str, Any], world: F64) -> Part | None:
    attributes = primitive["attributes"]
    if primitive.get("mode", 4) != 4 or "POSITION" not in attributes:
        return None
    position = values.real(attributes["POSITION"])
    if position is None:
        return None
    index = values.raw(primitive["indices"]) if "indices" in primitive else np.arange(len(position))[:, None]
    if index is None:
        return None
    flat = index[: len(index) // 3 * 3, 0]
    normals = values.real(attributes["NORMAL"]) if "NORMAL" in attributes else None
    linear = world[:3, :3]
    if normals is not None:
        turned = normals @ np.linalg.pinv(linear)  # inverse transposed, from the right
        normals = turned / np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-12)
    material = document["materials"][primitive["material"]] if "material" in primitive else {}
    base = material.get("pbrMetallicRoughness", {}).get("baseColorTexture", {})
    name = f"TEXCOORD_{base.get('texCoord', 0)}"
    uv = values.real(attributes[name]) if base and name in attributes else None
    if uv is not None:
        uv = moved_uv(uv, base.get("extensions", {}).get("KHR_texture_transform", {}))
    return Part(
        position @ linear.T + world[:3, 3], flat.reshape(-1, 3).astype(np.int64), normals, uv, material,
        bool(np.linalg.det(linear) < 0),
    )  # fmt: skip


def moved_uv(uv: F64, move: dict[str, Any]) -> F64:
    c, s = np.cos(move.get("rotation", 0)), np.sin(move.get("rotation", 0))
    return (uv * move.get("scale", (1, 1))) @ np.array([[c, -s], [s, c]]) + move.get("offset", (0, 0))
