"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from sculpt3d.errors import ResourceError

_TRIES, _PAUSE = 20, 0.1  # seconds: Windows' virus scanner and indexer hold new files for moments


def put(made: Path, place: Path) -> None:
    """Rename the file or folder `made`, which nobody has open, to `place` on the same disk; a file there is replaced."""
    for _ in range(_TRIES if sys.platform == "win32" else 1):
        try:
            os.replace(made, place)
            return
        except PermissionError:
            if sys.platform != "win32":
                raise
            time.sleep(_PAUSE)
    raise ResourceError(f"{place} is open in another program; close it there and run the same command again")


def write_atomic(path: Path, data: bytes | memoryview) -> None:
    """Write through a temporary name in the same folder, so that the file appears whole or not at all."""
    write_parts(path, [data])


def write_parts(path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """The same for what is made piece by piece."""
    temporary = path.with_name(f".{path.name}.part")
    with open(temporary, "wb") as f:
        for part in parts:
            f.write(part)
    put(temporary, path)
