"""`render`: from what is asked for to the files; what each part does lies in the modules it calls."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sculpt3d.errors import InputError
from sculpt3d.models.document import Document
from sculpt3d.models.notes import tell
from sculpt3d.types import U8
from viewer.drawing.picture import Drawer, drawer, whole
from viewer.files.desks import laid, unit_in, with_content, write_desk
from viewer.files.loading import load
from viewer.files.saving import save_picture
from viewer.files.views import told_of
from viewer.hand import still
from viewer.plates.dark import say_dark
from viewer.plates.marks import ink_on, put_marks
from viewer.plates.plan import Plan, planned, state_of
from viewer.plates.sheet import draw_sheet
from viewer.plates.sweep import check_sweep, write_gif, write_mp4
from viewer.plates.wanted import Wanted, check_wanted
from viewer.state.bench import Bench
from viewer.state.commands import Rgb
from viewer.state.lamps import swept
from viewer.state.shown import settled


def render(path: Path, out: Path, wanted: Wanted) -> None:
    """Raises `SculptError` with the remedy before anything is written."""
    check_wanted(out, wanted)
    unit = wanted.unit or unit_in(wanted.state)
    document = load(path, unit)
    tell(document.notes)
    desk = laid(Bench(document, path, unit), state_of(document, wanted), None, bare=True)
    if wanted.state is not None:
        desk = with_content(wanted.state, desk)
    shown, state = settled(desk), still(desk)
    if shown.failed:
        raise InputError(shown.failed)
    say_dark(document, state)
    plan = planned(document, state, wanted, shown.field)
    if wanted.sweep is not None:
        check_sweep(out, wanted.sweep, plan.marks.around(plan.size))
    with drawer(shown.document) as draws:
        if wanted.sweep is not None:
            _sweep(draws, document, plan, out, wanted.sweep)
        else:
            pixels = _plate(draws, document, plan)
            save_picture(out, pixels, _told(document, plan), plan.dpi)
    if wanted.save_state is not None:
        write_desk(wanted.save_state, replace(desk, state=plan.state))


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

    told = told_of(document, plan.state)
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
