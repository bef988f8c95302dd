"""A file's bytes as an array that costs no memory: pages come when they are looked at and go when a reader is done with them."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sculpt3d.errors import UnreadableFile
from sculpt3d.types import U8


@dataclass(frozen=True)
class Mapped:
    """data (N,) is read-only and lives as long as somebody holds it. file: its name, for sentences."""

    data: U8
    pages: mmap.mmap
    file: str

    def forget(self, start: int, stop: int) -> None:
        """Those pages are not needed any more; looked at again, they come from the file again."""
        drop = getattr(mmap, "MADV_DONTNEED", None)
        if drop is None or not hasattr(self.pages, "madvise"):  # Windows
            return
        first = -(-start // mmap.PAGESIZE) * mmap.PAGESIZE
        stop = min(stop, len(self.data))
        if stop > first:
            self.pages.madvise(drop, first, stop - first)


def map_file(path: Path) -> Mapped:
    """Raises `UnreadableFile` where the file is empty or may not be read."""
    try:
        with open(path, "rb") as f:
            pages = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
    except ValueError:
        raise UnreadableFile(f"{path.name} is empty; export it again") from None
    except OSError as error:
        raise UnreadableFile(
            f"{path.name} cannot be read ({error.strerror}); check its permissions"
        ) from error
    return Mapped(np.frombuffer(pages, np.uint8), pages, path.name)
