"""Markers and clicked points where the cameras' formulas have them, for lenses that leave more than their formula."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sculpt3d.metric.survey import photo_named
from sculpt3d.metric.tables import Known
from sculpt3d.metric.targets import Sighting
from sculpt3d.models.residual_grid import ResidualGrid


def seen_by_formula(
    model: Any, grids: Mapping[int, ResidualGrid], seen: Mapping[str, Sequence[Sighting]]
) -> dict[str, list[Sighting]]:
    """By photo name, as `survey` takes them."""
    cameras = {str(model.images[i].name): int(model.images[i].camera_id) for i in model.reg_image_ids()}
    return {name: [_moved(s, grids.get(cameras.get(name, -1))) for s in here] for name, here in seen.items()}


def clicks_by_formula(model: Any, grids: Mapping[int, ResidualGrid], known: Known) -> Known:
    """Raises `InputError` where a point was clicked in a photo that has no place."""
    if not grids:
        return known
    cameras = {str(model.images[i].name): int(model.images[i].camera_id) for i in model.reg_image_ids()}
    moved = []
    for click in known.clicks:
        grid = grids.get(cameras[photo_named(model, click)])
        x, y = click.xy if grid is None else grid.by_formula(np.array([click.xy], np.float64))[0].tolist()
        moved.append(replace(click, xy=(x, y)))
    return replace(known, clicks=tuple(moved))


def _moved(sighting: Sighting, grid: ResidualGrid | None) -> Sighting:
    if grid is None:
        return sighting
    pixels = grid.by_formula(np.concatenate([sighting.corners, sighting.centre[None]]))
    return replace(sighting, corners=pixels[:-1], centre=pixels[-1])
