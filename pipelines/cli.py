"""The `sculpt3d` command."""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pipelines.console import Console
from pipelines.stopping import stop_on_signals
from sculpt3d.errors import SculptError

EXIT_INPUT = 2
_FULL, _FREE_SOME = "The disk is full", "free some space and run the same command again to go on"
SAMPLE = Path(__file__).parents[1] / "sample_data"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0, 2 (one sentence says what to do) or 130 (stopped)."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    stop_on_signals()
    try:
        code = command(options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever read what is printed has gone (`| head`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except SculptError as error:
        _complain(str(error))
    except MemoryError:
        _complain("memory ran out; close other programs, lower --memory, or use --preset draft")
    except OSError as error:
        _complain(_os_sentence(error))
    except Exception as error:
        _complain(_unexpected(error, _nearest_folder(options)))
    return EXIT_INPUT


def _complain(sentence: str) -> None:
    with contextlib.suppress(OSError):  # nobody reads
        print(f"sculpt3d: {sentence}", file=sys.stderr, flush=True)


def _unexpected(error: Exception, folder: Path) -> str:
    """Native libraries report a full disk as whatever they were doing; the rest is a defect of ours, kept for a report."""
    import tempfile
    import traceback

    if shutil.disk_usage(folder).free < 50_000_000 or "disk" in str(error).lower():
        return f"{_FULL}; {_FREE_SOME}"
    with tempfile.NamedTemporaryFile("w", prefix="sculpt3d-", suffix=".log", delete=False) as log:
        traceback.print_exc(file=log)
    return f"Something unforeseen happened ({type(error).__name__}); please report it with {log.name}"


def _nearest_folder(options: argparse.Namespace) -> Path:
    """Where the command writes, or the folder around it that exists."""
    wanted = Path(getattr(options, "output", None) or ".").resolve()
    return next(folder for folder in (wanted, *wanted.parents) if folder.is_dir())


def _os_sentence(error: OSError) -> str:
    where = error.filename or "the disk"
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return f"{_FULL}{f' ({error.filename})' if error.filename else ''}; {_FREE_SOME}"
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"No permission for {where}; choose a folder you may write to with -o"
    return f"{where}: {error.strerror or error}; check the path and run the same command again"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sculpt3d",
        description="Photographs of a sculpture to a measured, textured 3D model.",
        epilog="Example: sculpt3d reconstruct photos/ -o buddha --object-height 420",
    )
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    demo = commands.add_parser(
        "demo",
        help="reconstruct the sample photos and show the result",
        description="The sample photos to a model, as `reconstruct --preset draft --object-height 420` would do it; opens the "
        "viewer at the end, or writes a picture where there is no screen.",
    )
    demo.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="PROJECT",
        default=Path("sculpt3d-demo"),
        help="project folder (%(default)s)",
    )
    _how(demo)
    demo.set_defaults(command=_demo)

    make = commands.add_parser(
        "reconstruct",
        help="photos to a textured model",
        description="Photos (JPEG, PNG, TIFF, HEIC) of one object to model.glb, mesh.ply, cloud.ply, cameras/ and a report. "
        "Stop it any time; the same command goes on where it was.",
        epilog="Examples: sculpt3d reconstruct photos/ --preset draft   |   sculpt3d reconstruct photos/ -o buddha "
        "--masks masks/ --object-height 420   |   then: sculpt3d view buddha, and open buddha/report.html in a browser. "
        "Exit codes: 0 done, 2 the sentence says what to do, 130 stopped.",
    )
    make.add_argument(
        "photos",
        type=Path,
        metavar="PHOTOS",
        help="folder of photos, taken around the object with two thirds overlap",
    )
    make.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="PROJECT",
        help="project folder (default: PHOTOS-sculpt3d beside the photos)",
    )
    make.add_argument(
        "--preset",
        default="standard",
        choices=["draft", "standard", "museum"],
        help="draft: minutes, to check a set; standard: web and study; museum: all detail (%(default)s)",
    )
    make.add_argument(
        "--masks", type=Path, metavar="DIR", help="folder of masks, NAME.png or NAME.jpg.png, white = object"
    )
    make.add_argument(
        "--object-height", type=_positive, metavar="MM", help="the object's height; gives the model its scale"
    )
    _how(make)
    make.set_defaults(command=_reconstruct)

    dense = commands.add_parser(
        "densify",
        help="dense cloud of a COLMAP workspace",
        description="Dense stereo and fusion on cameras that exist already: cloud.ply, report.json and depth maps in COLMAP's "
        "format, in the model's own frame and unit. Cameras may have lens distortion; binary and text models are read.",
        epilog="Example: sculpt3d densify colmap_project/ -o dense",
    )
    dense.add_argument(
        "workspace",
        type=Path,
        metavar="COLMAP_DIR",
        help="folder with images/ and sparse/, or a model folder",
    )
    dense.add_argument(
        "--images", type=Path, metavar="DIR", help="folder of the photos (default: COLMAP_DIR/images)"
    )
    dense.add_argument("--masks", type=Path, metavar="DIR", help="folder of masks, white = object")
    dense.add_argument(
        "--everything",
        action="store_true",
        help="the surroundings too, not only the object that all cameras look at",
    )
    dense.add_argument(
        "--fast", action="store_true", help="fewer sweeps: 60 %% of the time, thin evidence is lost first"
    )
    dense.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="folder for the results (default: COLMAP_DIR-dense)"
    )
    _how(dense, view=False)
    dense.set_defaults(command=_densify)

    view = commands.add_parser(
        "view",
        help="look at a model or project",
        description="A window to turn (drag), move (right drag, or shift and drag) and zoom (wheel, two fingers); H shows all "
        "keys. Lengths are shown where the model has a scale.",
        epilog="Examples: sculpt3d view buddha   |   sculpt3d view buddha/mesh.ply --screenshot buddha.png --size 1920x1080",
    )
    view.add_argument(
        "model", type=Path, metavar="MODEL", help="GLB, PLY, OBJ or STL file, or a project folder"
    )
    view.add_argument(
        "--screenshot", type=Path, metavar="PNG", help="write a picture instead of opening a window"
    )
    view.add_argument(
        "--size", type=_size, default=(1280, 720), metavar="WxH", help="of the window or picture (1280x720)"
    )
    view.set_defaults(command=_view)

    score = commands.add_parser(
        "evaluate",
        help="compare a model with the truth",
        description="Accuracy, completeness, F-score and Chamfer distance of a mesh or cloud against a true one, in mm; "
        "both files in metres.",
        epilog="Example: sculpt3d evaluate buddha/mesh.ply scan.ply --align sim3 --tau-mm 0.5 1 2",
    )
    score.add_argument("model", type=Path, help="mesh or cloud to be judged: GLB, PLY, OBJ or STL")
    score.add_argument(
        "truth", type=Path, help="the true mesh or cloud; NAME_mesh.ply beside NAME.ply is used too"
    )
    score.add_argument(
        "--tau-mm",
        type=_positive,
        nargs="+",
        default=[1.0],
        metavar="MM",
        help="distances at which F is taken (1)",
    )
    score.add_argument(
        "--align",
        choices=["none", "rigid", "sim3"],
        default="none",
        help="bring the model onto the truth first; sim3 also fits the scale (%(default)s)",
    )
    score.add_argument(
        "--floor-mm", type=_number, metavar="MM", help="leave out what lies below this height on both sides"
    )
    score.add_argument(
        "--cameras",
        type=Path,
        nargs=2,
        metavar=("MODEL_CAMERAS", "TRUE_CAMERAS"),
        help="two COLMAP models of the same photos, a sure start for --align",
    )
    score.add_argument(
        "--up", choices=["x", "y", "z"], default="y", help="the truth's axis that points up (%(default)s)"
    )
    score.set_defaults(command=_evaluate)

    ship = commands.add_parser(
        "export",
        help="a project or model as files for the web, AR and printing",
        description="Levels of detail with measured distance to the full mesh; every file is read again before it is kept.",
    )
    ship.add_argument(
        "model", type=Path, metavar="PROJECT_OR_MODEL", help="project folder, GLB, PLY, OBJ or STL"
    )
    ship.add_argument("-o", "--output", type=Path, required=True, help="folder, or NAME.glb for one level")
    ship.add_argument(
        "--preset",
        default="web",
        choices=["thumb", "mobile", "ar", "web", "archive", "all"],
        help="what it is for (%(default)s)",
    )
    ship.add_argument("--max-triangles", type=_count, metavar="N")
    ship.add_argument("--max-mb", type=_positive, metavar="X", help="largest GLB; pictures shrink first")
    ship.add_argument(
        "--max-error-mm",
        type=_positive,
        metavar="E",
        help="the smallest mesh no farther than this from the full one (model units where it has no scale)",
    )
    ship.add_argument("--texture", type=int, choices=[256, 512, 1024, 2048, 4096, 8192], metavar="SIDE")
    ship.add_argument(
        "--geometry",
        default="none",
        choices=["none", "quantized", "meshopt", "draco"],
        help="coding of the triangles; none is read everywhere (%(default)s)",
    )
    ship.add_argument(
        "--image", default="jpeg", choices=["jpeg", "png", "webp"], help="of textures (%(default)s)"
    )
    ship.add_argument("--normal-map", action="store_true", help="bake the full mesh's relief")
    ship.add_argument("--ao", action="store_true", help="bake ambient occlusion")
    ship.add_argument("--usdz", action="store_true", help="also USDZ for Apple's Quick Look")
    ship.add_argument(
        "--also", nargs="+", default=[], choices=["obj", "ply", "stl"], help="also in these formats"
    )
    ship.add_argument("--page", action="store_true", help="a web page with the model, for any static host")
    ship.add_argument("--poster", action="store_true", help="a picture of the model")
    ship.set_defaults(command=_export)

    check = commands.add_parser(
        "check",
        help="is a GLB or glTF file sound, and a good web asset",
        description="Any GLB or glTF file against glTF 2.0, and its weight, colours, scale, texel density and shape. "
        "Exit code 0: no errors, 1: errors found, 2: nothing to read.",
    )
    check.add_argument("files", type=Path, nargs="+", metavar="FILE.glb")
    check.add_argument("--json", action="store_true", help="the findings as JSON")
    check.set_defaults(command=_check)

    doctor = commands.add_parser(
        "doctor", help="what is installed and works here, and what to do about the rest"
    )
    doctor.set_defaults(command=_doctor)
    return parser


