"""What `render` can be asked for, and what of it does not go together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sculpt3d.errors import InputError
from viewer.files.saving import KINDS, check_target
from viewer.plates.marks import check_letters
from viewer.plates.scale import PrintScale
from viewer.state.commands import Rgb
from viewer.state.lamps import MOST, Lamp
from viewer.state.sides import Aim

GROUNDS: dict[str, Rgb | None] = {
    "grey": (0.17,) * 3, "white": (1.0,) * 3, "black": (0.0,) * 3, "transparent": None,
}  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """What `render` was asked for; None and empty: as the saved view says, else as is usual.

    mm_per_px, print_scale: true to scale, orthographic. ground: of GROUNDS, None: grey, lighter below. radius_mm, limits: of
    modes that measure the surface, limits in their unit. sweep: steps of the light's turn.
    """

    aim: Aim | None = None
    state: Path | None = None
    mode: str | None = None
    lamps: tuple[Lamp, ...] = ()
    shadows: bool = False
    gloss: float | None = None
    projection: str | None = None
    size: tuple[int, int] | None = None
    mm_per_px: float | None = None
    print_scale: PrintScale | None = None
    dpi: float | None = None
    unit: str | None = None
    ground: str | None = None
    bar: bool = False
    up: bool = False
    legend: bool = True
    caption: str = ""
    font: Path | None = None
    sheet: bool = False
    sweep: int | None = None
    radius_mm: float | None = None
    limits: tuple[float, float] | None = None
    save_state: Path | None = None


def check_wanted(out: Path, wanted: Wanted) -> None:
    """Raises `InputError` with the remedy, before anything is read."""
    if wanted.sweep is None:
        check_target(out, KINDS)
    if wanted.mm_per_px is not None and wanted.print_scale is not None:
        raise InputError("--mm-per-px and --scale both say how large a pixel is; give one of them")
    true_size = wanted.mm_per_px is not None or wanted.print_scale is not None or wanted.bar or wanted.sheet
    if wanted.projection == "perspective" and true_size:
        raise InputError("In perspective nothing has one scale; leave out --projection perspective")
    if wanted.sheet and (wanted.aim is not None or wanted.sweep is not None):
        raise InputError("A sheet of six shows the six sides; leave out --view and --sweep")
    if wanted.sweep is not None and wanted.ground == "transparent":
        raise InputError("A sweep has no transparent ground; give --ground white, black or grey")
    if len(wanted.lamps) > MOST:
        raise InputError(f"{len(wanted.lamps)} lamps are too many; give at most {MOST}")
    check_letters(wanted.caption, wanted.font)
