"""A picture of an asset with its texture, drawn without a graphics card."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sculpt3d.colour import linear, to_srgb
from sculpt3d.framing import standoff
from sculpt3d.geometry import F64, Rigid3
from sculpt3d.models.document import Part
from sculpt3d.synthetic import look_at
from sculpt3d.types import F32, U8, Pinhole
from sculpt3d.webasset.colours import Colours, joined

BACKGROUND = (238, 238, 240)  # the page's own
AMBIENT = 0.55
ELEVATION_DEG = 12.0
SAMPLES = 2  # squared: rays a pixel
LAYERS, STEP = 8, 1e-5  # surfaces a ray passes that are not opaque; of the way, behind one


def portrait(parts: Sequence[Part], width: int, height: int, azimuth_deg: float = 20.0) -> U8:
    """(H, W, 3) sRGB, light from above left; what is clear shows what is behind it."""
    mesh, colours = joined(parts), Colours(parts)
    camera, pose = stand(mesh.vertices, width, height, np.radians(azimuth_deg))
    rows, columns = np.mgrid[: height * SAMPLES, : width * SAMPLES]
    xy = (np.stack([columns, rows], -1) + 0.5) / SAMPLES
    local = np.concatenate(
        [(xy - [camera.cx, camera.cy]) / [camera.fx, camera.fy], np.ones((*xy.shape[:2], 1))], -1
    )
    directions = local.reshape(-1, 3) @ pose.rotation
    normals = np.concatenate([_normals(p) for p in parts])[mesh.faces]
    towards = pose.rotation.T @ np.array([-0.35, -0.6, -0.72])
    light, left = np.zeros(directions.shape), np.ones(len(directions))
    alive, start = np.arange(len(directions)), np.zeros(len(directions))
    for _ in range(LAYERS):
        origins = pose.source_origin + directions[alive] * start[alive, None]
        seen, face, weights, far = colours.surface.hits(origins, directions[alive])
        alive = alive[seen]
        if not len(alive):
            break
        found = colours.on(face, weights)
        lit = found[:, :3] * _shade((normals[face] * weights[..., None]).sum(1), towards)
        light[alive] += (left[alive] * found[:, 3])[:, None] * lit
        left[alive] *= 1 - found[:, 3]
        start[alive] = (start[alive] + far) * (1 + STEP)
        alive = alive[found[:, 3] < 1]
    light += left[:, None] * linear(np.array([BACKGROUND], np.uint8))
    mean = light.reshape(height, SAMPLES, width, SAMPLES, 3).mean((1, 3))
    return np.asarray(np.round(to_srgb(mean) * 255), np.uint8)


def stand(vertices: F32, width: int, height: int, azimuth: float) -> tuple[Pinhole, Rigid3]:
    """A camera that holds the whole asset, slightly from above."""
    centre = (vertices.min(0).astype(np.float64) + vertices.max(0)) / 2
    focal, e = 1.6 * max(width, height), np.radians(ELEVATION_DEG)
    distance = standoff(vertices, centre, ELEVATION_DEG, width / 2 / focal, height / 2 / focal)
    eye = centre + distance * np.array([np.cos(e) * np.sin(azimuth), np.sin(e), np.cos(e) * np.cos(azimuth)])
    return Pinhole(width, height, focal, focal, width / 2, height / 2), look_at(eye, centre)


def _normals(part: Part) -> F32:
    assert part.normals is not None
    return part.normals


def _shade(normal: F64, towards: F64) -> F64:
    """(N, 1) of the colour."""
    normal = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    return np.asarray((AMBIENT + (1.35 - AMBIENT) * np.clip(normal @ towards, 0, 1))[:, None], np.float64)
