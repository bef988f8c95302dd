"""What takes long runs beside the window, which stays alive; what comes of it is taken up between two frames."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sculpt3d.errors import SculptError


@dataclass
class _Job:
    says: str
    then: Callable[[Any], None]
    thread: threading.Thread | None = None
    result: list[Any] = field(default_factory=list)
    error: BaseException | None = None


class Jobs:
    """failed: told of an error that a job ended with, as one sentence. One job of a kind at a time: a newer one's result alone
    counts."""

    def __init__(self, failed: Callable[[BaseException], None]) -> None:
        self._failed = failed
        self._jobs: dict[str, _Job] = {}

    @property
    def busy(self) -> tuple[str, ...]:
        """What is being worked at, in words."""
        return tuple(job.says for job in self._jobs.values())

    def start(self, kind: str, says: str, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        job = _Job(says, then)
        job.thread = threading.Thread(target=_run, args=(job, work), daemon=True)
        self._jobs[kind] = job
        job.thread.start()

    def running(self, kind: str) -> bool:
        return kind in self._jobs

    def take(self) -> bool:
        """Hand over what is done; whether anything was."""
        done = [k for k, job in self._jobs.items() if job.thread is not None and not job.thread.is_alive()]
        for kind in done:
            job = self._jobs.pop(kind)
            if job.error is not None:
                self._failed(job.error)
            else:
                job.then(job.result[0])
        return bool(done)

    def wait(self) -> None:
        """Until nothing is left to do."""
        while self._jobs:
            for job in list(self._jobs.values()):
                assert job.thread is not None
                job.thread.join()
            self.take()


def _run(job: _Job, work: Callable[[], Any]) -> None:
    try:
        job.result.append(work())
    except BaseException as error:  # told in the window, whatever it is
        job.error = error


def sentence(error: BaseException) -> str:
    """For a person."""
    if isinstance(error, SculptError):
        return str(error)
    if isinstance(error, MemoryError):
        return "There is not enough memory for this; close other programs, or take a smaller model"
    return f"{type(error).__name__}: {error}" if not isinstance(error, OSError) else str(error)
