"""Child processes that do not outlive their parent: a killed run leaves no work behind that nobody waits for."""

from __future__ import annotations

import contextlib
import ctypes
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Called by a child as it starts. Linux only; elsewhere a child of a killed run ends its one piece of work."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
