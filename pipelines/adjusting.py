"""Scale for a finished project from known lengths: the bundle again with bars, without stereo again."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipelines.console import Console
from pipelines.parallel import run_each
from pipelines.photogrammetry import Project
from pipelines.placing import Up
from pipelines.settings import How, load_preset
from pipelines.source import title_of
from pipelines.steps import Run
from pipelines.surveying import survey_facts, survey_step
from pipelines.workspace import Step, Workspace
from sculpt3d.errors import InputError
from sculpt3d.geometry import Sim3, umeyama
from sculpt3d.metric.tables import Known
from sculpt3d.types import Spacing

_BEFORE = (
    "photos",
    "cameras",
    "refine",
    "survey",
    "undistort",
    "object",
    "depth",
    "fusion",
    "surface",
    "texture",
)
STAGES = ("survey", "place", "model", "report")


def adjust(
    project: Path, known: Known, how: How | None = None, console: Console | None = None,
    point_spacing: Spacing | None = None, up: Up = "auto",
) -> Project:  # fmt: skip
    """Give `project` the scale of what is known; its shape stays as it was made, its figures say how far that bears it out."""
    how, console = how or How(), console or Console("quiet")
    if not (project / "mesh.ply").is_file():
        raise InputError(
            f"{project} is no finished project; run sculpt3d reconstruct PHOTOS -o {project} first"
        )
    ws = Workspace(project, console)
    console.plan(STAGES)
    done = {name: step for name in _BEFORE if (step := ws.kept(name)) is not None}
    missing = [name for name in _BEFORE if name not in done and name != "survey"]
    if missing:
        raise InputError(
            f"{project}/work no longer holds the step {missing[0]}; run sculpt3d reconstruct with --scale-bars instead"
        )
    base = done.get("survey", done["refine"])
    surveyed = survey_step(ws, done["photos"], done["refine"], known, run_each(how.workers), only_scale=True)
    run = Run(ws, load_preset("standard"), how, None, True, point_spacing, up)
    placed = run.place(
        done["photos"],
        base,
        done["undistort"],
        done["fusion"],
        done["surface"],
        surveyed,
        survey_from_base(base, surveyed),
    )
    name = title_of(project)
    model = run.model(done["photos"], done["texture"], placed, name)
    before = [done[n] for n in ("photos", "cameras", "refine", "undistort", "object", "depth", "fusion")]
    report = run.report(name, surveyed, *before, placed, done["texture"], model)
    ws.prune()
    for length in survey_facts(surveyed)["lengths"]:
        off = length["found_mm"] - length["known_mm"]
        console.say(
            f"{length['name']} ({length['use']}): {length['known_mm']:.3f} mm, in the model {off:+.3f} mm"
        )
    return Project(project, report)


def survey_from_base(base: Step, surveyed: Step) -> Sim3:
    """From where both have the photos: the project's cameras into the survey's frame."""
    from sculpt3d.models.colmap import camera_poses

    mine, true = (camera_poses(step.path / "sparse") for step in (base, surveyed))
    names = sorted(mine.keys() & true.keys())
    here, there = (np.array([poses[n].source_origin for n in names]) for poses in (mine, true))
    return umeyama(here, there)
