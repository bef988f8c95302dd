"""Arguments of `plan`, and what its `--help` teaches."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pipelines.argument_values import positive
from pipelines.console import Console
from pipelines.shared_options import how, invert_option

Commands = Any  # argparse's own class has no public name


def add_plan(commands: Commands) -> None:
    plan = commands.add_parser(
        "plan",
        help="after the cameras: how good it will get, and where to shoot more",
        description="From cameras and tie points alone, in seconds and before dense stereo: how many photos see each part of the "
        "object, at which angles, the sigma to expect (mm with a scale, else pixels on the object), holes and weak parts, and "
        "places to shoot from. Writes plan.html, plan.png and plan.json. Of a folder of photos the cameras are made first, "
        "in the project that `reconstruct` then goes on from.",
        epilog="Examples: sculpt3d plan photos/   (while you are still there: shoot what it asks for, plan again)   |   "
        "sculpt3d plan photos/ -o buddha --object-height 420   |   sculpt3d plan buddha   |   sculpt3d plan colmap_project/. "
        "Azimuths are those of plan.png and of the report: 0\u00b0 is +Z (a relief's front), 90\u00b0 is +X, to the right of it.",
    )
    plan.add_argument(
        "source",
        type=Path,
        metavar="PHOTOS_OR_PROJECT",
        help="folder of photos, project folder, or COLMAP folder",
    )
    plan.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="DIR",
        help="the project to begin (default: PHOTOS-sculpt3d), or of a COLMAP model the folder for the plan (COLMAP_DIR-plan)",
    )
    plan.add_argument(
        "--preset",
        default="standard",
        choices=["draft", "standard", "museum"],
        help="that `reconstruct` will use, so that it can go on from these cameras (%(default)s)",
    )
    plan.add_argument(
        "--images", type=Path, metavar="DIR", help="photos of a COLMAP model, for how they were held (COLMAP_DIR/images)"
    )
    plan.add_argument("--masks", type=Path, metavar="DIR", help="folder of masks, as for reconstruct")
    invert_option(plan)
    plan.add_argument(
        "--object-height", type=positive, metavar="MM", help="the object's height; sigmas are in mm then"
    )
    how(plan, view=False)
    plan.set_defaults(command=run_plan)


def run_plan(options: argparse.Namespace) -> int:
    from pipelines.planning import plan, summary
    from pipelines.settings import How, load_preset

    console = Console("quiet" if options.quiet else "json" if options.json else None)
    folder, facts = plan(
        options.source,
        options.output,
        load_preset(options.preset),
        options.masks,
        options.object_height,
        How(options.workers, options.memory),
        console,
        options.invert_masks,
        options.images,
    )
    console.say(summary(facts, folder))
    return 0
