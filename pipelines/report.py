"""What came out and how good it is: report.json for programs, report.html (one file, pictures inside) for people."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial import cKDTree

from pipelines.artifacts import load_control, load_place, scene_of, uncertainty_of
from pipelines.dense import how_found
from pipelines.fronts import relief_facts
from pipelines.network_words import lens_pictures, network_facts
from pipelines.page import Contents, page
from pipelines.surveying import scale_sigma, survey_facts
from pipelines.workspace import Step, Workspace
from sculpt3d.files import put, write_atomic
from sculpt3d.models.ply import read_cloud, read_mesh
from sculpt3d.progress import Progress
from sculpt3d.types import F32, U8, Mesh, PointCloud, Scene

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
OUTPUTS = ("model.glb", "mesh.ply", "cloud.ply", "cameras", "report.html", "report.json")


def build_report(out: Path, checked: Step, cameras: Step, refined: Step, flat: Step, found: Step, depth: Step,
                 placed: Step, texture: Step, name: str, stages: Sequence[Step], tell: Progress,
                 surveyed: Step | None = None) -> None:  # fmt: skip
    """`out/facts.json` and `out/report.html`."""
    from sculpt3d.align import move_scene
    from sculpt3d.metric.quality import network_quality
    from sculpt3d.models.colmap import read_model
    from sculpt3d.photos.check import load_photo_set
    from sculpt3d.sfm.refine import load_refine
    from sculpt3d.sfm.result import load_sfm
    from sculpt3d.surface.fills import open_loops
    from sculpt3d.surface.topology import describe

    photos, sfm = load_photo_set(checked.path), load_sfm(cameras.path)
    better = load_refine(refined.path)
    where = load_place(placed.path)
    scene = move_scene(scene_of(flat), where)
    mesh, cloud = read_mesh(placed.path / "mesh.ply"), read_cloud(placed.path / "cloud.ply")
    agreeing = agreeing_views(mesh, cloud)
    relief = relief_facts(scene, mesh, agreeing) if where.relief else None
    size = where.size or np.ptp(mesh.vertices, axis=0)
    quality = network_quality(read_model((surveyed or refined).path / "sparse"))
    tell(1, 6)
    facts = {
        "photos": _photo_facts(photos, sfm, better.dropped),
        "cameras": {
            "mean_reprojection_error_px": _r(sfm.mean_reprojection_error_px),
            "mean_track_length": _r(sfm.mean_track_length),
            "tie_points": sfm.points,
            "attempts": list(sfm.attempts),
            "turntable": sfm.still_share > 0,
            "still_share": _r(sfm.still_share),
            "lenses": [dict(lens) for lens in sfm.cameras],
            "told_apart": list(sfm.sentences()),
            **_refine_facts(better),
            "largest_gap_deg": None if relief else _r(largest_gap_deg(scene, mesh)),
        },
        "relief": relief,
        "network": network_facts(quality, {p.name: Path(p.source).name for p in photos.photos}),
        "scale": {"metric": where.metric, "source": where.source},
        "survey": None if surveyed is None else survey_facts(surveyed) | load_control(placed.path),
        "gsd_mm": _r(1000 * ground_sample_distance(scene, mesh)) if where.metric else None,
        "dense": _dense_facts(found, depth, cloud, where.metric),
        "mesh": _plain(vars(describe(mesh)))
        | {"open_borders": open_loops(mesh)}
        | {"size_mm": [_r(1000 * float(v)) for v in size] if where.metric else None},
        "filled": filled_facts(mesh, where.metric),
        "evidence": evidence_facts(mesh, agreeing),
        "uncertainty": uncertainty_facts(*uncertainty_of(placed.path), scale_sigma(surveyed)),
        "texture": _texture_facts(texture),
        "versions": versions(),
    }
    tell(2, 6)
    pictures = make_pictures(mesh, agreeing, cloud, tell)
    write_atomic(out / "facts.json", json.dumps(facts).encode())
    depths = depth_pictures(scene_of(flat), depth)
    text = page(
        Contents(name, facts, pictures, depths, scene, mesh.vertices, stages, lens_pictures(quality))
    )
    write_atomic(out / "report.html", text.encode("utf-8", "replace"))  # a file's name may be no text


def hand_out(ws: Workspace, step: Step, placed: Step, model: Step) -> Mapping[str, Any]:
    """Copy the results to the project's top folder and write report.json there."""
    project = ws.project
    for source in (
        model.path / "model.glb",
        placed.path / "mesh.ply",
        placed.path / "cloud.ply",
        step.path / "report.html",
    ):
        _copy(source, project / source.name)
    (project / "cameras").mkdir(exist_ok=True)
    for source in sorted((placed.path / "cameras").iterdir()):
        _copy(source, project / "cameras" / source.name)
    facts: dict[str, Any] = json.loads((step.path / "facts.json").read_text("utf-8"))
    facts["stages"] = [step.facts() for step in ws.steps]
    facts["outputs"] = {Path(name).name: name for name in OUTPUTS}
    write_atomic(project / "report.json", json.dumps(facts, indent=1).encode())
    return facts


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


