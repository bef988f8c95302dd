"""Run a program that ends with whoever holds the other end of our standard input: `_leash.py PROGRAM ARGUMENT...`.

Where systems have neither job objects nor a death signal. A process of its own, since a thread of the program's would not get its
turn while native code holds the interpreter. Nothing but the standard library's smallest part: it starts in 15 ms.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

NOT_STARTED, BY_SIGNAL = 127, 128  # as shells tell them


def _main(command: list[str]) -> int:
    for number in (signal.SIGINT, signal.SIGTERM):  # meant for whoever holds us
        signal.signal(number, lambda *_: None)
    try:
        program = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return NOT_STARTED
    threading.Thread(target=_end_when_let_go, args=(program,), daemon=True).start()
    code = program.wait()
    return code if code >= 0 else BY_SIGNAL - code


def _end_when_let_go(program: subprocess.Popen[bytes]) -> None:
    os.read(0, 1)
    program.kill()


if __name__ == "__main__":
    os._exit(_main(sys.argv[1:]))
