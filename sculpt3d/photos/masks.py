"""Which mask belongs to which photo."""

from __future__ import annotations

from pathlib import Path

from sculpt3d.errors import InputError


def match_masks(masks: Path, names: list[str]) -> dict[str, Path]:
    """Photo name -> mask file `NAME.png` (stem) or `NAME.jpg.png`."""
    if not masks.is_dir():
        raise InputError(
            f"There is no masks folder {masks}; give the folder that holds them, or leave --masks out"
        )
    found = {name: mask for name in names if (mask := find_mask(masks, name)) is not None}
    if not found:
        raise InputError(
            f"No mask in {masks} bears a photo's name; a mask of {names[0]} is called {names[0]}.png"
        )
    return found


def find_mask(masks: Path, name: str) -> Path | None:
    """The mask of photo `name` in folder `masks`: `photo.jpg.png` or `photo.png`."""
    for candidate in (masks / f"{name}.png", (masks / name).with_suffix(".png")):
        if candidate.is_file():
            return candidate
    return None
