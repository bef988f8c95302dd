"""The one reader of masks, and which mask belongs to which photo: white is the object."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sculpt3d.errors import InputError, UnreadableFile
from sculpt3d.photos.kinds import SUFFIXES
from sculpt3d.photos.pictures import read_levels
from sculpt3d.types import U8

MOST = 200_000  # files looked at below a folder of masks
LOOKED_AT = 12  # masks, spread over the set, that tell whether they are turned inside out


@dataclass(frozen=True)
class Masks:
    """found: mask file by photo name; without: photos that have none; unused: files that fit no photo; doubled: photos with
    several, of which the first in `found` is taken; invert: black is the object."""

    found: dict[str, Path]
    without: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    invert: bool = False

    def sentences(self) -> list[str]:
        """What a person should know."""
        told: list[str] = []
        if self.without and self.found:
            told.append(
                f"{len(self.without)} photos have no mask ({_some(self.without)}); they are used whole, or by alpha of their own"
            )
        if self.unused:
            told.append(f"{len(self.unused)} masks fit no photo ({_some(self.unused)})")
        if self.doubled:
            told.append(
                f"{len(self.doubled)} photos have several masks; for {self.doubled[0]} it is {self.found[self.doubled[0]].name}"
            )
        return told


NONE = Masks({})


def match_masks(
    folder: Path, names: Sequence[str], invert: bool | None = None, photos: Path | None = None
) -> Masks:
    """Masks of photos `names` in `folder` or its subfolders: NAME.png, NAME.jpg.png, NAME_mask.png, mask_NAME.png, any picture
    format, upper or lower case; `photos`, the folder of the photos themselves, may be the same.

    invert: None, where nobody said: raises `InputError` if the masks look turned inside out, as it does if all are black.
    """
    if not folder.is_dir():
        raise InputError(
            f"There is no masks folder {folder}; give the folder that holds them, or leave --masks out"
        )
    known = _index(folder, set() if photos is None else {(photos / n).resolve() for n in names})
    found, doubled, used = {}, [], set[Path]()
    for name in names:
        fits = [p for key in _keys(name) for p in known.get(key, ())]
        fits = list(dict.fromkeys(fits))
        used.update(fits)
        if fits:
            found[name] = fits[0]
            if len(fits) > 1:
                doubled.append(name)
    if not found:
        first = Path(names[0])
        raise InputError(
            f"No mask in {folder} bears a photo's name; a mask of {first.name} is called {first.name}.png, {first.stem}.png or "
            f"{first.stem}_mask.png"
        )
    unused = sorted({p.name for group in known.values() for p in group if p not in used})
    if invert is None:
        _ask(found, folder)
    if not any(_shows_something(path, bool(invert)) for path in found.values()):
        raise InputError(f"All masks in {folder} are black; paint the object white")
    without = tuple(n for n in names if n not in found)
    return Masks(found, without, tuple(unused), tuple(doubled), bool(invert))


def prepared_masks(folder: Path | None) -> Masks:
    """Our own, NAME.png each."""
    if folder is None or not folder.is_dir():
        return NONE
    return Masks({p.relative_to(folder).as_posix()[:-4]: p for p in sorted(folder.rglob("*.png"))})


def is_mask_of(name: str, others: set[str]) -> bool:
    """Whether a file among photos is called as a mask of one of them (stems in lower case)."""
    stem = Path(name).stem.lower()
    for before, after in (("mask_", ""), ("mask-", ""), ("", "_mask"), ("", "-mask"), ("", ".mask"), ("", " mask")):
        if stem.startswith(before) and stem.endswith(after) and len(stem) > len(before) + len(after):
            inner = stem[len(before) : len(stem) - len(after)]
            if inner in others or Path(inner).stem in others:
                return True
    return False


def read_mask(path: Path, size: tuple[int, int] | None = None, invert: bool = False) -> U8:
    """(H, W), 255 = object. size: width and height to bring it to; raises `UnreadableFile` where its shape is another one.

    A file's alpha counts where it has any; else what is brighter than half of its brightest, whatever its depth.
    """
    levels, alpha = read_levels(path)
    mask = as_mask(levels if alpha is None else alpha)
    if invert:
        mask = np.asarray(255 - mask, np.uint8)
    return mask if size is None else fitted(mask, size, path.name)


def as_mask(plane: NDArray[Any]) -> U8:
    """(H, W) of any depth -> 0 and 255: split at half of the largest, so that 0/1, 0/255 and 0/65535 all count."""
    top = float(plane.max(initial=0))
    faint = plane.dtype == np.uint8 and 1 < top < 32  # black with the noise of a JPEG
    return np.where((plane > top / 2) & (not faint), 255, 0).astype(np.uint8)


def size_of_mask(path: Path) -> tuple[int, int] | None:
    """Width and height, from the file's header; None where that does not say it."""
    try:
        with Image.open(path) as opened:
            return opened.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def fitted(mask: U8, size: tuple[int, int], name: str) -> U8:
    """Brought to (width, height); `UnreadableFile` where it was made from a turned or cut photo."""
    if mask.shape == size[::-1]:
        return mask
    if abs(mask.shape[1] / mask.shape[0] * size[1] / size[0] - 1) > 0.02:
        raise UnreadableFile(
            f"its mask {name} is {mask.shape[1]}x{mask.shape[0]}, the photo {size[0]}x{size[1]} pixels; "
            "make the mask from the photo as stored, without turning it"
        )
    return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST), np.uint8)


