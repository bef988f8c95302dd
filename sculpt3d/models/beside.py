"""Files that a model names: found beside or below it whatever the separators and the case, and nowhere else."""

from __future__ import annotations

from itertools import islice
from pathlib import Path, PureWindowsPath

import numpy as np

from sculpt3d.errors import UnreadableFile
from sculpt3d.types import U8

MAX_TEXELS = 16384 * 16384
_LONGEST = 1024  # letters of a name
_MANY = 1000  # files of a folder that are looked through for folders


def find_beside(folder: Path, name: str) -> Path | None:
    """The file `name` in or below `folder`; a path from another machine is looked for by its last word."""
    wanted = PureWindowsPath(name.strip().strip("\"'"))  # knows both kinds of separators, and drives
    if not wanted.name or len(str(wanted)) > _LONGEST or "\0" in name:
        return None
    steps = [s for s in wanted.parts if s not in {".", wanted.anchor}]
    inside = None if wanted.anchor or ".." in steps else _descend(folder, steps)
    return inside or _descend(folder, [wanted.name]) or _one_below(folder, wanted.name)


def _one_below(folder: Path, name: str) -> Path | None:
    """In `textures/`, `maps/` or whatever the folder for it is called."""
    try:
        below = sorted(p for p in islice(folder.iterdir(), _MANY) if p.is_dir() and not p.is_symlink())
    except OSError:
        return None
    return next((found for p in below if (found := _descend(p, [name]))), None)


def _descend(folder: Path, steps: list[str]) -> Path | None:
    at = folder
    try:
        for step in steps:
            if (at / step).exists():
                at = at / step
                continue
            same = [p for p in at.iterdir() if p.name.casefold() == step.casefold()]
            if not same:
                return None
            at = min(same)
        return at if at.is_file() and at.resolve().is_relative_to(folder.resolve()) else None
    except (OSError, RuntimeError):  # too long, not allowed, links in a circle
        return None


class Pictures:
    """The pictures that one model names, each decoded once; `notes` takes what is missing or broken."""

    def __init__(self, folder: Path, notes: list[str]) -> None:
        self._folder, self._notes = folder, notes
        self._known: dict[str, U8 | None] = {}

    def read(self, name: str) -> U8 | None:
        """(H, W, 3), or (H, W, 4) where the file has an alpha; None, with a note, where it cannot be had."""
        if name not in self._known:
            self._known[name] = self._read(name)
        return self._known[name]

    def _read(self, name: str) -> U8 | None:
        path = find_beside(self._folder, name)
        shown = name if name.isprintable() and len(name) < 200 else ascii(name)[:200]
        if path is None:
            self._notes.append(f"the picture {shown} is not beside the model: its surfaces are without it")
            return None
        try:
            return read_picture(path)
        except UnreadableFile as error:
            self._notes.append(f"{error}; its surfaces are without it")
            return None


def read_picture(path: Path) -> U8:
    """(H, W, 3) sRGB, or (H, W, 4) where the file has an alpha that is not all full."""
    from sculpt3d.photos.pictures import read_photo  # HEIC, TIFF, colour spaces: slow to load

    found = read_photo(path)
    if found.pixels.shape[0] * found.pixels.shape[1] > MAX_TEXELS:
        raise UnreadableFile(f"the picture {path.name} is larger than {MAX_TEXELS} pixels; reduce it")
    return found.pixels if found.alpha is None else np.dstack([found.pixels, found.alpha])
