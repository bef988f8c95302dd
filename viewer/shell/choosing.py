"""A file that is to be chosen, and what a folder has of its kind; without a window."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_MOST = 2000  # entries of a folder that are listed


@dataclass(frozen=True)
class Wanted:
    """What a file is chosen for. order: the command it goes behind. saves: a new file. endings: those shown; the first is put
    behind a name without one. path: what stands in the field."""

    order: str
    title: str
    endings: tuple[str, ...]
    path: Path
    saves: bool = False


def ended(path: Path, wanted: Wanted) -> Path:
    """A name to save under has an ending."""
    if not wanted.saves or path.suffix.lower() in wanted.endings or path.is_dir():
        return path
    return path.with_name(path.name + wanted.endings[0])


def listed(folder: Path, endings: tuple[str, ...]) -> list[tuple[str, bool]]:
    """Names in a folder and whether each is a folder: folders first; files of these endings alone."""
    try:
        with os.scandir(folder) as entries:
            found = [(e.name, e.is_dir()) for e, _k in zip(entries, range(_MOST), strict=False)]
    except OSError:
        return []
    shown = [(n, d) for n, d in found if not n.startswith(".") and (d or n.lower().endswith(endings))]
    return sorted(shown, key=lambda entry: (not entry[1], entry[0].lower()))