def _how(parser: argparse.ArgumentParser, view: bool = True) -> None:
    parser.add_argument(
        "--workers",
        type=_count,
        metavar="N",
        default=os.cpu_count() or 1,
        help="parallel workers (%(default)s); same result",
    )
    parser.add_argument(
        "--memory",
        type=_positive,
        metavar="GB",
        help="memory to stay within (default: 70 %% of what is free)",
    )
    if view:
        parser.add_argument("--no-view", action="store_true", help="do not show the model at the end")
    loud = parser.add_mutually_exclusive_group()
    loud.add_argument("--quiet", action="store_true", help="no progress, errors only")
    loud.add_argument("--json", action="store_true", help="progress as JSON events, one a line, on stdout")


def _demo(options: argparse.Namespace) -> int:
    if not (SAMPLE / "photos").is_dir():
        from sculpt3d.errors import InputError

        raise InputError(
            f"The sample photos are missing ({SAMPLE / 'photos'}); run from a checkout of the project"
        )
    options.photos, options.preset, options.masks, options.object_height = (
        SAMPLE / "photos",
        "draft",
        None,
        420.0,
    )
    return _reconstruct(options)


def _reconstruct(options: argparse.Namespace) -> int:
    from pipelines.photogrammetry import How, load_preset, photogrammetry
    from sculpt3d.errors import InputError

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
    screen = importlib.import_module("viewer.app").has_screen()
    if screen and subprocess.run(command, check=False).returncode == 0:
        return
    picture = project / "model.png"
    subprocess.run([*command, "--screenshot", str(picture)], check=False)
    if picture.exists():
        say(
            f"Picture: {picture} (no screen here; `sculpt3d view {project}` opens the viewer where there is one)"
        )


