"""Which files of a folder are photos, and what they are called in a project."""

from __future__ import annotations

import os
import re
import zlib
from pathlib import Path

from sculpt3d.errors import InputError
from sculpt3d.photos.kinds import REFUSED, SUFFIXES
from sculpt3d.photos.masks import is_mask_of


def find_photos(folder: Path, apart: tuple[Path, ...] = ()) -> list[str]:
    """Names of files that look like photos, sorted, below `folder` but not below `apart`; RAW files too, to be reported."""
    names = _pictures(folder, apart)
    masks = set(_masks_among(names))
    names = [n for n in names if n not in masks]
    if not names:
        raise InputError(f"{folder} holds no photos (JPEG, PNG, TIFF, HEIC); give the folder that holds them")
    return names


def masks_among_photos(folder: Path, apart: tuple[Path, ...] = ()) -> list[str]:
    """Names of files that are called as masks of the photos beside them."""
    return _masks_among(_pictures(folder, apart))


def _masks_among(names: list[str]) -> list[str]:
    stems = {Path(n).stem.lower() for n in names}
    return [n for n in names if is_mask_of(n, stems - {Path(n).stem.lower()})]


def _pictures(folder: Path, apart: tuple[Path, ...]) -> list[str]:
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}; give the folder that holds the photos")
    not_below = {p.resolve() for p in apart} - {folder.resolve()}
    names = []
    for where, folders, files in os.walk(folder):
        folders[:] = [f for f in folders if f[0] != "." and (Path(where) / f).resolve() not in not_below]
        names += [
            (Path(where) / name).relative_to(folder).as_posix()
            for name in files
            if name[0] != "."
            and Path(name).suffix.lower() in SUFFIXES | REFUSED.keys()
            and (Path(where) / name).is_file()
        ]
    return sorted(names)


def safe_name(name: str) -> str:
    """COLMAP's text files separate by spaces, so names have none; a changed name carries a hash to stay unique."""
    safe = re.sub(r"[^\w./()+-]", "_", name)
    if safe == name:
        return name
    path = Path(safe)
    return path.with_name(f"{path.stem}-{zlib.crc32(os.fsencode(name)):08x}{path.suffix}").as_posix()
