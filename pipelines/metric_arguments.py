"""Arguments of `adjust` and `targets`, and what their `--help` teaches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines import commands as do
from pipelines.argument_values import count, positive
from pipelines.shared_options import how, known_options, spacing_option


def add_metric(commands: Any) -> None:
    later = commands.add_parser(
        "adjust",
        help="give a finished project its scale from known lengths or control points",
        description="The bundle of a finished project again, with known distances between printed markers or clicked points that "
        "its photos show, or with control points: model, cloud, cameras and report become metric, stereo is not done again.",
        epilog="Example: sculpt3d adjust buddha --scale-bars bars.csv   (marker1,marker2,distance_mm,sigma_mm,use)",
    )
    later.add_argument("project", type=Path, metavar="PROJECT")
    known_options(later)
    spacing_option(later)
    how(later, view=False)
    later.set_defaults(command=do.adjust)

    targets = commands.add_parser(
        "targets",
        help="print markers, scale bars or a turntable mat in exact millimetres",
        description="A PDF for A4. Print it at 100 %%, check its ruler, lay the markers beside the object and leave them there "
        "for all photos; measure each bar and write its length into the CSV that lies beside the PDF.",
        epilog="Examples: sculpt3d targets --bar-mm 200 -o bars.pdf   |   sculpt3d targets --kind apriltag --size-mm 25 "
        "--count 12 -o markers.pdf   |   then: sculpt3d reconstruct photos/ --scale-bars bars.csv",
    )
    targets.add_argument(
        "--kind",
        choices=["aruco", "apriltag", "ring"],
        default="aruco",
        help="of marker: squares 4x4_50 or 36h11, or coded rings, the most exact (%(default)s)",
    )
    targets.add_argument(
        "--size-mm",
        type=positive,
        default=20.0,
        metavar="MM",
        help="across the black square or disc (%(default)g)",
    )
    targets.add_argument(
        "--first", type=int, default=0, metavar="N", help="number of the first marker (%(default)s)"
    )
    targets.add_argument("--count", type=count, default=24, metavar="N", help="markers at most (%(default)s)")
    shape = targets.add_mutually_exclusive_group()
    shape.add_argument("--bar-mm", type=positive, metavar="MM", help="pairs of markers, this far apart")
    shape.add_argument(
        "--mat-mm", type=positive, metavar="MM", help="markers on a circle this wide, for a turntable"
    )
    targets.add_argument("-o", "--output", type=Path, required=True, metavar="SHEET.pdf")
    targets.set_defaults(command=do.targets)
