"""What `densify` and `texture` work on: a COLMAP model with the photos and masks that belong to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sculpt3d.errors import InputError
from sculpt3d.geometry import F64
from sculpt3d.photos.masks import Masks

LEAST = 2  # photos


@dataclass(frozen=True)
class ModelPhotos:
    """names: photos that are there; missing: those that are not; megapixels of each that is; offset (3,): taken off the
    model's coordinates while working; notes: what a person should know, a sentence each."""

    model: Path
    folder: Path
    names: tuple[str, ...]
    missing: tuple[str, ...]
    masks: Masks
    megapixels: tuple[float, ...]
    offset: F64
    notes: tuple[str, ...]


def photos_of_model(
    workspace: Path,
    images: Path | None,
    masks: Path | None,
    number: int | None = None,
    invert: bool | None = None,
) -> ModelPhotos:
    """`images`, `masks`: folders where they are not the workspace's own images/ and masks/. Raises `InputError`."""
    from sculpt3d.models.colmap import far_offset, read_model
    from sculpt3d.models.colmap_find import choose_model
    from sculpt3d.photos.masks import NONE, match_masks

    model, told = choose_model(workspace, number)
    folder = images or images_of(workspace, model)
    found = read_model(model)
    sizes = {
        str(found.images[i].name): found.cameras[found.images[i].camera_id]
        for i in sorted(found.reg_image_ids())
    }
    names = sorted(n for n in sizes if (folder / n).is_file())
    missing = sorted(sizes.keys() - set(names))
    if len(names) < LEAST:
        raise InputError(
            f"{len(names)} of the model's {len(sizes)} photos are in {folder} (missing is {(missing or ['-'])[0]}); "
            "give their folder with --images"
        )
    own = masks or next((f for f in (workspace / "masks", folder.parent / "masks") if f.is_dir()), None)
    matched = NONE if own is None else match_masks(own, names, invert, folder)
    offset = far_offset(found)
    notes = [told] if told else []
    if missing:
        notes.append(
            f"{len(missing)} of the model's {len(sizes)} photos are not in {folder} ({missing[0]}, ...): left out"
        )
    if offset.any():
        shift = ", ".join(f"{v:.10g}" for v in offset)
        notes.append(
            f"the model lies far from the origin; worked on about {shift}, given back in its own coordinates"
        )
    notes += [*matched.sentences(), *_of_masks(matched, folder, names, sizes)]
    pixels = tuple(sizes[n].width * sizes[n].height / 1e6 for n in names)
    return ModelPhotos(model, folder, tuple(names), tuple(missing), matched, pixels, offset, tuple(notes))


def _of_masks(masks: Masks, folder: Path, names: Sequence[str], cameras: Mapping[str, Any]) -> list[str]:
    """Masks of another size, and photos that are masked by themselves."""
    from sculpt3d.photos.masks import size_of_mask
    from sculpt3d.photos.pictures import has_alpha

    told = []
    sizes = {n: size_of_mask(path) for n, path in masks.found.items()}
    scaled = [n for n, size in sizes.items() if size not in {None, (cameras[n].width, cameras[n].height)}]
    if scaled:
        told.append(f"{len(scaled)} masks have another size than their photo ({masks.found[scaled[0]].name}, ...): scaled")
    alone = [n for n in names if n not in masks.found and has_alpha(folder / n)]
    if alone:
        told.append(f"{len(alone)} photos have alpha ({alone[0]}, ...): where it is not full, it is their mask")
    return told


def images_of(workspace: Path, model: Path) -> Path:
    """The folder images/ of a COLMAP workspace."""
    for folder in _beside(workspace, model):
        if folder.is_dir():
            return folder
    raise InputError(
        f"The photos of {workspace} are not in its folder images/; give their folder with --images"
    )


def _beside(workspace: Path, model: Path) -> Sequence[Path]:
    return [top / "images" for top in (workspace, model.parent, model.parent.parent)]
