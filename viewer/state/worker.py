"""A thread that works beside the window, one thing after another, and never keeps the program from ending."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from sculpt3d.errors import SculptError

T = TypeVar("T")


class Worker:
    """`concurrent.futures` waits at the program's end for what its threads are at, be it a minute."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._work: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def submit(self, work: Callable[[], Any]) -> Future[Any]:
        future: Future[Any] = Future()
        self._work.put((future, work))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        return future

    def close(self) -> None:
        """What is being worked at goes on unheeded; what has not begun is dropped."""
        while not self._work.empty():
            try:
                waiting = self._work.get_nowait()
            except queue.Empty:
                break
            if waiting is not None:
                waiting[0].cancel()
        self._work.put(None)

    def _run(self) -> None:
        while (todo := self._work.get()) is not None:
            future, work = todo
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)


def tried(work: Callable[[], T], otherwise: Callable[[str], T]) -> T:
    """Of a worker: whatever goes wrong is a sentence, and no end of the window."""
    try:
        return work()
    except SculptError as error:
        return otherwise(str(error))
    except Exception as error:
        return otherwise(f"That could not be computed ({type(error).__name__}: {str(error)[:200]})")