def agreeing_views(mesh: Mesh, cloud: PointCloud) -> NDArray[np.float64]:
    """(V,) how many photos agree on the surface near each vertex: mean of the six nearest points; 0 where filled in."""
    near = cKDTree(cloud.xyz).query(mesh.vertices, k=6, workers=1)[1]
    found = cloud.views[np.minimum(near, len(cloud.xyz) - 1)].mean(1)
    return np.asarray(found if mesh.filled is None else np.where(mesh.filled, 0.0, found))


def depth_pictures(scene: Scene, depth: Step) -> dict[str, U8]:
    """The depth maps of four photos spread over the set, by the photos' names."""
    from sculpt3d.mvs.fusion import FusionParams, confident
    from sculpt3d.mvs.maps import DepthFolder
    from sculpt3d.preview import depth_picture

    maps, views = DepthFolder(depth.path, scene), scene.views
    some = views[len(views) // 8 :: max(1, len(views) // 4)][:4]
    params = FusionParams()
    return {v.name: depth_picture(confident(maps[v.name], v, params)) for v in some}


def make_pictures(
    mesh: Mesh, agreeing: NDArray[np.float64], cloud: PointCloud, tell: Progress
) -> dict[str, list[U8]]:
    """Four sides in colour, as clay, coloured by how many photos agree on the surface, and of the cloud."""
    from sculpt3d.preview import cloud_turntable, heat, turntables

    evidence = heat(agreeing, 2, 10)
    evidence[agreeing == 0] = (90, 90, 90)
    around = turntables(mesh, (mesh.rgb, None, evidence))
    tell(5, 6)
    return dict(zip(("colour", "clay", "evidence"), around, strict=True)) | {"cloud": cloud_turntable(cloud)}


def uncertainty_facts(column: str, sigma: F32, scale: float | None) -> dict[str, Any]:
    """One standard deviation of a vertex along its normal, half of the surface and 95 % of it; the scale's own beside it."""
    known = sigma[sigma >= 0]
    unit = "mm" if column.endswith("_mm") else "unit"
    half, most = np.quantile(known, (0.5, 0.95)) if len(known) else (None, None)
    return {
        f"median_{unit}": None if half is None else _r(float(half)),
        f"most_{unit}": None if most is None else _r(float(most)),
        "without_evidence_share": _r(1 - len(known) / max(len(sigma), 1)),
        "scale_sigma": scale,
    }


def evidence_facts(mesh: Mesh, agreeing: NDArray[np.float64]) -> dict[str, Any]:
    """The share of the surface that fewer than four photos agree on, and which way most of it faces."""
    from sculpt3d.surface.topology import face_areas, vertex_normals

    normal, third = vertex_normals(mesh.vertices, mesh.faces), face_areas(mesh.vertices, mesh.faces) / 3
    area = np.bincount(mesh.faces.ravel(), np.repeat(third, 3), len(mesh.vertices))
    weak = np.bincount(sides(normal), area * (agreeing < 4), len(SIDES))
    return {
        "weak_share": _r(float(weak.sum() / max(area.sum(), 1e-12))),
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
            "height_share": _r((float(p.centre[1]) - base) / height),
            "width_share": _r(p.width / size),
            "width_mm": _r(1000 * p.width) if metric else None,
        }
        for p in patches[:MOST_PATCHES]
    ]
    return {"patches": len(patches), "largest": rows}


def _photo_facts(photos: Any, sfm: Any, dropped: tuple[str, ...]) -> dict[str, Any]:
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


def _refine_facts(refined: Any) -> dict[str, Any]:
    """How far dense tracks that took no part miss the cameras; None where the cameras were good without them."""
    before, after = (refined.misfit_px[0], refined.misfit_px[-1]) if refined.misfit_px else (None, None)
    return {
        "weakness_px": _r(refined.weakness_px),
        "dense_tracks": refined.tracks,
        "dense_misfit_before_px": None if before is None else _r(before),
        "dense_misfit_px": None if after is None else _r(after),
    }


def _dense_facts(found: Step, depth: Step, cloud: PointCloud, metric: bool) -> dict[str, Any]:
    made = json.loads((depth.path / "depth.json").read_text("utf-8"))
    return {
        "points": len(cloud.xyz),
        "views": made["views"],
        "megapixels": _r(made["megapixels"]),
        "core_seconds": depth.core_seconds,
        "region": how_found(found),
        "mean_agreeing_views": _r(float(cloud.views.mean())),
        "median_error_estimate_mm": _r(1000 * float(np.median(cloud.error))) if metric else None,
    }


def _texture_facts(texture: Step) -> dict[str, Any]:
    facts = json.loads((texture.path / "facts.json").read_text("utf-8"))
    facts.pop("gains")
    with (
        np.load(texture.path / "charts.npz", allow_pickle=False) as a,
        Image.open(texture.path / "texture.png") as p,
    ):
        return {
            "size": p.width,
            **{k: v if isinstance(v, int) else _r(float(v)) for k, v in facts.items()},
            "triangles": len(a["faces"]),
        }


def _copy(source: Path, target: Path) -> None:
    """Whole or not at all; nothing where the same file is there already."""
    if target.exists():
        a, b = source.stat(), target.stat()
        if (a.st_size, a.st_mtime_ns) == (b.st_size, b.st_mtime_ns):
            return
    temporary = target.with_name(f".{target.name}.part")
    shutil.copy2(source, temporary)
    put(temporary, target)


def _r(value: float) -> float:
    return float(f"{value:.5g}")


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _r(v) if isinstance(v, float) else v for k, v in values.items()}
