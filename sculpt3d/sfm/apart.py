"""The bundle made anew with the lenses its residuals ask for, until they ask for no others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sculpt3d.photos.check import PhotoSet
from sculpt3d.progress import Each, one_by_one
from sculpt3d.sfm.mapping import adjust, map_incrementally
from sculpt3d.sfm.matching import match
from sculpt3d.sfm.populations import Division, divide

TIMES = 4  # a part more, or a photo in another part, each time


@dataclass(frozen=True)
class Matched:
    """What a model was made from: the photos' feature databases, in their order, and the database of matches."""

    features: tuple[Path, ...]
    database: Path


def tell_apart(
    photo_set: PhotoSet, model: Any, matched: Matched, out: Path,
    each: Each = one_by_one, told: Callable[[], None] = lambda: None,
) -> tuple[Any, tuple[Division, ...]]:  # fmt: skip
    """`model`, adjusted, and nothing where its cameras are what EXIF says; else a model with more, and how they were divided.

    Matches are verified and photos placed anew below `out`: what one lens for all had bent does not straighten by itself.
    """
    cameras = {p.name: p.camera_key for p in photo_set.photos}
    found, divisions = model, _clear(model, cameras)
    applied: set[str] = set()
    for number in range(TIMES):
        if not any(d.changed for d in divisions) and {d.camera for d in divisions} == applied:
            break
        applied = {d.camera for d in divisions}
        if not applied:
            break
        found = _again(_with_lenses(photo_set, divisions), matched, out / f"{number}", each, told)
        if found is None or found.num_reg_images() < model.num_reg_images():
            return model, ()
        adjust(found)
        divisions = _clear(found, cameras)
    return (found, divisions) if divisions else (model, ())


def _clear(model: Any, cameras: dict[str, str]) -> tuple[Division, ...]:
    return tuple(d for d in divide(model, cameras) if d.clear)


def _again(
    photo_set: PhotoSet, matched: Matched, out: Path, each: Each, told: Callable[[], None]
) -> Any:  # fmt: skip
    database = match(photo_set, list(matched.features), out, each=each, known=matched.database)
    images = photo_set.root / "images"
    strict = map_incrementally(database, images, out / "strict", told)
    if strict is None or strict.num_reg_images() == len(photo_set.photos):
        return strict
    joined = map_incrementally(database, images, out / "joined", told, relaxed=True, start=out / "strict")
    return max(strict, joined or strict, key=lambda m: (m.num_reg_images(), m.num_points3D()))


def _with_lenses(photo_set: PhotoSet, divisions: tuple[Division, ...]) -> PhotoSet:
    """The photos with the lenses found as what they share and start from; those that do not tell have one to themselves."""
    part = {
        name: (k, d.lenses[k].focal) for d in divisions for k, names in enumerate(d.parts) for name in names
    }
    divided = {d.camera for d in divisions}
    photos = []
    for p in photo_set.photos:
        if p.camera_key in divided:
            k, focal = part.get(p.name, (p.name, None))
            p = replace(p, focal_px=focal, camera_key=f"{p.camera_key}|{k}")
        photos.append(p)
    return replace(photo_set, photos=tuple(photos))
