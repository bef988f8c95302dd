"""Ctrl-C and SIGTERM end the process at once: what is on disk is whole, and native code cannot be asked to stop."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading

from sculpt3d.system import signal_line, stop_signals

STOPPED = 130


def stop_on_signals() -> None:
    """To be called once, from the main thread of the command.

    The handler itself does nothing, since Python runs it only between two steps of its own, seconds late where the main
    thread is inside a library; the bytes that the C handler writes wake a thread that ends the process.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    wake = signal_line()
    for number in stop_signals():
        signal.signal(number, lambda *_: None)
    threading.Thread(target=_wait, args=(wake,), daemon=True).start()


def _wait(wake: socket.socket) -> None:
    while not set(wake.recv(64)) & set(stop_signals()):
        pass
    with contextlib.suppress(OSError):
        sys.stderr.write("\nStopped. Run the same command again to go on where it was.\n")
        sys.stderr.flush()
    leave(STOPPED)


def leave(code: int) -> None:
    """End this process and its children now."""
    import psutil

    with contextlib.suppress(psutil.Error):
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                child.kill()
    os._exit(code)
