"""`njit` for this project's kernels, with a cache of compiled code that knows what it was compiled from.

Numba keeps a kernel's machine code by that kernel's own file: after a change to a helper in another module it would go on
running the old one. Here the cache's folder is named by the sources of all modules.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import numba

njit = numba.njit


def cache_folder() -> Path:
    """The user's cache, a folder for each state of the sources."""
    total = hashlib.sha256()
    here = Path(__file__).parent
    for path in [*sorted(here.rglob("*.py")), *sorted((here.parent / "viewer" / "detail").glob("*.py"))]:
        total.update(path.read_bytes())
    home = Path.home() / ("AppData/Local" if sys.platform == "win32" else ".cache")
    return Path(os.environ.get("XDG_CACHE_HOME", home)) / "sculpt3d" / "kernels" / total.hexdigest()[:16]


if not numba.config.CACHE_DIR:
    numba.config.CACHE_DIR = str(cache_folder())

__all__ = ["cache_folder", "njit"]
