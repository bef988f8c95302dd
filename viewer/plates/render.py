"""`render`: from what is asked for to the files; what each part does lies in the modules it calls."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sculpt3d.errors import InputError
from sculpt3d.models.document import Document
from sculpt3d.models.notes import tell
from sculpt3d.types import U8
from viewer.drawing.picture import SIZE, Drawer, drawer, framed, whole
from viewer.files.loading import load
from viewer.files.saving import KINDS, check_target, save_picture
from viewer.files.views import as_keys, read_state, write_state
from viewer.modes import mode
from viewer.modes.measured import Measured, measured
from viewer.plates.marks import Marks, check_letters, ink_on, put_marks
from viewer.plates.scale import PrintScale, fitting_scale, mm_per_unit, true_to_scale
from viewer.plates.sheet import draw_sheet, fitting_sheet, grid
from viewer.plates.sweep import check_sweep, write_gif, write_mp4
from viewer.state.commands import Rgb, Shown, State
from viewer.state.lamps import MOST, RAKING, Lamp, exposed, swept
from viewer.state.sides import SIDES, Aim

GROUNDS: dict[str, Rgb | None] = {
    "grey": (0.17,) * 3, "white": (1.0,) * 3, "black": (0.0,) * 3, "transparent": None,
}  # fmt: skip
_SHEET = (2480, 1754)  # A4 across at 210 dpi
_DARK = 0.03  # of what is seen
_SAMPLE = 100_000  # faces of a part
_LETTERS_MM = 2.6  # 7.4 points, where the picture has a resolution


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


def render(path: Path, out: Path, wanted: Wanted) -> None:
    """Raises `SculptError` with the remedy before anything is written."""
    _check(out, wanted)
    document = load(path, wanted.unit)
    tell(document.notes)
    state = _state(document, wanted)
    marked = wanted.bar or wanted.up or wanted.caption or wanted.sheet
    shown = measured(document, state)
    plan = _plan(document, state, wanted, shown, bool(marked))
    if wanted.sweep is not None:
        check_sweep(out, wanted.sweep, plan.marks.around(plan.size))
    with drawer(shown.document) as draws:
        if wanted.sweep is not None:
            _sweep(draws, document, plan, out, wanted.sweep)
        else:
            pixels = _plate(draws, document, plan)
            save_picture(out, pixels, _told(document, plan), plan.dpi)
    if wanted.save_state is not None:
        write_state(wanted.save_state, document, plan.state)


@dataclass(frozen=True)
class Plan:
    """A picture whose size and camera are settled. size: of the model's picture alone."""

    state: State
    size: tuple[int, int]
    marks: Marks
    units_per_px: float | None
    dpi: float | None
    ground: Rgb | None
    sheet: bool


def _check(out: Path, wanted: Wanted) -> None:
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


def _state(document: Document, wanted: Wanted) -> State:
    state = framed(document, wanted.size or SIZE, wanted.aim or SIDES["front"])
    if wanted.state is not None:
        saved = read_state(wanted.state, document, state)
        state = saved if wanted.aim is None else replace(saved, camera=state.camera)
    if wanted.mode is not None:
        state = replace(state, mode=wanted.mode)
    if wanted.lamps:
        state = replace(state, lamps=wanted.lamps)
    if wanted.sweep is not None and all(lamp.kind != "raking" for lamp in state.lamps):
        state = replace(state, lamps=(replace(RAKING, azimuth=0.0, power=exposed(RAKING.elevation)),))
    if wanted.gloss is not None:
        state = replace(state, gloss=wanted.gloss)
    shown = state.shown
    if wanted.radius_mm is not None:
        shown = replace(shown, radius=wanted.radius_mm / mm_per_unit(document))
    if wanted.limits is not None:
        shown = Shown(shown.radius, *wanted.limits)
    if wanted.projection is not None:
        state = replace(state, camera=replace(state.camera, flat=wanted.projection == "orthographic"))
    _say_dark(document, state)
    return replace(state, shown=shown, shadows=state.shadows or wanted.shadows)


