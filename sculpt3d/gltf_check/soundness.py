"""Degenerate triangles, parts that are turned or inside out, open edges."""

from __future__ import annotations

from typing import Any

import numpy as np

from sculpt3d.geometry import F64
from sculpt3d.gltf_check.accessors import Array
from sculpt3d.gltf_check.geometry import Part
from sculpt3d.gltf_check.issues import Issues


def soundness(parts: list[Part], issues: Issues) -> dict[str, Any]:
    """Counts of triangles, edges and parts that are not as they should be."""
    degenerate = opposed = turned = inside_out = open_edges = faces = 0
    for part in parts:
        welded = _weld(part)
        area = triangle_areas(part.vertices, part.faces)
        span = float(np.ptp(part.vertices, axis=0).max())
        degenerate += int((area <= 1e-12 * span**2).sum())
        faces += len(part.faces)
        opposed += _opposed(part, area)
        twice, alone = _edges(welded)
        turned += twice
        open_edges += alone
        inside_out += _inside_out(part, welded, alone == 0 and twice == 0)
    if degenerate > 0.0005 * faces:
        issues.warn("DEGENERATE_TRIANGLES", "", f"{degenerate} of {faces} triangles have no area.")
    if opposed > 0.01 * faces:
        says = f"{opposed} of {faces} triangles face away from their own normals: lit from the wrong side."
        issues.warn("FLIPPED_TRIANGLES", "", says)
    if turned > 0.001 * faces:
        issues.warn("WINDING_MIXED", "", f"{turned} edges join triangles that face opposite ways.")
    if inside_out:
        issues.warn("INSIDE_OUT", "", f"{inside_out} closed parts are turned inside out.")
    return {
        "degenerate": degenerate,
        "flipped": opposed,
        "inside_out_parts": inside_out,
        "open_edges": open_edges,
    }


def _weld(part: Part) -> Array:
    """Faces with vertices at the same place as one; charts are split there."""
    exact = np.ascontiguousarray(part.vertices.astype(np.float32)) + np.float32(0)
    keys = exact.view([("", np.float32)] * 3).ravel()
    _, same = np.unique(keys, return_inverse=True)
    faces = same.reshape(-1)[part.faces]
    return np.asarray(
        faces[(faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])]
    )


def _opposed(part: Part, area: F64) -> int:
    if part.normals is None:
        return 0
    a, b, c = (part.vertices[part.faces[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a) * (-1 if part.mirrored else 1)
    mean = part.normals[part.faces].sum(1)
    return int((((normal * mean).sum(1) < 0) & (area > 0)).sum())


def _edges(faces: Array) -> tuple[int, int]:
    """(edges run through twice in the same direction by the two triangles they join, edges of one triangle only)."""
    a, b = faces.ravel(), faces[:, [1, 2, 0]].ravel()
    key = np.minimum(a, b).astype(np.int64) << 32 | np.maximum(a, b)
    order = np.argsort(key, kind="stable")
    key, forward = key[order], (a < b)[order]
    start = (
        np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if len(key) else np.zeros(0, np.int64)
    )
    count = np.diff(np.append(start, len(key)))
    pairs = start[count == 2]
    return int((forward[pairs] == forward[pairs + 1]).sum()), int((count == 1).sum())


def _inside_out(part: Part, welded: Array, closed: bool) -> int:
    if not closed or part.material.get("alphaMode") == "BLEND":
        return 0
    a, b, c = (part.vertices[part.faces[:, k]] - part.vertices.mean(0) for k in range(3))
    volume = float((a * np.cross(b, c)).sum()) * (-1 if part.mirrored else 1)
    return int(volume < 0)


def triangle_areas(vertices: F64, faces: Array) -> F64:
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    return np.asarray(np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2)
