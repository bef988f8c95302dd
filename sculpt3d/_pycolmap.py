"""pycolmap, loaded so that it leaves the process as it was: zlib whole, its log quiet, signals ours."""

import contextlib
import signal
import zlib  # noqa: F401  (pycolmap imported before zlib breaks zlib in the process)

_before = signal.getsignal(signal.SIGTERM)

import pycolmap  # noqa: E402

pycolmap.logging.minloglevel = 3
with contextlib.suppress(ValueError):  # not the main thread
    # It answers SIGTERM with a stack trace.
    signal.signal(signal.SIGTERM, _before if _before is not None else signal.SIG_DFL)

__all__ = ["pycolmap"]
