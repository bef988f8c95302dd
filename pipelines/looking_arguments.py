"""Arguments of `view` and `render`, and what their `--help` teaches."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from typing import Any

from pipelines import looking_commands as do
from pipelines.argument_values import count, number, positive
from sculpt3d.desk.units import MM_OF
from sculpt3d.errors import SculptError

Commands = Any  # argparse's own class has no public name
# As viewer/modes has them; a test holds both together, so that `--help` needs not import them.
MODES = {
    "textured": "colours under light",
    "plain": "colours as the file has them",
    "clay": "shape alone",
    "matcap": "shape at a glance",
    "normals": "which way each place looks",
    "wire": "the triangles",
    "points": "the vertices",
    "xray": "all layers",
    "relief": "how far above its smoothed self, in mm",
    "mean": "mean curvature",
    "gauss": "Gaussian curvature",
    "occlusion": "how much sky each place sees",
    "radiance": "light made stronger on ridges, weaker in grooves",
    "uncertainty": "how far each place may be off, as the file says",
    "views": "how many photos saw each place",
    "filled": "what was closed without evidence",
    "deviation": "how far a second file is from it, in mm",
    "change": "what of that is beyond the noise",
}
LIGHT = (
    "studio (default), head, or raking:az=30,el=8: degrees on the plane of the object's front, az 0 to the right, 90 up, el "
    "above it; more behind it: side=back (or left, right, top, bottom) for another plane, fixed=camera for the picture's, "
    "power=2, fill=0.1; repeat for up to four lamps"
)


def add_looking(commands: Commands) -> None:
    _view(commands)
    _render(commands)


def _view(commands: Commands) -> None:
    view = commands.add_parser(
        "view",
        help="look at a model or project",
        description="A window to turn (drag), move (right drag, or shift and drag) and zoom (wheel, two fingers); ? shows all "
        "keys, H hides the panels. Lengths are shown where the model has a scale. V saves the view as MODEL.view.json beside the "
        "model, which --state opens. A file that is dropped into the window is opened, with Shift held compared.",
        epilog="Examples: sculpt3d view buddha   |   sculpt3d view buddha/mesh.ply --screenshot buddha.png --size 1920x1080   "
        "|   sculpt3d view buddha --state buddha.view.json   |   sculpt3d view before.glb after.glb --language zh",
    )
    view.add_argument(
        "model", type=Path, metavar="MODEL", help="GLB, PLY, OBJ or STL file, or a project folder"
    )
    view.add_argument(
        "second", type=Path, nargs="?", metavar="SECOND_FILE", help="another state of it, shown against the first"
    )
    view.add_argument(
        "--screenshot", type=Path, metavar="PNG", help="write a picture instead of opening a window"
    )
    view.add_argument("--panels", action="store_true", help="with --screenshot: of the window with its panels")
    view.add_argument(
        "--size", type=_size, metavar="WxH", help="of the window (as it was last) or picture (1280x720)"
    )
    view.add_argument(
        "--language", choices=["en", "zh"], help="of the window: English or simplified Chinese (the system's)"
    )
    _saved(view)
    view.set_defaults(command=do.view)


def _render(commands: Commands) -> None:
    render = commands.add_parser(
        "render",
        help="pictures of a model or project: any side, light and scale; six views; a turn of the light",
        description="A PNG or TIFF of the model, framed whole; no screen is needed. The model's +Y is up, front looks at its +Z "
        "side. Camera, light and mode are written into the picture. True to scale with --mm-per-px or --scale; with --sweep the "
        "light goes round.",
        epilog="Examples: sculpt3d render buddha -o buddha.png   |   sculpt3d render scan.ply --view az=30,el=15 --mode clay "
        "--light raking:az=120,el=10 --shadows -o raking.png   |   sculpt3d render tablet.ply --unit mm --mode relief "
        "--radius-mm 3 --limits -0.5 0.5 -o relief.png   |   sculpt3d render buddha --sheet six --scale 1:4@300dpi "
        "--ground white -o sheet.tif   |   sculpt3d render coin.ply --view top "
        "--light raking:side=top,el=12 --sweep 36 -o turn.mp4",
    )
    render.add_argument(
        "model", type=Path, metavar="MODEL", help="GLB, glTF, PLY, OBJ or STL, or a project folder"
    )
    render.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="PNG_OR_TIFF",
        help="the picture; GIF, MP4 or a folder of --sweep",
    )
    _camera(render)
    _looks(render)
    _paper(render)
    _saved(render)
    render.add_argument(
        "--save-state", type=Path, metavar="VIEW.json", help="also save camera, look and lights there"
    )
    render.set_defaults(command=do.render)


def _camera(render: argparse.ArgumentParser) -> None:
    render.add_argument(
        "--view",
        type=_aim,
        metavar="SIDE",
        help="front (default), back, left, right, top, bottom, or az=DEGREES,el=DEGREES[,roll=DEGREES]: to the right of the "
        "front, above it, and how far the model leans to the right",
    )
    render.add_argument(
        "--projection",
        choices=["perspective", "orthographic"],
        help="perspective as the eye sees (default), or orthographic as is measured and drawn",
    )
    render.add_argument(
        "--size",
        type=_size,
        metavar="WxH",
        help="of the picture (1280x720, or as large as --mm-per-px needs)",
    )


def _looks(render: argparse.ArgumentParser) -> None:
    render.add_argument(
        "--mode",
        "--style",
        type=_mode,
        metavar="MODE",
        help="; ".join(f"{name}: {says}" for name, says in MODES.items()) + " (textured)",
    )
    render.add_argument("--light", type=_lamp, action="append", default=[], metavar="LAMP", help=LIGHT)
    render.add_argument("--shadows", action="store_true", help="what stands in a lamp's way casts a shadow")
    render.add_argument(
        "--gloss",
        type=_share,
        metavar="0..1",
        help="add a shine, as if the surface were wet: tool marks glint (0)",
    )
    render.add_argument(
        "--radius-mm",
        type=positive,
        metavar="MM",
        help="of relief and curvature: what is larger counts as the form, what is smaller as relief",
    )
    render.add_argument(
        "--limits",
        type=number,
        nargs=2,
        metavar=("LOW", "HIGH"),
        help="values at the ends of the colours, in the legend's unit (default: as the surface has them)",
    )
    render.add_argument(
        "--sweep",
        type=count,
        metavar="N",
        help="N pictures while the raking lamps go once around: NAME.gif, NAME.mp4 or a folder",
    )


def _paper(render: argparse.ArgumentParser) -> None:
    render.add_argument(
        "--mm-per-px", type=_pixel, metavar="MM", help="orthographic, a pixel so many millimetres wide"
    )
    render.add_argument(
        "--scale",
        type=_print_scale,
        metavar="1:N@DPIdpi",
        help="orthographic, true to scale in print: 1:2@300dpi",
    )
    render.add_argument("--dpi", type=_dpi, metavar="DPI", help="resolution written into the picture (300)")
    render.add_argument("--sheet", choices=["six"], help="six views at one scale, unfolded around the front")
    render.add_argument("--scale-bar", action="store_true", help="a bar as long as it says; orthographic")
    render.add_argument("--up-arrow", action="store_true", help="an arrow where the object's up is")
    render.add_argument("--caption", default="", metavar="TEXT", help="below the model")
    render.add_argument(
        "--font",
        type=Path,
        metavar="FILE",
        help="TTF, OTF or TTC of the caption, where the built-in one lacks its letters",
    )
    render.add_argument("--no-legend", action="store_true", help="no colour bar beside a measured surface")
    render.add_argument(
        "--ground", choices=["grey", "white", "black", "transparent"], help="behind the model (grey)"
    )


def _saved(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--state",
        type=Path,
        metavar="VIEW.json",
        help="a saved view: camera, mode, lights; other options go before it",
    )
    parser.add_argument(
        "--unit",
        choices=list(MM_OF),
        help="what a unit of the file is (GLB: metres by its standard; a PLY, OBJ or STL mostly does not say)",
    )


def _aim(text: str) -> Any:
    aim = importlib.import_module("viewer.state.sides").aim_of(text)
    if aim is None:
        raise argparse.ArgumentTypeError(
            f"{text} is no side: give front, back, left, right, top, bottom, or az=30,el=15 in degrees (el within 90), and "
            "roll=5 behind it to lean the model to the right"
        )
    return aim


def _lamp(text: str) -> Any:
    return _read("viewer.state.lamps", "lamp_of", text)


def _print_scale(text: str) -> Any:
    return _read("viewer.plates.scale", "print_scale", text)


def _mode(text: str) -> str:
    _read("viewer.modes", "mode", text)
    return text


def _read(module: str, function: str, text: str) -> Any:
    try:
        return getattr(importlib.import_module(module), function)(text)
    except SculptError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _pixel(text: str) -> float:
    return _between(text, 1e-6, 1e6)


def _dpi(text: str) -> float:
    return _between(text, 10, 10_000)


def _between(text: str, low: float, high: float) -> float:
    value = number(text)
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(f"{text} is not a number from {low:g} to {high:g}")
    return value


def _share(text: str) -> float:
    return _between(text, 0, 1)


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    sides = [int(v) if v.isdigit() and len(v) < 6 else 0 for v in (width, height)]
    if not all(16 <= side <= 16384 for side in sides):
        raise argparse.ArgumentTypeError(f"{text} is not a size like 1280x720, of 16 to 16384 a side")
    return sides[0], sides[1]
