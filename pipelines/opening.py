"""A run before its first step: photos and masks found, folders kept apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.console import Console
from pipelines.placing import Up
from pipelines.settings import How, Preset, load_preset
from pipelines.steps import Run
from pipelines.workspace import Workspace, key_of_files
from sculpt3d.errors import InputError
from sculpt3d.photos.masks import Masks
from sculpt3d.system import too_long
from sculpt3d.types import Spacing


@dataclass(frozen=True)
class Given:
    """Photos and masks of a run: key of their contents; apart: folders that hold none of the photos."""

    masks: Masks
    key: str
    apart: tuple[Path, ...]


def open_run(
    photos: Path, project: Path, preset: Preset | None = None, masks: Path | None = None, object_height_mm: float | None = None,
    how: How | None = None, console: Console | None = None, fill: bool = True, point_spacing: Spacing | None = None,
    invert_masks: bool | None = None, up: Up = "auto",
) -> tuple[Run, Given]:  # fmt: skip
    """A run in the folder `project`, its photos and masks found; no step is done yet."""
    from sculpt3d.photos.finding import find_photos, masks_among_photos
    from sculpt3d.photos.masks import NONE, match_masks

    preset, how, console = preset or load_preset("standard"), how or How(), console or Console("quiet")
    apart = (project,) if masks is None else (project, masks)
    names = find_photos(photos, apart)
    found = NONE if masks is None else match_masks(masks, names, invert_masks, photos)
    unused = masks_among_photos(photos, apart) if masks is None else []
    if unused:
        console.say(
            f"note: {len(unused)} files are called as masks ({unused[0]}, ...); --masks {photos} would use them"
        )
    for sentence in found.sentences():
        console.say(f"note: {sentence}")
    key = key_of_files({n: photos / n for n in names} | {f"mask of {n}": p for n, p in found.found.items()})
    _keep_apart(photos, project)
    keep_short(project, names)
    run = Run(Workspace(project, console), preset, how, object_height_mm, fill, point_spacing, up)
    return run, Given(found, key, apart)


def name_of(photos: Path) -> str:
    """The object's name in the glTF: the photos' folder, or the one around it where that only says "images"."""
    folder = photos.resolve()
    return (
        folder.parent.name
        if folder.name.lower() in {"images", "photos", "jpg", "raw", "img"}
        else folder.name
    )


def _keep_apart(photos: Path, project: Path) -> None:
    inside = project.resolve()
    if inside == photos.resolve() or photos.resolve().is_relative_to(inside):
        raise InputError(
            f"The project {project} would lie around its own photos; choose another folder with -o"
        )


def keep_short(project: Path, names: Sequence[str]) -> None:
    """Refuse a folder below which this system cannot name all files of a run."""
    longest = max((len(name) for name in names), default=0)
    if too_long(project, longest):
        raise InputError(
            f"Windows takes paths of 259 characters, and those below {project} with photo names of {longest} would be longer; "
            "choose a shorter folder with -o, or have LongPathsEnabled set (sculpt3d doctor)"
        )