def _plan(document: Document, state: State, wanted: Wanted, shown: Measured, marked: bool) -> Plan:
    mm_per_px = wanted.mm_per_px if wanted.print_scale is None else wanted.print_scale.mm_per_px
    tiff_dpi = 300.0
    dpi = wanted.dpi if wanted.print_scale is None else wanted.print_scale.dpi
    ground = GROUNDS[wanted.ground or "grey"]
    legend = shown.field if wanted.legend and shown.field is not None and shown.field.colours else None
    if wanted.ground is not None or marked or legend is not None:
        low: Rgb = ground if ground is not None else (1.0, 1.0, 1.0)
        state = replace(state, sky=(low, low))
    flat = mm_per_px is not None or wanted.bar or wanted.sheet
    bar = wanted.bar or (wanted.sheet and document.metric)
    scale = mm_per_unit(document) if mm_per_px is not None or bar else None
    marks = Marks(bar, wanted.up, wanted.caption, legend, font=wanted.font)
    units = None if mm_per_px is None else mm_per_px / (scale or 1.0)
    size = wanted.size
    usual = size or (_SHEET if wanted.sheet else SIZE)
    if size is None and units is not None:
        _, usual = true_to_scale(document, state.camera, units, None)
    letters = _letters(dpi, usual)
    marks = replace(marks, pixels=letters)
    if size is not None and 2 * marks.beside > size[0]:
        tell(["the picture is too narrow for its legend, which is left out; a larger --size has it"])
        marks = replace(marks, legend=None)
    if wanted.sheet:
        inner = marks.within(size or _SHEET)
        units = units if units is not None else fitting_sheet(document, state, inner, letters)
        needed = grid(document, state, units, letters).size
        size = needed if size is None else inner
        if size[0] < needed[0] or size[1] < needed[1]:
            raise InputError(
                f"At that scale the sheet needs {needed[0]} x {needed[1]} pixels beside its marks; give a larger --size or none"
            )
    elif flat:
        inner_size = None if size is None and units is not None else marks.within(size or SIZE)
        if units is None:
            assert inner_size is not None
            units = fitting_scale(document, state.camera, inner_size)
        camera, size = true_to_scale(document, state.camera, units, inner_size)
        state = replace(state, camera=camera)
    else:
        size = marks.within(size or SIZE)
        if wanted.state is None or wanted.aim is not None:
            state = _reframed(document, state, size)
    marks = replace(marks, mm_per_px=None if scale is None or units is None else units * scale)
    return Plan(
        state, size, marks, units, dpi or tiff_dpi, None if ground is None else state.sky[0], wanted.sheet
    )


def _reframed(document: Document, state: State, size: tuple[int, int]) -> State:
    """The whole model in what the marks leave of the picture."""
    now = state.camera
    camera = framed(document, size, Aim(now.azimuth, now.elevation, now.roll)).camera
    return replace(state, camera=replace(camera, flat=now.flat))


def _letters(dpi: float | None, size: tuple[int, int]) -> int:
    """Pixels of a letter's height: as in print where there is a resolution, else by the picture's size."""
    return max(12, round(max(size) / 70)) if dpi is None else max(10, round(_LETTERS_MM / 25.4 * dpi))


def _plate(draws: Drawer, document: Document, plan: Plan) -> U8:
    """(H, W, 3), or (H, W, 4) where the ground is transparent."""
    if plan.ground is not None:
        return _drawn(draws, document, plan, plan.ground)
    on_white, on_black = (_drawn(draws, document, plan, g) for g in ((1.0,) * 3, (0.0,) * 3))
    return cut_out(on_white, on_black)


def cut_out(on_white: U8, on_black: U8) -> U8:
    """(H, W, 4) with straight alpha: what is the same on both grounds is there."""
    behind = (on_white.astype(np.int16) - on_black).max(2)
    alpha = np.clip(255 - behind, 0, 255)
    colour = np.where(alpha[..., None] > 0, on_black * 255.0 / np.maximum(alpha, 1)[..., None], 0)
    return np.dstack([np.clip(np.round(colour), 0, 255), alpha]).astype(np.uint8)


