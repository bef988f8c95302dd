"""Loaded by every Python that has this folder on PYTHONPATH: what Windows refuses is refused to our modules here too.

POSIX-only modules and names do not exist for them, `Popen` takes no `preexec_fn`, text without a named encoding is an error; and
for the whole process nothing open, mapped or write-protected is replaced or removed, no folder is put in another's place, no file
gets a name that Windows lacks.
"""

from __future__ import annotations

import builtins
import errno
import importlib
import os
import shutil
import stat
import subprocess
import sys
import types
import warnings
from collections.abc import Iterator
from typing import Any

OURS = ("sculpt3d", "pipelines", "viewer")
_NOT_THERE = {
    "": "crypt fcntl grp nis posix posixpath pty pwd resource spwd syslog termios tty _posixsubprocess",
    "os": "chown chroot confstr ctermid fchmod fchown fork forkpty fstatvfs getegid geteuid getgid getgroups getloadavg getpgid "
    "getpgrp getpriority getsid getuid kill killpg lchown mkfifo mknod nice O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_SYNC pathconf "
    "posix_fadvise posix_fallocate posix_spawn pread pwrite sched_getaffinity sched_setaffinity sched_yield sendfile "
    "set_blocking setgid setpgid setpriority setsid setuid statvfs sync sysconf tcgetpgrp ttyname uname wait wait3 wait4 waitid",
    "signal": "SIGALRM SIGBUS SIGCHLD SIGCONT SIGHUP SIGIO SIGKILL SIGPIPE SIGPROF SIGQUIT SIGSTOP SIGSYS SIGTSTP SIGTTIN "
    "SIGTTOU SIGUSR1 SIGUSR2 SIGWINCH alarm pause pthread_kill pthread_sigmask setitimer siginterrupt sigpending sigwait",
    "mmap": "MADV_DONTNEED MADV_NORMAL MADV_RANDOM MADV_SEQUENTIAL MADV_WILLNEED MAP_PRIVATE MAP_SHARED",
}  # os.kill is there, but any number except two ends the process
NAMES = {module: set(names.split()) for module, names in _NOT_THERE.items()}
MODULES = NAMES.pop("")
POPEN = {"preexec_fn", "pass_fds", "start_new_session", "process_group", "user", "group", "extra_groups", "umask"}
LETTERS = set('<>:"|?*\\')


class Windows(types.ModuleType):
    """A module without what Windows does not have of it."""

    def __init__(self, whole: types.ModuleType, missing: set[str]) -> None:
        super().__init__(whole.__name__)
        self.__dict__.update({"_whole": whole, "_missing": missing})

    def __getattr__(self, name: str) -> Any:
        if name in self.__dict__["_missing"]:
            raise AttributeError(f"module '{self.__name__}' has no attribute '{name}' on Windows")
        return getattr(self.__dict__["_whole"], name)


SEEN = {name: Windows(importlib.import_module(name), missing) for name, missing in NAMES.items()}
_import, _popen = builtins.__import__, subprocess.Popen.__init__


def _as_there(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
    if (globals or {}).get("__name__", "").split(".")[0] in OURS or _is_our_program(globals):
        if name in MODULES and level == 0:
            raise ModuleNotFoundError(f"No module named '{name}' on Windows", name=name)
        if name in SEEN and level == 0:
            return SEEN[name]
    return _import(name, globals, locals, fromlist, level)


def _is_our_program(globals: Any) -> bool:
    spec = (globals or {}).get("__spec__")
    return spec is not None and (globals or {}).get("__name__") == "__main__" and spec.name.split(".")[0] in OURS


def _start(self: Any, *arguments: Any, **options: Any) -> None:
    refused = sorted(name for name in POPEN & set(options) if options[name])
    if refused:
        raise ValueError(f"{refused} is not supported on Windows platforms")
    _popen(self, *arguments, **options)


def _refuse(event: str, given: tuple[Any, ...]) -> None:
    """An audit hook: what it raises, the call raises."""
    if event == "os.rename":
        source, target = _path(given[0]), _path(given[1])
        _free(source)
        if os.path.exists(target):
            if os.path.isdir(target):
                raise PermissionError(errno.EACCES, "A folder is there, as on Windows", target)
            _free(target)
            _writable(target)
    elif event in ("os.remove", "os.rmdir"):
        _free(_path(given[0]))
        if event == "os.remove":
            _writable(_path(given[0]))
    elif event == "os.symlink":
        raise OSError(errno.EPERM, "A required privilege is not held, as on Windows", _path(given[1]))
    elif (event == "os.mkdir" or (event == "open" and _creates(given[2]))) and isinstance(given[0], (str, bytes)):
        name = os.fsdecode(given[0])
        if LETTERS & set(os.path.basename(name)):
            raise OSError(errno.EINVAL, "No such name, as on Windows", name)


def _creates(flags: Any) -> bool:
    return isinstance(flags, int) and bool(flags & os.O_CREAT)


def _path(given: Any) -> str:
    return os.path.realpath(os.path.dirname(text)) + os.sep + os.path.basename(text) if (text := os.fsdecode(given)) else ""


def _writable(path: str) -> None:
    if os.path.isfile(path) and not os.stat(path).st_mode & stat.S_IWUSR:
        raise PermissionError(errno.EACCES, "Write-protected, as on Windows", path)


def _free(path: str) -> None:
    for process in _family():
        for held in _held(process):
            if held == path or held.startswith(path + os.sep):
                raise PermissionError(errno.EACCES, "In use (open or mapped), as on Windows", held)


def _family() -> Iterator[str]:
    """This process and those it started."""
    waiting = ["self"]
    while waiting:
        process = waiting.pop()
        yield process
        try:
            threads = os.listdir(f"/proc/{process}/task")
            for thread in threads:
                with open(f"/proc/{process}/task/{thread}/children", "rb") as f:
                    waiting += f.read().decode().split()
        except OSError:
            continue


def _held(process: str) -> Iterator[str]:
    try:
        handles = os.listdir(f"/proc/{process}/fd")
        with open(f"/proc/{process}/maps", "rb") as f:
            maps = [os.fsdecode(line.split(None, 5)[-1].rstrip(b"\n")) for line in f if b"/" in line]
    except OSError:
        return
    yield from maps
    for handle in handles:
        try:
            yield os.readlink(f"/proc/{process}/fd/{handle}")
        except OSError:
            continue


if sys.platform == "linux":
    builtins.__import__ = _as_there
    subprocess.Popen.__init__ = _start  # type: ignore[method-assign]
    warnings.filterwarnings("error", category=EncodingWarning, module=rf"({'|'.join(OURS)})(\.|$)")
    shutil._use_fd_functions = False  # type: ignore[attr-defined]  # as there: by path, not relative to a handle
    sys.addaudithook(_refuse)

