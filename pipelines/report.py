"""What came out and how good it is: report.json for programs, report.html (one file, pictures inside) for people."""

from __future__ import annotations

import base64
import html
import io
import json
import platform
import shutil
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.spatial import cKDTree

from pipelines.artifacts import load_place, scene_of
from pipelines.dense import how_found
from pipelines.workspace import Step, Workspace
from sculpt3d.io.ply import read_cloud, read_mesh, write_atomic
from sculpt3d.progress import Progress
from sculpt3d.types import U8, Mesh, PointCloud, Scene

PACKAGES = (
    "sculpt3d",
    "numpy",
    "pycolmap",
    "open3d-cpu",
    "open3d",
    "numba",
    "xatlas",
    "pygltflib",
    "opencv-python-headless",
)
OUTPUTS = ("model.glb", "mesh.ply", "cloud.ply", "cameras", "report.html", "report.json")


def build_report(out: Path, checked: Step, cameras: Step, refined: Step, flat: Step, found: Step, depth: Step,
                 placed: Step, texture: Step, model: Step, tell: Progress) -> None:  # fmt: skip
    """`out/facts.json` and `out/report.html`."""
    from sculpt3d.align import move_scene
    from sculpt3d.photos import load_photo_set
    from sculpt3d.sfm.cameras import load_sfm
    from sculpt3d.sfm.refine import load_refine
    from sculpt3d.surface.topology import describe

    photos, sfm = load_photo_set(checked.path), load_sfm(cameras.path)
    better = load_refine(refined.path)
    where = load_place(placed.path)
    scene = move_scene(scene_of(flat), where)
    mesh, cloud = read_mesh(placed.path / "mesh.ply"), read_cloud(placed.path / "cloud.ply")
    tell(1, 6)
    facts = {
        "photos": _photo_facts(photos, sfm, better.dropped),
        "cameras": {
            "mean_reprojection_error_px": _r(sfm.mean_reprojection_error_px),
            "mean_track_length": _r(sfm.mean_track_length),
            "tie_points": sfm.points,
            "attempts": list(sfm.attempts),
            **_refine_facts(better),
            "largest_gap_deg": _r(largest_gap_deg(scene, mesh)),
        },
        "scale": {"metric": where.metric, "source": where.source},
        "gsd_mm": _r(1000 * ground_sample_distance(scene, mesh)) if where.metric else None,
        "dense": _dense_facts(found, depth, cloud, where.metric),
        "mesh": _plain(vars(describe(mesh)))
        | {"size_mm": [_r(1000 * float(v)) for v in np.ptp(mesh.vertices, axis=0)] if where.metric else None},
        "texture": _texture_facts(texture),
        "versions": versions(),
    }
    tell(2, 6)
    pictures = make_pictures(mesh, cloud, tell)
    write_atomic(out / "facts.json", json.dumps(facts).encode())
    write_atomic(out / "report.html", page(facts, pictures, scene, mesh, photos.photos).encode())


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
    facts: dict[str, Any] = json.loads((step.path / "facts.json").read_text())
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


def make_pictures(mesh: Mesh, cloud: PointCloud, tell: Progress) -> dict[str, list[U8]]:
    """Four sides in colour, as clay, and coloured by how many photos agree on the surface."""
    from sculpt3d.preview import heat, turntable

    near = cKDTree(cloud.xyz).query(mesh.vertices, workers=1)[1]
    agreeing = heat(cloud.views[near].astype(float), 2, 10)
    if mesh.filled is not None:
        agreeing[mesh.filled] = (90, 90, 90)
    pictures = {}
    for number, (name, colour) in enumerate((("colour", mesh.rgb), ("clay", None), ("evidence", agreeing))):
        pictures[name] = turntable(mesh, colour)
        tell(3 + number, 6)
    return pictures


def page(
    facts: Mapping[str, Any], pictures: Mapping[str, list[U8]], scene: Scene, mesh: Mesh, photos: Any
) -> str:
    template = (Path(__file__).parent / "report.html").read_text(encoding="utf-8")
    captions = {
        "colour": "The model",
        "clay": "Its shape",
        "evidence": "How many photos agree: red 3, yellow 5, blue 10 or more, grey = filled in. Shoot more where it is red.",
    }
    rows = "".join(
        f"<h2>{captions[k]}</h2><div class=row>{''.join(_img(p) for p in v)}</div>"
        for k, v in pictures.items()
    )
    rejected = "".join(
        f"<li>{html.escape(r['name'])}: {html.escape(r['reason'])}</li>" for r in facts["photos"]["rejected"]
    )
    values = {
        "ADVICE": advice(facts),
        "PICTURES": rows,
        "PLAN": plan_svg(scene, mesh),
        "TABLE": _table(facts),
        "REJECTED": f"<h2>Photos left out</h2><ul>{rejected}</ul>" if rejected else "",
    }
    for key, value in values.items():
        template = template.replace("{{" + key + "}}", value)
    return template


