"""The `sculpt3d` command."""

from __future__ import annotations

import argparse
import contextlib
import errno
import io
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pipelines.arguments import parser
from pipelines.stopping import stop_on_signals
from sculpt3d.errors import SculptError

EXIT_INPUT = 2
_FULL, _FREE_SOME = "The disk is full", "free some space and run the same command again to go on"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0, 2 (one sentence says what to do) or 130 (stopped)."""
    _say_what_can_be_said()
    options = parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    stop_on_signals()
    try:
        code = command(options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever read what is printed has gone (`| head`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except SculptError as error:
        _complain(str(error))
    except MemoryError:
        _complain("memory ran out; close other programs, lower --memory, or use --preset draft")
    except OSError as error:
        _complain(_os_sentence(error))
    except Exception as error:
        _complain(_unexpected(error, _nearest_folder(options)))
    return EXIT_INPUT


def _say_what_can_be_said() -> None:
    """A name with letters that the terminal's or pipe's encoding lacks is shown with escapes; it costs no run."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


def _complain(sentence: str) -> None:
    with contextlib.suppress(OSError):  # nobody reads
        print(f"sculpt3d: {sentence}", file=sys.stderr, flush=True)


def _unexpected(error: Exception, folder: Path) -> str:
    """Native libraries report a full disk as whatever they were doing; the rest is a defect of ours, kept for a report."""
    import tempfile
    import traceback

    if shutil.disk_usage(folder).free < 50_000_000 or "disk" in str(error).lower():
        return f"{_FULL}; {_FREE_SOME}"
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="sculpt3d-", suffix=".log", delete=False) as log:
        traceback.print_exc(file=log)
    return f"Something unforeseen happened ({type(error).__name__}); please report it with {log.name}"


def _nearest_folder(options: argparse.Namespace) -> Path:
    """Where the command writes, or the folder around it that exists."""
    wanted = Path(getattr(options, "output", None) or ".").resolve()
    return next(folder for folder in (wanted, *wanted.parents) if folder.is_dir())


def _os_sentence(error: OSError) -> str:
    where = error.filename or "the disk"
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return f"{_FULL}{f' ({error.filename})' if error.filename else ''}; {_FREE_SOME}"
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"No permission for {where}; choose a folder you may write to with -o"
    return f"{where}: {error.strerror or error}; check the path and run the same command again"


if __name__ == "__main__":
    sys.exit(main())
