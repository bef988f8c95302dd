"""Textures measured on photos held back: PSNR, SSIM, delta E 2000, seams, core-seconds; beside Open3D's albedo projection.

    python benchmarks/bench_texture.py SET ... [--size 4096] [--no-peer]

A SET is a folder with images/, masks/, truth_colmap/ and truth_mesh.ply. The true mesh is textured by `sculpt3d texture` from
all photos but every eighth, and drawn from those. Compared are the mask's pixels but for a rim of 3; a gain for each channel
is fitted first, as exposure is free. Core-seconds are of the whole command, compiled kernels warm.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from sculpt3d._open3d import o3d
from sculpt3d.colour import delta_e, from_srgb, lab, to_srgb
from sculpt3d.models.colmap import load_scene
from sculpt3d.models.document import Material, Part, Texture
from sculpt3d.models.read import read_document
from sculpt3d.models.texels import sample_texture
from sculpt3d.photos.masks import match_masks
from sculpt3d.sfm.undistort import undistort
from sculpt3d.texture.charts import connected, neighbours
from sculpt3d.types import View
from sculpt3d.views import read_mask, read_rgb

HOLD = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", type=Path, nargs="+")
    parser.add_argument("--size", type=int, default=4096)
    parser.add_argument("--no-peer", action="store_true")
    options = parser.parse_args()
    for k, folder in enumerate(options.sets):
        with tempfile.TemporaryDirectory() as work:
            one(folder, options.size, not options.no_peer, Path(work), warm=k > 0)


def one(folder: Path, size: int, peer: bool, work: Path, warm: bool) -> None:
    names = sorted(p.name for p in (folder / "images").iterdir())
    (work / "images").mkdir()
    for i, name in enumerate(names):
        if i % HOLD:
            (work / "images" / name).symlink_to((folder / "images" / name).resolve())
    for side in (*((256,) if not warm else ()), size):
        before = spent()
        command = [
            *(sys.executable, "-m", "pipelines.cli", "texture", folder / "truth_mesh.ply", "--cameras"),
            *(folder / "truth_colmap", "--images", work / "images", "--masks", folder / "masks"),
            *("--size", str(side), "-o", work / "ours.glb", "--quiet"),
        ]  # fmt: skip
        subprocess.run([str(c) for c in command], check=True)
    cost = spent() - before
    names = sorted(p.name for p in (folder / "images").iterdir())
    undistort(folder / "truth_colmap", folder / "images", work / "flat", match_masks(folder / "masks", names))
    views = load_scene(work / "flat").views
    part = read_document(work / "ours.glb").parts[0]
    tell(folder.name, "ours", cost, part, views[::HOLD])
    if peer:
        start = time.process_time()
        picture = albedo(part, [v for i, v in enumerate(views) if i % HOLD], size)
        theirs = Part(part.vertices, part.faces, Material(texture=Texture(picture)), part.uv)
        tell(folder.name, "Open3D albedo on our charts", time.process_time() - start, theirs, views[::HOLD])


def spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def albedo(part: Part, views: list[View], size: int) -> Any:
    """Open3D's `project_images_to_albedo`; its v runs upwards."""
    assert part.uv is not None
    mesh = o3d.t.geometry.TriangleMesh(
        o3d.core.Tensor(np.ascontiguousarray(part.vertices)), o3d.core.Tensor(part.faces.astype(np.int64))
    )
    uv = np.ascontiguousarray((part.uv * [1, -1] + [0, 1])[part.faces], np.float32)
    mesh.triangle.texture_uvs = o3d.core.Tensor(uv)
    photos = [
        o3d.t.geometry.Image(np.ascontiguousarray(read_rgb(v, v.camera.height, v.camera.width)))
        for v in views
    ]
    lenses = [o3d.core.Tensor(v.camera.matrix()) for v in views]
    poses = [o3d.core.Tensor(v.cam_from_world.matrix()) for v in views]
    return mesh.project_images_to_albedo(photos, lenses, poses, size, False).as_tensor().numpy()[..., :3]