def _densify(options: argparse.Namespace) -> int:
    from pipelines.densify import densify
    from pipelines.photogrammetry import How

    source: Path = options.workspace.resolve()
    out = options.output or source.with_name(f"{source.name}-dense")
    console = _console(options)
    report = densify(
        options.workspace,
        out,
        options.images,
        options.masks,
        How(options.workers, options.memory),
        console,
        options.everything,
        options.fast,
    )
    console.say(f"{report['dense']['points']} points: {out / 'cloud.ply'}")
    return 0


def _view(options: argparse.Namespace) -> int:
    import importlib

    importlib.import_module("viewer.app").view(options.model, options.screenshot, options.size)
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    import json

    from sculpt3d.evaluate import evaluate

    found = evaluate(
        options.model,
        options.truth,
        tuple(options.tau_mm),
        options.align,
        options.floor_mm,
        options.up,
        None if options.cameras is None else tuple(options.cameras),
    )
    print(json.dumps(found.as_dict(), indent=1))
    return 0


def _export(options: argparse.Namespace) -> int:
    from pipelines.export import ExportParams, chosen, export

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
    )
    export(options.model, options.output, params, options.page, options.poster)
    return 0


def _check(options: argparse.Namespace) -> int:
    from pipelines.check import check_files

    return check_files(options.files, options.json)


def _doctor(options: argparse.Namespace) -> int:
    from pipelines.doctor import examine

    findings = examine()
    for finding in findings:
        print(
            f"{'ok ' if finding.good else ' ! '} {finding.what}: {finding.found}{'' if finding.good else f' -> {finding.remedy}'}"
        )
    return 0


def _console(options: argparse.Namespace) -> Console:
    return Console("quiet" if options.quiet else "json" if options.json else None)


def _version() -> str:
    from importlib.metadata import version

    return f"sculpt3d {version('sculpt3d')}"


def _positive(text: str) -> float:
    value = _number(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not abs(value) < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number")
    return value


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of at least 1")
    return int(text)


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit() and 16 <= int(width) <= 8192 and 16 <= int(height) <= 8192):
        raise argparse.ArgumentTypeError(f"{text} is not a size like 1280x720")
    return int(width), int(height)


if __name__ == "__main__":
    sys.exit(main())