def _drawn(draws: Drawer, document: Document, plan: Plan, ground: Rgb) -> U8:
    state = plan.state if plan.ground is not None else replace(plan.state, sky=(ground, ground))
    ink = ink_on((1.0, 1.0, 1.0) if plan.ground is None else plan.ground)
    if plan.sheet:
        assert plan.units_per_px is not None
        pixels = draw_sheet(draws, document, state, plan.units_per_px, plan.marks.pixels, ink, plan.size)
    else:
        pixels = whole(draws, state, plan.size)
    return put_marks(pixels, plan.marks, np.stack(state.camera.axes()), ground, ink)


def _sweep(draws: Drawer, document: Document, plan: Plan, out: Path, steps: int) -> None:
    plans = [
        replace(plan, state=replace(plan.state, lamps=swept(plan.state.lamps, k, steps)))
        for k in range(steps)
    ]
    frames = (_plate(draws, document, p) for p in plans)
    if out.suffix.lower() == ".gif":
        write_gif(out, frames, _told(document, plan))
    elif out.suffix.lower() == ".mp4":
        write_mp4(out, frames)
    else:
        out.mkdir(exist_ok=True)
        for k, (one, frame) in enumerate(zip(plans, frames, strict=True)):
            save_picture(out / f"{k:03d}.png", frame, _told(document, one), plan.dpi)


def _told(document: Document, plan: Plan) -> dict[str, Any]:
    """All that the picture was made with, in VIEW.json's words."""
    from importlib.metadata import version

    told = {"format": "sculpt3d view", "version": 1, "model": document.name, **as_keys(document, plan.state)}
    told["picture"] = {
        "by": f"sculpt3d {version('sculpt3d')}",
        "mm_per_px": plan.marks.mm_per_px if plan.marks.mm_per_px is not None else None,
        "unit": None
        if document.unit_m is None
        else f"{1000 * document.unit_m:g} mm ({document.unit_source})",
        "dpi": plan.dpi,
        "light": [lamp.told() for lamp in plan.state.lamps],
        "light law": "code = sRGB(albedo x (fill x (0.5 + 0.2 n.y) + sum of power x max(n.l, 0))), linear light",
    }
    return told


def _say_dark(document: Document, state: State) -> None:
    """Lamps that miss nearly all that is seen are said: fixed to the object, they stay there when the camera goes round."""
    if mode(state.mode).lit and lit_share(document, state) < _DARK:
        print(
            f"note: the light ({state.lamps[0].told()}) comes from behind what is seen; give side={_side(state)} or fixed=camera "
            "with --light",
            file=sys.stderr,
        )


def lit_share(document: Document, state: State) -> float:
    """How much of the surface that faces the camera faces a lamp, or is lit from all around; of a sample of its faces."""
    if any(lamp.kind != "raking" or lamp.fill > 0 for lamp in state.lamps):
        return 1.0
    back = state.camera.axes()[2]
    seen = lit = 0.0
    for part in document.parts:
        faces = part.faces[:: max(1, len(part.faces) // _SAMPLE)]
        a, b, c = (part.vertices[faces[:, k]].astype(np.float64) for k in range(3))
        normals = np.cross(b - a, c - a)
        facing = np.maximum(normals @ back, 0)
        towards = np.any([normals @ lamp.direction(state.camera) > 0 for lamp in state.lamps], axis=0)
        seen, lit = seen + float(facing.sum()), lit + float(facing[towards].sum())
    return lit / seen if seen > 0 else 1.0


def _side(state: State) -> str:
    """The side of the object that looks most at the camera."""
    back = state.camera.axes()[2]
    return max(SIDES, key=lambda s: float(state.camera.towards(*SIDES[s]).axes()[2] @ back))
