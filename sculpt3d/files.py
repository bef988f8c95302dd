"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def write_atomic(path: Path, data: bytes | memoryview) -> None:
    """Write through a temporary name in the same folder, so that the file appears whole or not at all."""
    write_parts(path, [data])


def write_parts(path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """The same for what is made piece by piece."""
    temporary = path.with_name(f".{path.name}.part")
    with open(temporary, "wb") as f:
        for part in parts:
            f.write(part)
    os.replace(temporary, path)
