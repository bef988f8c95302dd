"""From cameras and tie points to a plan: the coarse surface, how sure each part of it will be, and where to shoot from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sculpt3d.align import Placement, find_up, move_scene
from sculpt3d.planning.cameras import matching_px, noise_px
from sculpt3d.planning.coarse import Coarse, coarse_surface
from sculpt3d.planning.predict import Matching, Predicted, predict
from sculpt3d.planning.suggest import Station, suggest
from sculpt3d.planning.visibility import Sight
from sculpt3d.planning.weak import Weak, weak_parts
from sculpt3d.progress import Progress, silent
from sculpt3d.types import Scene


@dataclass(frozen=True)
class Plan:
    """scene: the cameras in the surface's frame (+Y up, a relief faces +Z); noise_px: of their tie points."""

    scene: Scene
    surface: Coarse
    noise_px: float
    found: Predicted
    weak: list[Weak]
    stations: list[Station]


def plan_shots(
    scene: Scene, work: Path, orientations: Mapping[str, int] | None = None, height_mm: float | None = None,
    known: tuple[float, str] | None = None, progress: Progress | None = None,
) -> Plan:  # fmt: skip
    """`orientations`: EXIF by photo name; `known`: how many metres the scene's unit is, and what says so. Raises
    `NotEnoughViews`."""
    tell = progress or silent
    surface = coarse_surface(scene, find_up(scene, orientations or {}), work, height_mm, orientations, known)
    moved = move_scene(scene, Placement(surface.world_from_source, surface.metric, ""))
    tell(1, 3)
    sight, noise = Sight(surface), noise_px(scene.points)
    match = Matching.of(sight.of(moved.views), surface.normal, surface.blur, matching_px(noise))
    found = predict(match)
    tell(2, 3)
    stations = suggest(surface, sight, moved.views, match)
    tell(3, 3)
    return Plan(moved, surface, noise, found, weak_parts(surface, found), stations)
