"""The report's figures, each measured in that run or none."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.dense import how_found
from pipelines.workspace import Step
from sculpt3d.types import F32, Mesh, PointCloud, Scene

PACKAGES = (
    "sculpt3d",
    "numpy",
    "pycolmap",
    "open3d-cpu",
    "open3d",
    "numba",
    "pygltflib",
    "opencv-python-headless",
)
SIDES = ("upwards", "downwards", *(f"{a}\u00b0" for a in range(0, 360, 45)))
MOST_PATCHES = 20  # listed one by one; all are counted


def largest_gap_deg(scene: Scene, mesh: Mesh) -> float:
    """The widest angle around the object, seen from above, in which no photo was taken."""
    centre = (mesh.vertices.min(0) + mesh.vertices.max(0)) / 2
    c = np.array([v.cam_from_world.source_origin for v in scene.views]) - centre
    a = np.sort(np.degrees(np.arctan2(c[:, 0], c[:, 2])))
    return float(np.max(np.diff(np.r_[a, a[0] + 360])))


def ground_sample_distance(scene: Scene, mesh: Mesh) -> float:
    """Median size of a pixel on the object, in the scene's unit."""
    centre = (mesh.vertices.min(0) + mesh.vertices.max(0)) / 2
    return float(np.median([v.cam_from_world.apply(centre)[2] / v.camera.fx for v in scene.views]))


def versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def uncertainty_facts(column: str, sigma: F32, scale: float | None) -> dict[str, Any]:
    """One standard deviation of a vertex along its normal, half of the surface and 95 % of it; the scale's own beside it."""
    known = sigma[sigma >= 0]
    unit = "mm" if column.endswith("_mm") else "unit"
    half, most = np.quantile(known, (0.5, 0.95)) if len(known) else (None, None)
    return {
        f"median_{unit}": None if half is None else rounded(float(half)),
        f"most_{unit}": None if most is None else rounded(float(most)),
        "without_evidence_share": rounded(1 - len(known) / max(len(sigma), 1)),
        "scale_sigma": scale,
    }


def evidence_facts(mesh: Mesh, agreeing: NDArray[np.float64]) -> dict[str, Any]:
    """The share of the surface that fewer than four photos agree on, and which way most of it faces."""
    from sculpt3d.surface.topology import face_areas, vertex_normals

    normal, third = vertex_normals(mesh.vertices, mesh.faces), face_areas(mesh.vertices, mesh.faces) / 3
    area = np.bincount(mesh.faces.ravel(), np.repeat(third, 3), len(mesh.vertices))
    weak = np.bincount(sides(normal), area * (agreeing < 4), len(SIDES))
    return {
        "weak_share": rounded(float(weak.sum() / max(area.sum(), 1e-12))),
        "weakest_side": SIDES[int(weak.argmax())],
    }


def sides(normal: NDArray[Any]) -> NDArray[np.int64]:
    """(N, 3) in world -> (N,) which of SIDES it faces."""
    angle = np.degrees(np.arctan2(normal[:, 0], normal[:, 2])) % 360
    around = 2 + ((angle + 22.5) // 45).astype(np.int64) % 8
    return np.where(np.abs(normal[:, 1]) > 0.7, (normal[:, 1] < 0).astype(np.int64), around)


def filled_facts(mesh: Mesh, metric: bool) -> dict[str, Any]:
    """Every hole that was closed without evidence, the widest first: which way it faces, how high, how wide."""
    from sculpt3d.surface.fills import filled_patches

    base, height = float(mesh.vertices[:, 1].min()), float(np.ptp(mesh.vertices[:, 1])) or 1.0
    size = float(np.ptp(mesh.vertices, axis=0).max()) or 1.0
    patches = filled_patches(mesh)
    rows = [
        {
            "side": SIDES[int(sides(p.normal[None])[0])],
            "height_share": rounded((float(p.centre[1]) - base) / height),
            "width_share": rounded(p.width / size),
            "width_mm": rounded(1000 * p.width) if metric else None,
        }
        for p in patches[:MOST_PATCHES]
    ]
    return {"patches": len(patches), "largest": rows}


def photo_facts(photos: Any, sfm: Any, dropped: tuple[str, ...]) -> dict[str, Any]:
    source = {p.name: p.source for p in photos.photos}
    rejected = [{"name": r.name, "reason": r.reason} for r in photos.rejected]
    rejected += [
        {"name": source[n], "reason": "could not be placed: too little overlap with the others or no texture"}
        for n in sfm.missing
    ]
    rejected += [
        {"name": source[n], "reason": "was placed where no other photo sees the same surface"}
        for n in dropped
    ]
    return {
        "given": len(photos.photos) + len(photos.rejected),
        "used": len(photos.photos),
        "registered": len(sfm.registered) - len(dropped),
        "rejected": rejected,
    }


def refine_facts(refined: Any) -> dict[str, Any]:
    """How far dense tracks that took no part miss the cameras; None where the cameras were good without them."""
    before, after = (refined.misfit_px[0], refined.misfit_px[-1]) if refined.misfit_px else (None, None)
    return {
        "weakness_px": rounded(refined.weakness_px),
        "dense_tracks": refined.tracks,
        "dense_misfit_before_px": None if before is None else rounded(before),
        "dense_misfit_px": None if after is None else rounded(after),
    }


def dense_facts(found: Step, depth: Step, cloud: PointCloud, metric: bool) -> dict[str, Any]:
    made = json.loads((depth.path / "depth.json").read_text("utf-8"))
    return {
        "points": len(cloud.xyz),
        "views": made["views"],
        "megapixels": rounded(made["megapixels"]),
        "core_seconds": depth.core_seconds,
        "region": how_found(found),
        "mean_agreeing_views": rounded(float(cloud.views.mean())),
        "median_error_estimate_mm": rounded(1000 * float(np.median(cloud.error))) if metric else None,
    }


def texture_facts(texture: Step) -> dict[str, Any]:
    facts = json.loads((texture.path / "facts.json").read_text("utf-8"))
    facts.pop("gains")
    with (
        np.load(texture.path / "charts.npz", allow_pickle=False) as a,
        Image.open(texture.path / "texture.png") as p,
    ):
        return {
            "size": p.width,
            **{k: v if isinstance(v, int) else rounded(float(v)) for k, v in facts.items()},
            "triangles": len(a["faces"]),
        }


def rounded(value: float) -> float:
    return float(f"{value:.5g}")


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: rounded(v) if isinstance(v, float) else v for k, v in values.items()}