def tell(name: str, who: str, cost: float, part: Part, held: tuple[View, ...]) -> None:
    rows = np.array([score(part, v) for v in held])
    psnr, ssim, apart, seam = np.median(rows, 0)
    print(
        f"{name:12} {who:28} PSNR {psnr:.2f} (worst {rows[:, 0].min():.2f})  SSIM {ssim:.3f}  dE2000 {apart:.2f}  "
        f"seam ratio {seam:.2f}  {cost:.1f} core-s",
        flush=True,
    )


def score(part: Part, view: View) -> tuple[float, float, float, float]:
    """PSNR, SSIM, median delta E, and how much larger errors' steps are across charts' borders than elsewhere."""
    assert part.uv is not None and part.material.texture is not None
    c = view.camera
    x, y = np.meshgrid((np.arange(c.width) + 0.5 - c.cx) / c.fx, (np.arange(c.height) + 0.5 - c.cy) / c.fy)
    rays = np.stack([x, y, np.ones_like(x)], -1).reshape(-1, 3) @ view.cam_from_world.rotation
    scene = o3d.t.geometry.RaycastingScene()
    scene.add_triangles(
        o3d.core.Tensor(np.ascontiguousarray(part.vertices)), o3d.core.Tensor(part.faces.astype(np.uint32))
    )
    start = np.broadcast_to(view.cam_from_world.source_origin, rays.shape)
    hit = scene.cast_rays(o3d.core.Tensor(np.concatenate([start, rays], 1).astype(np.float32)))
    depth = hit["t_hit"].numpy().reshape(c.height, c.width)
    photo = read_rgb(view, c.height, c.width).astype(np.float32) / 255
    inside = np.isfinite(depth) & read_mask(view, c.height, c.width)
    inside = cv2.erode(inside.astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool)
    inside &= (photo.max(2) < 0.99) & (photo.min(2) > 0.01)
    face = hit["primitive_ids"].numpy().reshape(depth.shape)
    w = hit["primitive_uvs"].numpy().reshape(*depth.shape, 2)[inside]
    weights = np.concatenate([1 - w.sum(1, keepdims=True), w], 1)
    uv = (part.uv[part.faces[face[inside]]] * weights[..., None]).sum(1)
    light = sample_texture(part.material.texture.pixels, uv)
    true = from_srgb(photo[inside])
    drawn = photo.copy()
    drawn[inside] = to_srgb(light * np.median(true / np.maximum(light, 1e-3), 0))
    psnr = -10 * np.log10(float(((drawn - photo)[inside] ** 2).mean()))
    apart = delta_e(lab(from_srgb(drawn[inside])), lab(true))
    seam = seams(drawn - photo, inside, depth, face, chart_of(part))
    return psnr, float(ssim(drawn, photo)[inside].mean()), float(np.median(apart)), seam


def chart_of(part: Part) -> np.ndarray:
    assert part.uv is not None
    flat = np.concatenate([part.uv, np.zeros((len(part.uv), 1))], 1).astype(np.float32)
    return connected(np.zeros(len(part.faces), np.int32), neighbours(flat, part.faces)[0])


def seams(
    error: np.ndarray, inside: np.ndarray, depth: np.ndarray, face: np.ndarray, chart: np.ndarray
) -> float:
    grey, label = error.mean(2), np.where(inside, chart[np.where(inside, face, 0)], -1)
    across, elsewhere = [], []
    for one, two in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        near = inside[one] & inside[two]
        near[near] = np.abs(depth[one][near] - depth[two][near]) < 0.01 * depth[one][near]
        step, border = np.abs(grey[one] - grey[two]), label[one] != label[two]
        across.append(step[near & border])
        elsewhere.append(step[near & ~border])
    a, b = np.concatenate(across), np.concatenate(elsewhere)
    return float(a.mean() / max(b.mean(), 1e-9)) if len(a) > 50 else float("nan")


def ssim(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(H, W), windows of 7, mean over the channels; Wang et al. 2004."""

    def mean(p: np.ndarray) -> np.ndarray:
        return cv2.blur(p, (7, 7))

    ma, mb = mean(a), mean(b)
    va, vb, both = mean(a * a) - ma**2, mean(b * b) - mb**2, mean(a * b) - ma * mb
    return np.asarray(
        ((2 * ma * mb + 1e-4) * (2 * both + 9e-4) / ((ma**2 + mb**2 + 1e-4) * (va + vb + 9e-4))).mean(2)
    )


if __name__ == "__main__":
    main()
