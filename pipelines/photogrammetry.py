"""From a folder of photos to a textured model; readable from top to bottom.

    photos -> cameras -> refine -> undistort -> object -> depth -> fusion -> surface -> place -> texture -> model -> report

All steps up to `surface` work in the sfm frame, which has no unit: their thresholds are pixels. `place` finds the world
frame (metres if something gives scale, +Y up, base at y = 0), and everything handed out is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.console import Console
from pipelines.opening import name_of, open_run
from pipelines.placing import Up
from pipelines.settings import How as How
from pipelines.settings import Preset as Preset
from pipelines.settings import load_preset as load_preset
from pipelines.surveying import survey_step
from sculpt3d.errors import InputError
from sculpt3d.metric.tables import Known
from sculpt3d.types import Spacing

STAGES = (
    "photos",
    "cameras",
    "refine",
    "survey",
    "undistort",
    "object",
    "depth",
    "fusion",
    "surface",
    "place",
    "texture",
    "model",
    "report",
)
@dataclass(frozen=True)
class Project:
    """What a run leaves behind."""

    folder: Path
    report: Mapping[str, Any]

    @property
    def model(self) -> Path:
        return self.folder / "model.glb"


def photogrammetry(
    photos: Path, project: Path, preset: Preset | None = None, masks: Path | None = None,
    object_height_mm: float | None = None, how: How | None = None, console: Console | None = None, fill: bool = True,
    point_spacing: Spacing | None = None, known: Known | None = None, invert_masks: bool | None = None, up: Up = "auto",
) -> Project:  # fmt: skip
    """Reconstruct the object in `photos` into the folder `project`; done steps are kept, a killed run goes on.

    `fill`: close small holes and mark them; else what no photo supports stays open. `point_spacing`: of cloud.ply; the
    surface is made from all points. In mm it needs a scale. `known`: distances between printed markers or clicked points, and
    control points, adjusted together with the cameras. `up`: by the photos' horizons (gravity), by control or markers on the
    table (targets), or by targets where they lie level.
    """
    known = known or Known()
    if known and object_height_mm is not None:
        raise InputError(
            "An object height and scale bars or control say the same thing twice; leave --object-height out"
        )
    if point_spacing is not None and point_spacing.unit == "mm" and object_height_mm is None and not known:
        raise InputError(
            "A point spacing in mm needs a scale; give --object-height or --scale-bars too, or a spacing like 2gsd"
        )
    surveys = bool(known) or up == "targets"
    run, given = open_run(photos, project, preset, masks, object_height_mm, how, console, fill, point_spacing, invert_masks, up)
    ws = run.ws
    ws.console.learn(project / "report.json")
    ws.console.plan([s for s in STAGES if surveys or s != "survey"])

    checked = run.photos(photos, given.masks, given.key, given.apart)
    cameras = run.cameras(checked)
    refined = run.refine(checked, cameras)
    surveyed = survey_step(ws, checked, refined, known, run.each) if surveys else None
    flat = run.undistort(checked, surveyed or refined)
    found = run.object(flat)
    depth = run.depth(flat, found)
    cloud = run.fusion(flat, found, depth)
    surface = run.surface(found, cloud)
    placed = run.place(checked, surveyed or refined, flat, cloud, surface, surveyed)
    texture = run.texture(flat, surface)
    model = run.model(checked, texture, placed, name_of(photos))
    report = run.report(
        name_of(photos), surveyed, checked, cameras, refined, flat, found, depth, cloud, placed, texture, model
    )
    ws.prune()
    return Project(project, report)
