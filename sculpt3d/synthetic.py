"""Photos of any mesh from known cameras, with their truth: for tests, samples, previews and measuring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d._open3d import o3d
from sculpt3d.colour import to_srgb
from sculpt3d.geometry import F64, Rigid3
from sculpt3d.surface.topology import vertex_normals
from sculpt3d.types import F32, I32, U8, Mesh, Pinhole


@dataclass(frozen=True)
class Look:
    """Light and background (sRGB 0..1); ambient: share of light from all sides; noise: sigma in grey levels."""

    ambient: float = 0.45
    light: tuple[float, float, float] = (0.45, 0.8, 0.4)
    background: tuple[float, float, float] = (0.16, 0.17, 0.19)
    noise: float = 0.0
    light_follows_camera: bool = False


class Stage:
    """A mesh with linear vertex colours, ready to be photographed."""

    def __init__(self, mesh: Mesh, colour: F32, normals: F32 | None = None) -> None:
        self.faces: I32 = mesh.faces
        self.colour = colour
        self.normals = vertex_normals(mesh.vertices, mesh.faces) if normals is None else normals
        self.scene = o3d.t.geometry.RaycastingScene(nthreads=1)
        self.scene.add_triangles(
            o3d.core.Tensor(np.ascontiguousarray(mesh.vertices, np.float32)),
            o3d.core.Tensor(np.ascontiguousarray(mesh.faces, np.uint32)),
        )

    def depth(self, camera: Pinhole, cam_from_world: Rigid3) -> F32:
        """(H, W) along z at pixel centres, 0 = nothing."""
        hit = self._cast(camera, cam_from_world, 0.5, 0.5)["t_hit"].numpy()
        return np.where(np.isfinite(hit), hit, 0).astype(np.float32)

    def photograph(
        self,
        camera: Pinhole,
        cam_from_world: Rigid3,
        look: Look | None = None,
        samples: int = 2,
        seed: int = 0,
    ) -> U8:
        """sRGB (H, W, 3), `samples` squared rays a pixel, Lambertian light."""
        return self.photographs(camera, cam_from_world, (self.colour,), look, samples, seed)[0]

    def photographs(
        self,
        camera: Pinhole,
        cam_from_world: Rigid3,
        colours: Sequence[F32],
        look: Look | None = None,
        samples: int = 2,
        seed: int = 0,
    ) -> list[U8]:
        """The same surface in several linear colours (V, 3), at little more than the cost of one."""
        look = look or Look()
        totals = [np.zeros((camera.height, camera.width, 3)) for _ in colours]
        for i in range(samples):
            for j in range(samples):
                place = ((i + 0.5) / samples, (j + 0.5) / samples)
                for total, seen in zip(totals, self._shade(camera, cam_from_world, place, look, colours), strict=True):
                    total += seen
        return [_developed(total / samples**2, look, seed) for total in totals]

    def _cast(self, camera: Pinhole, pose: Rigid3, dx: float, dy: float) -> Any:
        x = (np.arange(camera.width) + dx - camera.cx) / camera.fx
        y = (np.arange(camera.height) + dy - camera.cy) / camera.fy
        xx, yy = np.meshgrid(x, y)
        rays = np.empty((camera.height, camera.width, 6), np.float32)
        rays[..., :3] = pose.source_origin
        rays[..., 3:] = np.stack([xx, yy, np.ones_like(xx)], -1) @ pose.rotation
        return self.scene.cast_rays(o3d.core.Tensor(rays))

    def _shade(
        self, camera: Pinhole, pose: Rigid3, place: tuple[float, float], look: Look, colours: Sequence[F32]
    ) -> Iterator[F64]:
        """Linear light (H, W, 3) at that place within each pixel, a picture a colour."""
        hit = self._cast(camera, pose, *place)
        face = hit["primitive_ids"].numpy().astype(np.int64)
        there = np.isfinite(hit["t_hit"].numpy())
        uv = hit["primitive_uvs"].numpy()[there].astype(np.float64)
        w = np.stack([1 - uv.sum(1), uv[:, 0], uv[:, 1]], 1)[..., None]
        corners = self.faces[face[there]]
        normal = (self.normals[corners] * w).sum(1)
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
        light = np.asarray(look.light)
        if look.light_follows_camera:
            light = pose.rotation.T @ np.array([-0.35, -0.45, -1.0])
        lambert = np.clip(normal @ (light / np.linalg.norm(light)), 0, 1)
        lit = look.ambient * (0.75 + 0.25 * normal[:, 1]) + (1 - look.ambient) * lambert
        for colour in colours:
            picture = np.broadcast_to(np.asarray(look.background) ** 2.2, (*there.shape, 3)).copy()
            picture[there] = (colour[corners] * w).sum(1) * lit[:, None]
            yield picture


def _developed(light: F64, look: Look, seed: int) -> U8:
    """As a camera writes it: sRGB with its noise."""
    encoded = to_srgb(light) * 255
    if look.noise:
        encoded += np.random.default_rng(seed).normal(0, look.noise, encoded.shape)
    return np.clip(encoded + 0.5, 0, 255).astype(np.uint8)


def look_at(
    eye: NDArray[Any], target: NDArray[Any], up: tuple[float, float, float] = (0.0, 1.0, 0.0)
) -> Rigid3:
    """cam_from_world of a camera at `eye` that looks at `target` with a level horizon."""
    z = np.asarray(target, float) - eye
    z /= np.linalg.norm(z)
    x = np.cross(z, np.asarray(up, float))
    x /= np.linalg.norm(x)
    rotation = np.stack([x, np.cross(z, x), z])
    return Rigid3(rotation, -rotation @ np.asarray(eye, float))


def ring(
    centre: NDArray[Any], distance: float, elevation_deg: float, count: int, start_deg: float = 0.0
) -> list[Rigid3]:
    """Cameras on a circle around `centre`, all looking at it."""
    poses = []
    for k in range(count):
        a, e = np.radians(start_deg + 360 * k / count), np.radians(elevation_deg)
        offset = distance * np.array([np.cos(e) * np.sin(a), np.sin(e), np.cos(e) * np.cos(a)])
        poses.append(look_at(np.asarray(centre) + offset, np.asarray(centre)))
    return poses
