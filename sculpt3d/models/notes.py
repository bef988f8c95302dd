"""What a model's reader could not keep, said in every command alike."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable


def tell(notes: Iterable[str]) -> None:
    """Each sentence once, a line on stderr."""
    with contextlib.suppress(OSError):  # nobody reads
        for note in dict.fromkeys(notes):
            print(f"note: {note}", file=sys.stderr)
