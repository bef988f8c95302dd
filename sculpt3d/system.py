"""Where operating systems differ: children, signals, costs, folders, links, long paths.

Children are tied to this process, however it ends: by a job object on Windows, elsewhere by a pipe that `_leash.py` watches.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sculpt3d import _leash

if sys.platform == "win32":
    from sculpt3d import _job

_LEASH = str(Path(_leash.__file__))
_LONGEST = 259  # characters of a path where Windows has not been told to take longer ones
_OWN_NAMES = 90  # characters of what a run writes below its folder, beside the photos' own names
_ABORTED = 3  # what Windows' C library leaves with when a program gives up
OUT_OF_MEMORY = 9  # the signal by which Linux takes memory back


class Child(subprocess.Popen[bytes]):
    """A process that does not outlive ours. It reads nothing."""

    def __init__(self, command: Sequence[str], **how: Any) -> None:
        self._line: int | None = None
        if sys.platform == "win32":
            super().__init__(command, stdin=subprocess.DEVNULL, **how)
            _job.tie(int(getattr(self, "_handle")))  # noqa: B009  (not in its types)
            return
        held, self._line = os.pipe()
        try:
            super().__init__([sys.executable, "-I", "-S", _LEASH, *command], stdin=held, **how)
        finally:
            os.close(held)

    def kill(self) -> None:
        """End it now, and what it started."""
        if self._line is None:
            super().kill()
        self._let_go()

    def __exit__(self, *failure: Any) -> None:
        if failure[0] is not None:
            self.kill()
        super().__exit__(*failure)
        self._let_go()

    def _let_go(self) -> None:
        if self._line is not None:
            os.close(self._line)
            self._line = None


def run(
    command: Sequence[str], timeout: float | None = None, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> tuple[int, str, str]:
    """Exit code, output and complaints of a program that ends with us. Raises `OSError`, `subprocess.TimeoutExpired`."""
    with Child(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd, env=env) as child:
        said, complained = child.communicate(timeout=timeout)
    return child.returncode, said.decode(errors="replace"), complained.decode(errors="replace")


def crash(code: int) -> int | None:
    """The signal (elsewhere than on Windows) or exception code by which a child ended; None where it left by itself."""
    if sys.platform == "win32":
        return code if code & 0xC0000000 == 0xC0000000 or code == _ABORTED else None
    return code - _leash.BY_SIGNAL if code > _leash.BY_SIGNAL else -code if code < 0 else None


def stop_signals() -> tuple[signal.Signals, ...]:
    """By which people and systems ask a process to end."""
    if sys.platform == "win32":
        return signal.SIGINT, signal.SIGTERM, signal.SIGBREAK  # the last: the window is closed, or the machine shut down
    return signal.SIGINT, signal.SIGTERM


def signal_line() -> socket.socket:
    """A socket on which the number of each signal arrives as a byte, also while the main thread is in native code."""
    wake, woken = socket.socketpair()  # Windows takes no pipe that does not block
    woken.setblocking(False)
    signal.set_wakeup_fd(woken.detach(), warn_on_full_buffer=False)
    return wake


def core_seconds() -> float:
    """Of this process and its children that have ended."""
    if sys.platform == "win32":
        return float(sum(os.times()[:2])) + _job.children_seconds()
    return float(sum(os.times()[:4]))


def sync_folder(folder: Path) -> None:
    """Bring a rename in it to the disk; Windows cannot open folders and orders renames itself."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def linked(link: Path, target: str) -> bool:
    """Whether `link` leads to `target` (relative to it) now; Windows allows links only to some."""
    try:
        if link.is_symlink():
            link.unlink()
        link.symlink_to(target, target_is_directory=True)
    except OSError:
        return False
    return True


def too_long(folder: Path, longest_name: int) -> bool:
    """Whether files of names of that many characters would lie too deep below `folder` for this system."""
    if sys.platform == "win32" and not long_paths():
        return len(str(folder.absolute())) + _OWN_NAMES + longest_name > _LONGEST
    return False


def long_paths() -> bool:
    """Whether paths may be longer than 259 characters; on Windows its administrator decides."""
    if sys.platform != "win32":
        return True
    import winreg

    with contextlib.suppress(OSError), winreg.OpenKey(
        winreg.HKEY_LOCAL_MACHINE, r"SYSTEM\CurrentControlSet\Control\FileSystem"
    ) as key:
        return bool(winreg.QueryValueEx(key, "LongPathsEnabled")[0])
    return False
