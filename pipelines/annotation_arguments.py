"""Arguments of `annotate` and `closeup`, and what their `--help` teaches."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from pipelines.argument_values import positive
from sculpt3d.desk.units import MM_OF


def add_annotations(commands: Any) -> None:
    note = commands.add_parser(
        "annotate",
        help="conditions on a model: list, add, remove, export as table or condition map",
        description="Points, lines and painted regions on a model, each with a condition and words, kept beside it as W3C Web "
        "Annotations (NAME.annotations.jsonld; annotations.jsonld in a project), never in the model. They are positions in the "
        "model's own coordinates, so they stay where they are when the mesh is made anew. Without --add or --remove they are "
        "listed, with areas in cm² and ±. sculpt3d export shows them on its page.",
        epilog='Examples: sculpt3d annotate buddha --add crack --line "0.01,0.2,0.05" "0.02,0.24,0.05" --text "hairline" '
        '--author "A. Berger"   |   sculpt3d annotate scan.ply --unit mm --add salt --brush "10,52,3" "14,55,3" --radius 6   |   '
        "sculpt3d annotate buddha -o map.pdf   (condition map: views at one scale, legend, cm²; also .svg, .csv, .json)   |   "
        "sculpt3d annotate buddha --conditions   (writes conditions.toml to edit: the words and colours of your house)",
    )
    note._negative_number_matcher = re.compile(r"^-[\d.]")  # argparse takes "-1,0,0" for an option
    note.add_argument(
        "model", type=Path, metavar="MODEL", help="GLB, glTF, PLY, OBJ or STL, or a project folder"
    )
    note.add_argument("--unit", choices=list(MM_OF), help="what a unit of the file is, where it does not say")
    doing = note.add_mutually_exclusive_group()
    doing.add_argument("--add", metavar="CONDITION", help="one more annotation; give its place too")
    doing.add_argument("--remove", metavar="ID", help="by its number or id in the list")
    doing.add_argument(
        "--conditions",
        action="store_true",
        help="list the conditions; write conditions.toml to edit unless it is there",
    )
    place = note.add_mutually_exclusive_group()
    place.add_argument(
        "--point", type=_point, metavar="X,Y,Z", help="a place, in the model's own coordinates"
    )
    place.add_argument("--line", type=_point, nargs="+", metavar="X,Y,Z", help="two places or more")
    place.add_argument(
        "--brush",
        type=_point,
        nargs="+",
        metavar="X,Y,Z",
        help="a region: centres of the strokes; with --radius",
    )
    place.add_argument(
        "--polygon",
        type=_point,
        nargs="+",
        metavar="X,Y,Z",
        help="a region: its corners on the surface, in turn",
    )
    note.add_argument("--radius", type=positive, metavar="MM", help="of the brush; needs a scale")
    note.add_argument("--text", default="", help="what is to be said")
    note.add_argument("--author", default="", metavar="NAME")
    note.add_argument(
        "--photo", default="", metavar="FILE", help="a picture in the model's folder or below it"
    )
    note.add_argument("--colour", default="", metavar="#RRGGBB", help="instead of the condition's")
    note.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help=".csv or .json, or a condition map: .pdf or .svg"
    )
    note.add_argument(
        "--views",
        type=_views,
        metavar="SIDES",
        help="of the map: front,right,back,left,top,bottom (those with marks)",
    )
    note.add_argument(
        "--up", choices=["y", "z"], default="y", help="which axis of the model is up (%(default)s)"
    )
    note.add_argument("--json", action="store_true", help="print JSON instead of a table")
    note.set_defaults(command=_annotate)


def add_closeup(commands: Any) -> None:
    near = commands.add_parser(
        "closeup",
        help="the photos that show a place on a project's surface best",
        description="Of a place on the surface: the photos that see it, nothing before it, the sharpest first, with the pixel "
        "where they show it (as taken, with the lens's distortion); with -o, each cut around it, side by side, the place marked.",
        epilog='Example: sculpt3d closeup buddha --point "0.01,0.32,0.08" --width 40 -o hand.png',
    )
    near._negative_number_matcher = re.compile(r"^-[\d.]")
    near.add_argument("project", type=Path, metavar="PROJECT", help="a project folder whose work/ was kept")
    near.add_argument(
        "--point", type=_point, required=True, metavar="X,Y,Z", help="in the model's own coordinates"
    )
    near.add_argument("--count", type=_few, default=4, metavar="N", help="photos at most (%(default)s)")
    near.add_argument(
        "--width", type=positive, metavar="MM", help="across each cut-out (a tenth of the model)"
    )
    near.add_argument("-o", "--output", type=Path, metavar="PICTURE", help=".png or .jpg")
    near.add_argument("--json", action="store_true", help="print JSON instead of a table")
    near.set_defaults(command=_closeup)


def _annotate(options: argparse.Namespace) -> int:
    from pipelines.annotating import annotate

    return annotate(options)


def _closeup(options: argparse.Namespace) -> int:
    from pipelines.closeup import closeup

    return closeup(options)


def _few(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 20:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 to 20")
    return int(text)


def _point(text: str) -> tuple[float, float, float]:
    try:
        x, y, z = (float(v) for v in text.split(","))
    except ValueError:
        x = y = z = float("nan")
    if not all(abs(v) < 1e15 for v in (x, y, z)):
        raise argparse.ArgumentTypeError(f"{text} is not a point like 0,12.5,-3")
    return x, y, z


def _views(text: str) -> tuple[str, ...]:
    sides = ("front", "right", "back", "left", "top", "bottom")
    found = tuple(text.replace(" ", "").split(","))
    if not all(v in sides for v in found):
        raise argparse.ArgumentTypeError(f"{text} is not a list of {', '.join(sides)}")
    return tuple(dict.fromkeys(found))
