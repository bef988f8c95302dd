"""What each command of `sculpt3d` does; the work itself lies in the modules they call."""

from __future__ import annotations

import argparse
import shutil
import site
import sys
from collections.abc import Callable
from pathlib import Path

from pipelines.bar import table
from pipelines.console import Console
from sculpt3d.errors import InputError, SculptError

# In a checkout; as a wheel installs it, for this Python or for one user.
SAMPLES = [
    Path(__file__).parents[1] / "sample_data",
    *(Path(top) / "share" / "sculpt3d" / "sample_data" for top in (sys.prefix, site.getuserbase())),
]


def demo(options: argparse.Namespace) -> int:

    photos = next((s / "photos" for s in SAMPLES if (s / "photos").is_dir()), None)
    if photos is None:
        raise InputError(f"The sample photos are missing ({SAMPLES[1]}); install the package again")
    options.photos, options.preset, options.masks = photos, "draft", None
    options.object_height, options.point_spacing, options.no_fill = 420.0, None, False
    options.scale_bars, options.control, options.clicked, options.up, options.invert_masks = None, None, None, "auto", None
    return reconstruct(options)


def reconstruct(options: argparse.Namespace) -> int:
    from pipelines.photogrammetry import photogrammetry
    from pipelines.settings import How, load_preset
    from sculpt3d.metric.tables import read_known

    folder: Path = options.output or options.photos.resolve().with_name(
        f"{options.photos.resolve().name}-sculpt3d"
    )
    new = not folder.exists()
    console = _console(options)
    try:
        project = photogrammetry(
            options.photos,
            folder,
            load_preset(options.preset),
            options.masks,
            options.object_height,
            How(options.workers, options.memory),
            console,
            not options.no_fill,
            options.point_spacing,
            read_known(options.scale_bars, options.control, options.clicked),
            options.invert_masks,
            options.up,
        )
    except (SculptError, OSError) as error:
        worth_keeping = any((folder / "work").glob("cameras-*")) and not isinstance(error, InputError)
        if new and not worth_keeping:  # nothing half-written stays behind
            shutil.rmtree(folder, ignore_errors=True)
        raise
    console.say(summary(project.folder, project.report))
    if not options.no_view:
        _show(project.folder, console.say)
    return 0


def summary(folder: Path, report: object) -> str:
    from pipelines.page import advice

    assert isinstance(report, dict)
    return f"{' '.join(advice(report))}\nModel: {folder / 'model.glb'}\nReport: {folder / 'report.html'}"


def _show(project: Path, say: Callable[[str], None]) -> None:
    """The viewer where there is a screen, else a picture."""
    import importlib
    import subprocess

    command = [sys.executable, "-m", "viewer", str(project / "model.glb")]
    screen = importlib.import_module("viewer.drawing.window").has_screen()
    if screen and subprocess.run(command, check=False).returncode == 0:
        return
    picture = project / "model.png"
    subprocess.run([*command, "--screenshot", str(picture)], check=False)
    if picture.exists():
        say(
            f"Picture: {picture} (no screen here; `sculpt3d view {project}` opens the viewer where there is one)"
        )


def adjust(options: argparse.Namespace) -> int:
    from pipelines.adjusting import adjust
    from pipelines.settings import How
    from sculpt3d.metric.tables import read_known

    console = _console(options)
    how = How(options.workers, options.memory)
    known = read_known(options.scale_bars, options.control, options.clicked)
    if not known:
        raise InputError("Nothing to adjust by; give --scale-bars or --control")
    done = adjust(options.project, known, how, console, options.point_spacing, options.up)
    console.say(f"Scale: {done.report['scale']['source']}\nModel: {done.model}")
    return 0


def targets(options: argparse.Namespace) -> int:
    from sculpt3d.metric.sheets import Sheet, write_sheet

    family = {"aruco": "4x4_50", "apriltag": "apriltag_36h11", "ring": "ring_64"}[options.kind]
    sheet = Sheet(family, options.size_mm, options.first, options.count, options.bar_mm, options.mat_mm)
    placed = write_sheet(options.output, sheet)
    table = f" and {options.output.with_suffix('.csv')}" if options.bar_mm is not None else ""
    print(f"{options.output}{table}: {len(placed)} markers; print at 100 %, then check the ruler with a steel ruler")
    return 0


def densify(options: argparse.Namespace) -> int:
    from pipelines.densify import densify
    from pipelines.settings import How
    from sculpt3d.mvs.depth import DepthParams

    source: Path = options.workspace.resolve()
    out = options.output or source.with_name(f"{source.name}-dense")
    console, new = _console(options), not out.exists()
    try:
        report = densify(
            options.workspace,
            out,
            options.images,
            options.masks,
            How(options.workers, options.memory),
            console,
            options.everything,
            DepthParams(fast=options.fast),
            options.point_spacing,
            options.model,
            options.invert_masks,
        )
    except (SculptError, OSError):
        if new and not any((out / "work").glob("depth-*")):  # nothing half-written stays behind
            shutil.rmtree(out, ignore_errors=True)
        raise
    console.say(f"{report['dense']['points']} points: {out / 'cloud.ply'}")
    return 0


def texture(options: argparse.Namespace) -> int:
    from pipelines.settings import How
    from pipelines.texture import texture
    from sculpt3d.texture.bake import TextureParams

    console = _console(options)
    report = texture(
        options.mesh,
        options.cameras,
        options.output,
        options.images,
        options.masks,
        TextureParams(options.size, options.delight),
        How(options.workers, options.memory),
        console,
        options.model,
        options.invert_masks,
    )
    unseen = report["texture"]["unseen_share"]
    console.say(f"{options.output}: {1 - unseen:.0%} of the surface from photos, {unseen:.0%} filled in")
    return 0


def evaluate(options: argparse.Namespace) -> int:
    import json

    from sculpt3d.compare.evaluate import evaluate
    from sculpt3d.models.notes import tell

    found = evaluate(
        options.model,
        options.truth,
        tuple(options.tau_mm),
        options.align,
        options.floor_mm,
        options.up,
        None if options.cameras is None else tuple(options.cameras),
    )
    tell(found.notes)
    print(json.dumps(found.as_dict(), indent=1))
    return 0


def export(options: argparse.Namespace) -> int:
    from pipelines.export import chosen, export
    from pipelines.export_level import ExportParams

    params = ExportParams(
        tuple(chosen(options.preset)),
        options.max_triangles,
        options.max_mb,
        options.max_error_mm,
        options.texture,
        options.geometry,
        options.image,
        options.normal_map,
        options.ao,
        (*(["usdz"] if options.usdz else []), *options.also),
        options.offset,
    )
    console = _console(options)
    export(
        options.model,
        options.output,
        params,
        options.page,
        options.poster,
        console.say,
        console,
        options.lods,
    )
    return 0


def check(options: argparse.Namespace) -> int:
    from pipelines.check import check_files

    return check_files(options.files, options.json)


def doctor(options: argparse.Namespace) -> int:
    from pipelines.doctor import examine, fetch

    findings = fetch() if options.fetch else examine()
    rows = [
        ("ok" if f.good else "!", f.what, f.found if f.good else f"{f.found} -> {f.remedy}") for f in findings
    ]
    table(("", "what", "found"), rows)
    return 0


def _console(options: argparse.Namespace) -> Console:
    return Console("quiet" if options.quiet else "json" if options.json else None)