def advice(facts: Mapping[str, Any]) -> str:
    """One paragraph: how good it is and what would make it better; only from measured figures."""
    p, c = facts["photos"], facts["cameras"]
    lines = [
        f"{p['registered']} of {p['given']} photos were placed, to {c['mean_reprojection_error_px']:.2f} pixels."
    ]
    if c["dense_misfit_px"] is not None:
        lines.append(
            f"The tie points were weak, so {c['dense_tracks']} dense matches refined the cameras: others, held back, now fit "
            f"to {c['dense_misfit_px']:.2f} pixels, {c['dense_misfit_before_px']:.2f} before."
        )
    if c["largest_gap_deg"] > 60:
        lines.append(
            f"No photo was taken over {c['largest_gap_deg']:.0f} degrees around the object (see the plan): shoot there."
        )
    if facts["mesh"]["filled_share"] > 0.001:
        lines.append(f"{facts['mesh']['filled_share']:.1%} of the surface was filled in without evidence.")
    if facts["texture"]["unseen_share"] > 0.01:
        lines.append(
            f"{facts['texture']['unseen_share']:.0%} of the texture is seen by no photo and takes its neighbours' colour."
        )
    if not facts["scale"]["metric"]:
        lines.append(
            "There is no scale: lengths have no unit. Give --object-height, in millimetres, to get one."
        )
    return " ".join(lines)


def plan_svg(scene: Scene, mesh: Mesh) -> str:
    """Cameras from above, around the object's outline."""
    c = np.array([v.cam_from_world.source_origin for v in scene.views])[:, [0, 2]]
    low, high = mesh.vertices.min(0)[[0, 2]], mesh.vertices.max(0)[[0, 2]]
    middle = (low + high) / 2
    reach = float(np.abs(np.r_[c, [low, high]] - middle).max()) * 1.1 or 1.0
    at = (c - middle) / reach * 150 + 160
    size, corner = (high - low) / reach * 150, (low - middle) / reach * 150 + 160
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for x, y in at)
    return (
        f'<svg viewBox="0 0 320 320" width="320" role="img" aria-label="Camera positions from above">'
        f'<rect x="{corner[0]:.1f}" y="{corner[1]:.1f}" width="{size[0]:.1f}" height="{size[1]:.1f}"/>{dots}</svg>'
    )


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
    made = json.loads((depth.path / "depth.json").read_text())
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
    with (
        np.load(texture.path / "charts.npz", allow_pickle=False) as a,
        Image.open(texture.path / "texture.png") as p,
    ):
        charts, use, unseen = a["facts"]
        return {
            "size": p.width,
            "charts": int(charts),
            "atlas_use": _r(float(use)),
            "unseen_share": _r(float(unseen)),
            "triangles": len(a["faces"]),
        }


def _table(facts: Mapping[str, Any]) -> str:
    rows = []
    for group in ("photos", "cameras", "scale", "dense", "mesh", "texture"):
        for key, value in facts[group].items():
            if key not in {"rejected"}:
                rows.append(
                    f"<tr><th>{group} {key.replace('_', ' ')}</th><td>{html.escape(_text(value))}</td></tr>"
                )
    return "".join(rows)


def _text(value: Any) -> str:
    if value is None:
        return "not measured"
    if isinstance(value, list):
        return ", ".join(_text(v) for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _img(picture: U8) -> str:
    data = io.BytesIO()
    Image.fromarray(picture).save(data, "JPEG", quality=85)
    return f'<img src="data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode()}" alt="">'


def _copy(source: Path, target: Path) -> None:
    """Whole or not at all; nothing where the same file is there already."""
    if target.exists():
        a, b = source.stat(), target.stat()
        if (a.st_size, a.st_mtime_ns) == (b.st_size, b.st_mtime_ns):
            return
    temporary = target.with_name(f".{target.name}.part")
    shutil.copy2(source, temporary)
    temporary.replace(target)


def _r(value: float) -> float:
    return float(f"{value:.5g}")


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _r(v) if isinstance(v, float) else v for k, v in values.items()}
