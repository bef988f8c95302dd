"""A picture of an asset with its texture, drawn without a graphics card."""

from __future__ import annotations

import numpy as np

from sculpt3d._open3d import o3d
from sculpt3d.colour import linear, to_srgb
from sculpt3d.framing import standoff
from sculpt3d.geometry import F64, Rigid3
from sculpt3d.synthetic import look_at
from sculpt3d.types import F32, U8, Pinhole
from sculpt3d.webasset.maps import Asset
from sculpt3d.webasset.sampling import sample_texture

BACKGROUND = (238, 238, 240)  # the page's own
AMBIENT = 0.55
ELEVATION_DEG = 12.0
SAMPLES = 2  # squared: rays a pixel


def portrait(asset: Asset, width: int, height: int, azimuth_deg: float = 20.0) -> U8:
    """(H, W, 3) sRGB, light from above left."""
    camera, pose = stand(asset.vertices, width, height, np.radians(azimuth_deg))
    scene = o3d.t.geometry.RaycastingScene()
    origin = asset.vertices.mean(0)
    scene.add_triangles(
        o3d.core.Tensor(np.ascontiguousarray(asset.vertices - origin)),
        o3d.core.Tensor(np.ascontiguousarray(asset.faces, np.uint32)),
    )
    rows, columns = np.mgrid[: height * SAMPLES, : width * SAMPLES]
    xy = (np.stack([columns, rows], -1) + 0.5) / SAMPLES
    local = np.concatenate(
        [(xy - [camera.cx, camera.cy]) / [camera.fx, camera.fy], np.ones((*xy.shape[:2], 1))], -1
    )
    directions = local.reshape(-1, 3) @ pose.rotation
    start = np.broadcast_to(pose.source_origin - origin, directions.shape)
    hit = scene.cast_rays(o3d.core.Tensor(np.concatenate([start, directions], 1).astype(np.float32)))
    seen = np.isfinite(hit["t_hit"].numpy())
    light = np.broadcast_to(linear(np.array([BACKGROUND], np.uint8)), directions.shape).astype(np.float64)
    towards = pose.rotation.T @ np.array([-0.35, -0.6, -0.72])
    light[seen] = _lit(asset, hit["primitive_ids"].numpy()[seen], hit["primitive_uvs"].numpy()[seen], towards)
    mean = light.reshape(height, SAMPLES, width, SAMPLES, 3).mean((1, 3))
    return np.asarray(np.round(to_srgb(mean) * 255), np.uint8)


def stand(vertices: F32, width: int, height: int, azimuth: float) -> tuple[Pinhole, Rigid3]:
    """A camera that holds the whole asset, slightly from above."""
    centre = (vertices.min(0).astype(np.float64) + vertices.max(0)) / 2
    focal, e = 1.6 * max(width, height), np.radians(ELEVATION_DEG)
    distance = standoff(vertices - centre, ELEVATION_DEG, width / 2 / focal, height / 2 / focal)
    eye = centre + distance * np.array([np.cos(e) * np.sin(azimuth), np.sin(e), np.cos(e) * np.cos(azimuth)])
    return Pinhole(width, height, focal, focal, width / 2, height / 2), look_at(eye, centre)


def _lit(asset: Asset, face: np.ndarray, uv: np.ndarray, towards: F64) -> F64:
    weights = np.stack([1 - uv.sum(1), uv[:, 0], uv[:, 1]], 1).astype(np.float64)
    corners = asset.faces[face]
    colour = sample_texture(asset.colour, (asset.uv[corners] * weights[..., None]).sum(1))
    normal = (asset.normals[corners] * weights[..., None]).sum(1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    return np.asarray(colour * (AMBIENT + (1.35 - AMBIENT) * np.clip(normal @ towards, 0, 1))[:, None])
