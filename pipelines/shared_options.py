"""Options that several commands have."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from pipelines.argument_values import count, positive
from sculpt3d.types import Spacing


def photos_of_cameras(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--images", type=Path, metavar="DIR", help="folder of the photos (default: COLMAP_DIR/images)"
    )
    parser.add_argument(
        "--masks",
        type=Path,
        metavar="DIR",
        help="folder of masks, white = object (default: COLMAP_DIR/masks if it is there)",
    )
    invert_option(parser)
    parser.add_argument(
        "--model", type=int, metavar="N", help="which model below sparse/ (default: the one with most photos)"
    )


def invert_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--invert-masks",
        action=argparse.BooleanOptionalAction,
        help="black is the object in the masks, not white",
    )


def known_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--scale-bars",
        type=Path,
        metavar="CSV",
        help="known distances between printed markers (marker1,marker2,distance_mm,sigma_mm,use); they give the scale and "
        "say how sure it is; sculpt3d targets prints some",
    )
    command.add_argument(
        "--control",
        type=Path,
        metavar="CSV",
        help="markers' places in your own coordinates, +Z up (marker,x_mm,y_mm,z_mm,sx_mm,sy_mm,sz_mm,use); three or more give "
        "scale and upright, and the report says how to come from the model to your coordinates",
    )
    command.add_argument(
        "--clicked",
        type=Path,
        metavar="CSV",
        help="points that you see in photos, where there are no markers (point,image,x,y; pixels from the photo's upper left "
        "corner); their names may stand for markers in the other tables",
    )
    command.add_argument(
        "--up",
        choices=["auto", "gravity", "targets"],
        default="auto",
        help="what is upright: gravity, by the photos' horizons; targets, by control or by markers that lie on the table; auto, "
        "by targets where they are nearly level (%(default)s)",
    )


def spacing_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--point-spacing",
        type=_spacing,
        metavar="S",
        help="thin cloud.ply to one point every S: 0.5mm, or 2gsd for twice the size of a photo's pixel on the object "
        "(default: all points, about one a pixel)",
    )


def how(parser: argparse.ArgumentParser, view: bool = True) -> None:
    parser.add_argument(
        "--workers",
        type=count,
        metavar="N",
        default=os.cpu_count() or 1,
        help="parallel workers (%(default)s); same result",
    )
    parser.add_argument(
        "--memory",
        type=positive,
        metavar="GB",
        help="memory to stay within (default: 70 %% of what is free)",
    )
    if view:
        parser.add_argument("--no-view", action="store_true", help="do not show the model at the end")
    loud(parser)


def loud(parser: argparse.ArgumentParser) -> None:
    loud = parser.add_mutually_exclusive_group()
    loud.add_argument("--quiet", action="store_true", help="no progress, errors only")
    loud.add_argument("--json", action="store_true", help="progress as JSON events, one a line, on stdout")


def _spacing(text: str) -> Spacing:
    if text.endswith("mm"):
        return Spacing(positive(text[:-2]), "mm")
    if text.endswith("gsd"):
        return Spacing(positive(text[:-3]), "gsd")
    raise argparse.ArgumentTypeError(f"{text} is not a spacing like 0.5mm or 2gsd")
