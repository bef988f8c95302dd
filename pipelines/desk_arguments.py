"""Arguments of the desk's commands: measure, section, compare; and what their `--help` teaches."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from pipelines import desk_commands as do
from pipelines.argument_values import positive
from sculpt3d.desk.units import MM_OF

Commands = Any  # argparse's own class has no public name


def add_desk(commands: Commands) -> None:
    """The commands that work on a finished model in true millimetres."""
    _measure(commands)
    _section(commands)
    _compare(commands)


def _measure(commands: Commands) -> None:
    measure = commands.add_parser(
        "measure",
        help="lengths, angles, areas, volumes of a model, each with its ±",
        description="All measurements, sections and the comparison that a view was saved with, again, on the same model or on a "
        "later one; or one of the quick forms. Points are in the file's own coordinates. The truth is within ± 95 times of 100; "
        "± comes from the vertices' errors where the file has them, from the size of the triangles else, and from the scale.",
        epilog="Examples: sculpt3d measure buddha --state buddha.view.json --csv buddha.csv   |   sculpt3d measure scan.ply "
        '--unit mm --distance "0,0,12.5" "0,80,12.5"   |   sculpt3d measure statue.glb --volume   |   in VIEW.json: '
        '{"format": "sculpt3d view", "version": 1, "measurements": [{"kind": "distance", "name": "height", "points": '
        "[[0, 0, 0], [0, 0.42, 0]]}]}; kinds: distance, chain, geodesic, angle, area, volume, plane, circle, sphere, cylinder, "
        "lean, height, flatness.",
    )
    _model(measure)
    measure.add_argument("--state", type=Path, metavar="VIEW.json", help="a saved view with what to measure")
    measure.add_argument(
        "--distance", type=_point, nargs=2, metavar="X,Y,Z", help="straight from one point to another"
    )
    measure.add_argument(
        "--along",
        type=_point,
        nargs=2,
        metavar="X,Y,Z",
        help="the shortest way on the surface between two points",
    )
    measure.add_argument("--volume", action="store_true", help="of the whole model, which must be closed")
    measure.add_argument("--csv", type=Path, metavar="FILE", help="also write a table, a line a number")
    measure.add_argument("--json", action="store_true", help="print JSON instead of a table")
    measure.set_defaults(command=do.measure)


def _section(commands: Commands) -> None:
    section = commands.add_parser(
        "section",
        help="cut a model with planes: outlines at 1:1 for CAD, print or a table",
        description="Outlines of a model in a plane, exact on its triangles, joined over all parts, with the area they hold "
        "and their perimeter, each with its ±. SVG prints at 1:1, DXF is in millimetres (a stack lies at its true heights), CSV "
        "has the points in the file's coordinates. Open models give open outlines, and that is said.",
        epilog="Examples: sculpt3d section statue.glb --plane y=0.4 -o waist.dxf   |   sculpt3d section scan.ply --unit mm "
        '--plane "0,1,0,20" --every 5 --count 12 -o profiles.svg   (one every 5 mm from y = 20 on). A plane is given in the '
        "file's own unit: x, y or z = a number, or a normal and d for nx x + ny y + nz z = d.",
    )
    _model(section)
    section.add_argument("--plane", type=_plane, required=True, metavar="PLANE", help="x=0.12, or nx,ny,nz,d")
    section.add_argument(
        "--every", type=positive, metavar="MM", help="a stack: planes this far apart, along the normal"
    )
    section.add_argument("--count", type=_count, metavar="N", help="how many planes of a stack (10)")
    section.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help=".svg, .dxf or .csv"
    )
    section.set_defaults(command=do.section)


def _compare(commands: Commands) -> None:
    compare = commands.add_parser(
        "compare",
        help="what changed between two models of one object, in millimetres",
        description="B against the reference A: registered so that what changed does not pull, signed distances to A's surface, "
        "significant change told apart from noise. Writes a coloured PLY and GLB, tables, comparison.json and a one-page report. "
        "A is a surface, B a surface or a cloud.",
        epilog="Examples: sculpt3d compare 2024.glb 2026.glb -o change   |   sculpt3d compare scan.ply model.glb --unit-a mm "
        "--register points.csv --limits 0.5 -o check   (points.csv: x,y,z on A and x,y,z on B a line, in the files' own "
        "coordinates). M3C2 comes with pip install 'sculpt3d[compare]'.",
    )
    compare.add_argument("a", type=Path, metavar="A", help="the reference: a model or a project folder")
    compare.add_argument("b", type=Path, metavar="B", help="the later state, or the scan to be judged")
    compare.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT", help="folder for the results"
    )
    compare.add_argument(
        "--register",
        default="auto",
        metavar="HOW",
        help="auto: from any start; none: both are in one frame; or a table of picked pairs, as a start (%(default)s)",
    )
    compare.add_argument(
        "--stable",
        type=Path,
        metavar="CSV",
        help="register on this area of A alone: x,y,z,radius a line, in its unit",
    )
    compare.add_argument(
        "--m3c2", action="store_true", help="also M3C2, with its level of detection (py4dgeo)"
    )
    compare.add_argument(
        "--limits", type=positive, metavar="MM", help="ends of the colour bar (from the data)"
    )
    for side in "ab":
        compare.add_argument(
            f"--unit-{side}",
            choices=list(MM_OF),
            help=f"what a unit of {side.upper()} is, where the file is silent or wrong",
        )
    compare.set_defaults(command=do.compare)


def _model(parser: argparse.ArgumentParser) -> None:
    _allow_negative(parser)
    parser.add_argument(
        "model", type=Path, metavar="MODEL", help="GLB, glTF, PLY, OBJ or STL, or a project folder"
    )
    parser.add_argument(
        "--unit",
        choices=list(MM_OF),
        help="what a unit of the file is (GLB: metres by its standard; a PLY, OBJ or STL mostly does not say)",
    )


def _allow_negative(parser: argparse.ArgumentParser) -> None:
    """argparse takes "-1,0,0" for an option, though it knows that -1 is a number."""
    parser._negative_number_matcher = re.compile(r"^-[\d.]")


def _point(text: str) -> tuple[float, float, float]:
    x, y, z = _numbers(text, 3, "a point like 0,12.5,-3")
    return x, y, z


def _numbers(text: str, count: int, what: str) -> tuple[float, ...]:
    try:
        found = tuple(float(v) for v in text.split(","))
    except ValueError:
        found = ()
    if len(found) != count or not all(abs(v) < 1e300 for v in found):
        raise argparse.ArgumentTypeError(f"{text} is not {what}")
    return found


def _plane(text: str) -> tuple[float, float, float, float]:
    axis, equals, where = text.replace(" ", "").partition("=")
    if equals and axis in "xyz" and len(axis) == 1:
        (d,) = _numbers(where, 1, "a plane like x=0.12")
        return float(axis == "x"), float(axis == "y"), float(axis == "z"), d
    nx, ny, nz, d = _numbers(text, 4, "a plane like x=0.12 or 0,1,0,0.4")
    if not nx * nx + ny * ny + nz * nz > 1e-24:
        raise argparse.ArgumentTypeError(f"{text} has no direction: its normal is 0,0,0")
    return nx, ny, nz, d


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 to 1000")
    return int(text)
