"""Content-keyed steps: a step whose key is known is not done again, a killed one goes on inside its folder."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from pipelines.console import Console
from sculpt3d.errors import InputError, ResourceError
from sculpt3d.files import put, write_atomic
from sculpt3d.photos.pictures import MAX_BYTES
from sculpt3d.progress import Progress
from sculpt3d.system import core_seconds


@dataclass(frozen=True)
class Step:
    """A finished step: its folder, its key, what it cost. Reused ones carry the cost of the run that made them."""

    name: str
    key: str
    path: Path
    seconds: float
    core_seconds: float
    peak_rss_mb: float
    reused: bool

    def facts(self) -> dict[str, str | float | bool]:
        """For report.json."""
        return {k: v for k, v in vars(self).items() if k not in {"key", "path"}}


class Workspace:
    """The folder `work/` of a project. One run at a time: the lock belongs to the process and dies with it."""

    def __init__(self, project: Path, console: Console) -> None:
        self.project, self.root, self.console = project, project / "work", console
        self.steps: list[Step] = []
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(self.root / ".lock", timeout=0)  # for the life of the process
            self._lock.acquire()
        except Timeout:
            raise InputError(
                f"Another run is working in {project}; wait for it to end, or choose another folder with -o"
            ) from None
        except (OSError, NotImplementedError) as error:  # the latter: a network's disk that knows no locks
            reason = getattr(error, "strerror", None) or "its disk knows no locks"
            raise ResourceError(f"Nothing can be written to {project} ({reason}); choose another folder with -o") from error

    def step(
        self, name: str, version: int, work: Callable[[Path, Progress], None], params: Any, inputs: list[str]
    ) -> Step:
        """Do `work(folder, progress)` unless its key (name, version, parameters, inputs' keys) has been done."""
        key = key_of(name, version, params, inputs)
        final, partial = self.root / f"{name}-{key[:12]}", self.root / f".{name}-{key[:12]}"
        self.console.start(name)
        if not final.exists():
            partial.mkdir(exist_ok=True)
            meter = Meter()
            work(partial, self.console.tell)
            cost = meter.stop()
            write_atomic(partial / "step.json", json.dumps({"name": name, "key": key, **cost}).encode())
            put(partial, final)
            found = Step(name, key, final, **cost, reused=False)
        else:
            cost = json.loads((final / "step.json").read_text("utf-8"))
            found = Step(name, key, final, cost["seconds"], cost["core_seconds"], cost["peak_rss_mb"], True)
        self.steps.append(found)
        self.console.done(name, found.seconds, found.reused)
        return found

    def kept(self, name: str) -> Step | None:
        """The finished step of an earlier run, where there is just one of that name."""
        found = [f for f in self.root.glob(f"{name}-*") if (f / "step.json").is_file()]
        if len(found) != 1:
            return None
        cost = json.loads((found[0] / "step.json").read_text("utf-8"))
        step = Step(name, cost["key"], found[0], cost["seconds"], cost["core_seconds"], cost["peak_rss_mb"], True)
        self.steps.append(step)
        return step

    def prune(self) -> None:
        """Remove the folders of steps that this run did not use."""
        used = {step.path for step in self.steps}
        for folder in self.root.iterdir():
            if folder.is_dir() and folder not in used:
                shutil.rmtree(folder, ignore_errors=True)


def key_of(name: str, version: int, params: Any, inputs: list[str]) -> str:
    plain = asdict(params) if is_dataclass(params) and not isinstance(params, type) else params
    text = json.dumps({"name": name, "version": version, "params": plain, "inputs": inputs}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def key_of_files(files: dict[str, Path]) -> str:
    """sha256 over names and contents; of a file that cannot be read, over that."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(os.fsencode(name) + b"\0" + _digest(files[name]))
    return total.hexdigest()


def _digest(path: Path) -> bytes:
    if path.stat().st_size > MAX_BYTES:  # will be left out
        return b"too large"
    try:
        with open(path, "rb") as f:
            return hashlib.file_digest(f, "sha256").digest()
    except PermissionError:
        return b"unreadable"


class Meter:
    """Seconds, core-seconds and the largest resident memory of this process and its children."""

    def __init__(self) -> None:
        self._start, self._cpu, self._peak = time.monotonic(), core_seconds(), 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> dict[str, float]:
        self._ended.set()
        self._thread.join()
        return {
            "seconds": round(time.monotonic() - self._start, 2),
            "core_seconds": round(core_seconds() - self._cpu, 2),
            "peak_rss_mb": round(self._peak, 1),
        }

    def _watch(self) -> None:
        me = psutil.Process()
        while True:
            total = me.memory_info().rss
            for child in me.children(recursive=True):
                try:
                    total += child.memory_info().rss
                except psutil.Error:
                    continue
            self._peak = max(self._peak, total / 1e6)
            if self._ended.wait(0.2):
                return

