"""The colour texture: a chosen photo for every place, levelled in linear light to what all photos agree on.

observe -> gains -> choose -> paint -> fill. The first three work at the mesh's vertices, where the photos can be compared;
only `paint` touches texels. Waechter et al. 2014; Lempitsky & Ivanov 2007.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sculpt3d.colour import to_codes
from sculpt3d.errors import InputError
from sculpt3d.progress import Each, Progress, one_by_one, silent
from sculpt3d.texture.choose import choose
from sculpt3d.texture.fill import between_charts, over_surface
from sculpt3d.texture.gains import solve_gains
from sculpt3d.texture.observe import Nodes, gather, look
from sculpt3d.texture.paint import finish, paint
from sculpt3d.texture.shading import shading
from sculpt3d.texture.unwrap import Unwrapped, laid, unwrap
from sculpt3d.types import F32, I32, Mesh, Scene, TexturedMesh, TextureFacts

FACE_TEXELS = (
    256  # larger faces are cut in four while colours are chosen: choice and levelling live on vertices
)
FEWEST_FACES, MOST_FACES = 2_000, 2_000_000


@dataclass(frozen=True)
class TextureParams:
    """size: side of the square texture, texels; delight: ambient occlusion and broad shading taken out."""

    size: int = 4096
    delight: bool = False


def bake_texture(
    mesh: Mesh, scene: Scene, params: TextureParams | None = None, each: Each = one_by_one,
    progress: Progress | None = None,
) -> TexturedMesh:  # fmt: skip
    """Unwrap `mesh` and colour it from the scene's photos (same frame). What no photo shows takes its surroundings'
    colour, is counted in `unseen_share` and marked at its vertices."""
    params, tell = params or TextureParams(), progress or silent
    size, views = params.size, scene.views
    tell(0, 100)
    flat = unwrap(mesh, size)
    tell(15, 100)
    fine = _cut(flat, size)
    node, nodes = nodes_of(fine, size)
    found = each(lambda view: look(view, nodes), views, lambda d, n: tell(15 + 25 * d // max(n, 1), 100))
    seen = gather(found, len(nodes.xyz))
    del found
    if not len(seen.view):
        raise InputError("No photo shows the mesh; it must be in the frame of the cameras")
    gains = solve_gains(seen, len(views))
    chosen = choose(nodes, seen, gains)
    tell(50, 100)
    owner, colour, weight = paint(
        fine, node, nodes, views, seen, chosen, gains, size, each,
        lambda d, n: tell(50 + 40 * d // max(n, 1), 100),
    )  # fmt: skip
    light: F32 = shading(nodes, chosen.broad, chosen.known)[:, None]
    # The paint is filled, not the light: nymph's worst view 34.3 -> 35.1 dB.
    broad = (over_surface(nodes, chosen.broad / light, chosen.known) * light).astype(np.float32)
    covered, shown = owner >= 0, int((weight > 0).sum())
    factor = np.float32(1) / light[:, 0] if params.delight else None
    finish(fine, node, broad, factor, owner, colour, weight)
    unseen = 1 - shown / max(int(covered.sum()), 1)
    del owner, weight
    picture = to_codes(colour)
    del colour
    texture = between_charts(picture, covered)
    how = laid(flat.vertices, flat.faces, flat.uv)
    facts = TextureFacts(
        flat.charts, float(covered.mean()), how.stretch, how.density_spread, unseen, chosen.rejected,
        {view.name: (float(r), float(g), float(b)) for view, (r, g, b) in zip(views, gains, strict=True)},
    )  # fmt: skip
    tell(100, 100)
    unseen_vertex = ~chosen.known[node[: len(flat.vertices)]]  # cutting only adds vertices behind
    return TexturedMesh(flat.vertices, flat.normals, flat.faces, flat.uv, texture, unseen_vertex, facts)


def _cut(flat: Unwrapped, size: int) -> Unwrapped:
    """Faces cut in four at their edges' middles until they are small; charts and uv stay where they are."""
    while len(flat.faces) < FEWEST_FACES or (
        0.75 * size * size / len(flat.faces) > FACE_TEXELS and 4 * len(flat.faces) <= MOST_FACES
    ):
        count = len(flat.vertices)
        ends = np.sort(np.concatenate([flat.faces[:, [k, (k + 1) % 3]] for k in range(3)]), axis=1).astype(
            np.int64
        )
        unique, middle = np.unique(ends[:, 0] * count + ends[:, 1], return_inverse=True)
        a, b = unique // count, unique % count
        m = (middle.reshape(3, -1) + count).astype(np.int32)
        f = flat.faces.T
        flat = Unwrapped(
            np.concatenate([flat.vertices, (flat.vertices[a] + flat.vertices[b]) * np.float32(0.5)]),
            np.concatenate([flat.normals, (flat.normals[a] + flat.normals[b]) * np.float32(0.5)]),
            _fours(f, m),
            np.concatenate([flat.uv, (flat.uv[a] + flat.uv[b]) * np.float32(0.5)]),
            np.concatenate([flat.source, flat.source[a]]),
            flat.charts,
        )
    return flat


def _fours(f: Any, m: Any) -> I32:
    """Corners (3, F) and middles of the edges (3, F) -> (4 F, 3), a face's four pieces together."""
    pieces = [(f[0], m[0], m[2]), (m[0], f[1], m[1]), (m[2], m[1], f[2]), (m[0], m[1], m[2])]
    return np.ascontiguousarray(np.stack([np.stack(p, 1) for p in pieces], 1).reshape(-1, 3), np.int32)


def nodes_of(flat: Unwrapped, size: int) -> tuple[I32, Nodes]:
    """The node of each vertex (charts share them), and the nodes."""
    rows = np.ascontiguousarray(flat.vertices + np.float32(0)).view([("", np.float32)] * 3).ravel()
    _, first, node = np.unique(rows, return_index=True, return_inverse=True)
    faces = node[flat.faces].astype(np.int32)
    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    ends = np.concatenate([ends, ends[:, ::-1]])[np.r_[ends[:, 0] != ends[:, 1], ends[:, 0] != ends[:, 1]]]
    unique = np.unique(ends[:, 0] * len(first) + ends[:, 1])
    a, b = unique // len(first), unique % len(first)
    xyz, normal = flat.vertices[first], flat.normals[first]
    edge = float(np.median(np.linalg.norm(xyz[a[::7]] - xyz[b[::7]], axis=1))) if len(a) else 1.0
    start = np.concatenate([[0], np.cumsum(np.bincount(a, minlength=len(first)))]).astype(np.int32)
    length = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    density = _density(flat, size)
    return node.astype(np.int32), Nodes(
        xyz, length.astype(np.float32), faces, start, b.astype(np.int32), edge, density
    )


def _density(flat: Unwrapped, size: int) -> float:
    """Texels a unit of length."""
    v, t = flat.vertices[flat.faces].astype(np.float64), flat.uv[flat.faces].astype(np.float64) * size
    area = np.linalg.norm(np.cross(v[:, 1] - v[:, 0], v[:, 2] - v[:, 0]), axis=1).sum()
    a, b = t[:, 1] - t[:, 0], t[:, 2] - t[:, 0]
    return float(np.sqrt(np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / max(area, 1e-300)))