def _index(folder: Path, photos: set[Path]) -> dict[tuple[str, str], list[Path]]:
    """Files by (folder below `folder`, name without its last ending), in lower case; not the photos themselves."""
    known: dict[tuple[str, str], list[Path]] = {}
    count = 0
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if f[0] != ".")
        below = Path(where).relative_to(folder).as_posix().lower()
        for name in sorted(files):
            path = Path(where) / name
            count += 1
            if path.resolve() in photos:
                continue
            if name[0] != "." and path.suffix.lower() in SUFFIXES and count <= MOST:
                known.setdefault(("" if below == "." else below, path.stem.lower()), []).append(path)
    return known


def _keys(name: str) -> list[tuple[str, str]]:
    """Where a photo's mask may be, the likeliest first: in a folder like its own, or at the top."""
    path = Path(name.lower())
    own = "" if path.parent.as_posix() == "." else path.parent.as_posix()
    full, stem = path.name, path.stem
    names = [full, stem]
    for base in (stem, full):
        names += [f"{base}_mask", f"{base}-mask", f"{base}.mask", f"{base} mask", f"mask_{base}", f"mask-{base}"]
    return [(where, n) for where in dict.fromkeys((own, "")) for n in names]


def _ask(found: dict[str, Path], folder: Path) -> None:
    """Raises `InputError` where most masks show a black thing in a white frame."""
    paths = list(found.values())
    some = [paths[i] for i in np.unique(np.linspace(0, len(paths) - 1, LOOKED_AT).round().astype(int))]
    masks = [m for m in map(_readable, some) if m is not None]
    turned = sum(_looks_turned(m) for m in masks)
    if turned >= 3 and turned >= 0.75 * len(masks):
        raise InputError(
            f"The masks in {folder} seem turned inside out: black in the middle, white all round. White must be the object; "
            "add --invert-masks if black is, or --no-invert-masks if they are right"
        )


def _readable(path: Path) -> U8 | None:
    """What cannot be read is said where its photo is."""
    try:
        return read_mask(path)
    except UnreadableFile:
        return None


def _shows_something(path: Path, invert: bool) -> bool:
    mask = _readable(path)
    return mask is None or bool((mask == (0 if invert else 255)).any())


def _looks_turned(mask: U8) -> bool:
    """A black thing that no border cuts; or one in the middle, with white along the borders more than elsewhere.

    None of 58 right masks of two museum's and three rendered sets, and all 58 when they were turned.
    """
    black = cv2.resize(mask, (64, 64), interpolation=cv2.INTER_AREA) < 128
    rim = float(np.concatenate([black[0], black[-1], black[:, 0], black[:, -1]]).mean())
    share, middle = float(black.mean()), float(black[21:43, 21:43].mean())
    if not 0.003 < share < 0.95:
        return False
    return rim <= 0.02 or (middle > 0.75 and rim < min(0.85, share))


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
