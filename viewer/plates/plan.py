"""From what is asked for to a picture whose state, size and marks are settled."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sculpt3d.desk.field import Field
from sculpt3d.errors import InputError
from sculpt3d.models.document import Document
from sculpt3d.models.notes import tell
from viewer.drawing.picture import SIZE, framed
from viewer.files.views import read_state
from viewer.plates.marks import Marks
from viewer.plates.scale import fitting_scale, mm_per_unit, true_to_scale
from viewer.plates.sheet import fitting_sheet, grid
from viewer.plates.wanted import GROUNDS, Wanted
from viewer.state.commands import Rgb, Shown, State
from viewer.state.lamps import RAKING, exposed
from viewer.state.sides import SIDES, Aim

_SHEET = (2480, 1754)  # A4 across at 210 dpi
_LETTERS_MM = 2.6  # 7.4 points, where the picture has a resolution
_DPI = 300.0  # said in the picture where nobody gives another
_WHITE: Rgb = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Plan:
    """size: of the model's picture alone. ground: behind it, None: nothing."""

    state: State
    size: tuple[int, int]
    marks: Marks
    units_per_px: float | None
    dpi: float | None
    ground: Rgb | None
    sheet: bool


def state_of(document: Document, wanted: Wanted) -> State:
    """The saved view, else the usual one, with what was asked for."""
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
    return replace(state, shown=shown, shadows=state.shadows or wanted.shadows)


def planned(document: Document, state: State, wanted: Wanted, field: Field | None) -> Plan:
    """field: what the mode measured. Raises `InputError` where it does not fit, or there is no scale and mm are asked for."""
    printed = wanted.print_scale
    mm_per_px = wanted.mm_per_px if printed is None else printed.mm_per_px
    dpi = wanted.dpi if printed is None else printed.dpi
    bar = wanted.bar or (wanted.sheet and document.metric)
    scale = mm_per_unit(document) if mm_per_px is not None or bar else None
    units = None if mm_per_px is None or scale is None else mm_per_px / scale
    marks = _marks(document, state, wanted, field, bar, _letters(document, state, wanted, units, dpi))
    ground = GROUNDS[wanted.ground or "grey"]
    if wanted.ground is not None or wanted.sheet or marks.below or marks.beside:
        state = replace(state, sky=(ground or _WHITE,) * 2)
    if wanted.sheet:
        units, size = _of_sheet(document, state, wanted, marks, units)
    elif mm_per_px is not None or wanted.bar:
        state, units, size = _of_scale(document, state, wanted, marks, units)
    else:
        size = marks.within(wanted.size or SIZE)
        if wanted.state is None or wanted.aim is not None:
            state = _reframed(document, state, size)
    if scale is not None and units is not None:
        marks = replace(marks, mm_per_px=units * scale)
    return Plan(
        state, size, marks, units, dpi or _DPI, None if ground is None else state.sky[0], wanted.sheet
    )


def _marks(
    document: Document, state: State, wanted: Wanted, field: Field | None, bar: bool, letters: int
) -> Marks:
    legend = field if wanted.legend and field is not None and field.colours else None
    marks = Marks(bar, wanted.up, wanted.caption, legend, pixels=letters, font=wanted.font)
    if wanted.size is not None and 2 * marks.beside > wanted.size[0]:
        tell(["the picture is too narrow for its legend, which is left out; a larger --size has it"])
        return replace(marks, legend=None)
    return marks


def _of_sheet(
    document: Document, state: State, wanted: Wanted, marks: Marks, units: float | None
) -> tuple[float, tuple[int, int]]:
    inner = marks.within(wanted.size or _SHEET)
    units = units if units is not None else fitting_sheet(document, state, inner, marks.pixels)
    needed = grid(document, state, units, marks.pixels).size
    size = needed if wanted.size is None else inner
    if size[0] < needed[0] or size[1] < needed[1]:
        raise InputError(
            f"At that scale the sheet needs {needed[0]} x {needed[1]} pixels beside its marks; give a larger --size or none"
        )
    return units, size


def _of_scale(
    document: Document, state: State, wanted: Wanted, marks: Marks, units: float | None
) -> tuple[State, float, tuple[int, int]]:
    size = None if wanted.size is None and units is not None else marks.within(wanted.size or SIZE)
    if units is None:
        units = fitting_scale(document, state.camera, size or SIZE)
    camera, size = true_to_scale(document, state.camera, units, size)
    return replace(state, camera=camera), units, size


def _reframed(document: Document, state: State, size: tuple[int, int]) -> State:
    """The whole model in what the marks leave of the picture."""
    now = state.camera
    camera = framed(document, size, Aim(now.azimuth, now.elevation, now.roll)).camera
    return replace(state, camera=replace(camera, flat=now.flat))


def _letters(document: Document, state: State, wanted: Wanted, units: float | None, dpi: float | None) -> int:
    """Pixels of a letter's height: as in print where there is a resolution, else by the picture's size."""
    if dpi is not None:
        return max(10, round(_LETTERS_MM / 25.4 * dpi))
    size = wanted.size or (_SHEET if wanted.sheet else SIZE)
    if wanted.size is None and units is not None:
        _, size = true_to_scale(document, state.camera, units, None)
    return max(12, round(max(size) / 70))
