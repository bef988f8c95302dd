"""What `view` and `render` do with their arguments; the work lies in `viewer`."""

from __future__ import annotations

import argparse
import importlib

from sculpt3d.errors import InputError


def view(options: argparse.Namespace) -> int:
    app = importlib.import_module("viewer.app")
    app.view(
        options.model,
        options.screenshot,
        options.size,
        options.state,
        options.unit,
        options.second,
        options.language,
        options.panels,
    )
    return 0


def render(options: argparse.Namespace) -> int:
    plates = importlib.import_module("viewer.plates.render")
    if options.limits is not None and options.limits[0] >= options.limits[1]:
        raise InputError("--limits gives the low value first, then the high one")
    wanted = importlib.import_module("viewer.plates.wanted").Wanted(
        aim=options.view,
        state=options.state,
        mode=options.mode,
        lamps=tuple(options.light),
        shadows=options.shadows,
        gloss=options.gloss,
        projection=options.projection,
        size=options.size,
        mm_per_px=options.mm_per_px,
        print_scale=options.scale,
        dpi=options.dpi,
        unit=options.unit,
        ground=options.ground,
        bar=options.scale_bar,
        up=options.up_arrow,
        legend=not options.no_legend,
        caption=options.caption,
        font=options.font,
        sheet=options.sheet is not None,
        sweep=options.sweep,
        radius_mm=options.radius_mm,
        limits=None if options.limits is None else tuple(options.limits),
        save_state=options.save_state,
    )
    plates.render(options.model, options.output, wanted)
    return 0
