"""What came out and how good it is: report.json for programs, report.html (one file, pictures inside) for people."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.artifacts import load_control, load_place, scene_of, uncertainty_of
from pipelines.fronts import relief_facts
from pipelines.network_words import lens_pictures, network_facts
from pipelines.page import Contents, page
from pipelines.report_facts import (
    dense_facts,
    evidence_facts,
    filled_facts,
    ground_sample_distance,
    largest_gap_deg,
    photo_facts,
    plain,
    refine_facts,
    rounded,
    texture_facts,
    uncertainty_facts,
    versions,
)
from pipelines.report_pictures import agreeing_views, depth_pictures, make_pictures
from pipelines.surveying import scale_sigma, survey_facts
from pipelines.workspace import Step, Workspace
from sculpt3d.files import put, write_atomic
from sculpt3d.models.ply import read_cloud, read_mesh
from sculpt3d.progress import Progress

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
        "photos": photo_facts(photos, sfm, better.dropped),
        "cameras": {
            "mean_reprojection_error_px": rounded(sfm.mean_reprojection_error_px),
            "mean_track_length": rounded(sfm.mean_track_length),
            "tie_points": sfm.points,
            "attempts": list(sfm.attempts),
            "turntable": sfm.still_share > 0,
            "still_share": rounded(sfm.still_share),
            "lenses": [dict(lens) for lens in sfm.cameras],
            "told_apart": list(sfm.sentences()),
            **refine_facts(better),
            "largest_gap_deg": None if relief else rounded(largest_gap_deg(scene, mesh)),
        },
        "relief": relief,
        "network": network_facts(quality, {p.name: Path(p.source).name for p in photos.photos}),
        "scale": {"metric": where.metric, "source": where.source},
        "survey": None if surveyed is None else survey_facts(surveyed) | load_control(placed.path),
        "gsd_mm": rounded(1000 * ground_sample_distance(scene, mesh)) if where.metric else None,
        "dense": dense_facts(found, depth, cloud, where.metric),
        "mesh": plain(vars(describe(mesh)))
        | {"open_borders": open_loops(mesh)}
        | {"size_mm": [rounded(1000 * float(v)) for v in size] if where.metric else None},
        "filled": filled_facts(mesh, where.metric),
        "evidence": evidence_facts(mesh, agreeing),
        "uncertainty": uncertainty_facts(*uncertainty_of(placed.path), scale_sigma(surveyed)),
        "texture": texture_facts(texture),
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


def _copy(source: Path, target: Path) -> None:
    """Whole or not at all; nothing where the same file is there already."""
    if target.exists():
        a, b = source.stat(), target.stat()
        if (a.st_size, a.st_mtime_ns) == (b.st_size, b.st_mtime_ns):
            return
    temporary = target.with_name(f".{target.name}.part")
    shutil.copy2(source, temporary)
    put(temporary, target)
