"""Small models of every kind spoilt at random, read one after another: `python -m tests.mesh_mutants COUNT FOLDER`.

Each must become a document or one sentence, within 10 s and 2 GB. A failure is printed with the file that shows it.
"""

from __future__ import annotations

import resource
import signal
import sys
import traceback
import warnings
from pathlib import Path
from types import FrameType

import numpy as np

from sculpt3d.errors import UnreadableFile
from sculpt3d.models.read import read_document
from tests.mesh_files import seeds

SECONDS, BYTES = 10, 2 << 30
_WORDS = (b"nan", b"-1", b"0", b"99999999999", b"1e400", b"4294967295", b"list", b"\n", b" ", b"\\\n", b"/", b"//", b"#",
          b"\r", b"\0", b"v ", b"f ", b"end_header\n", b"element face 7\n", b"3", b"255", b",", b";", b"usemtl x\n")  # fmt: skip


def mutant(data: bytes, random: np.random.Generator) -> bytes:
    """A few bytes changed, a word put in, a stretch cut out, doubled or moved, or the end missing."""
    found = bytearray(data)
    for _ in range(int(random.integers(1, 3))):
        at = (
            int(random.integers(0, len(found) + 1))
            if random.random() < 0.6
            else int(random.integers(0, min(len(found), 400) + 1))
        )
        to = min(len(found), at + int(random.integers(1, 24)))
        kind = random.integers(0, 6)
        if kind == 0:
            found[at:to] = random.integers(0, 256, to - at, dtype=np.uint8).tobytes()
        elif kind == 1:
            found[at:at] = _WORDS[random.integers(len(_WORDS))]
        elif kind == 2:
            del found[at:to]
        elif kind == 3:
            found[at:at] = found[at:to] * int(random.integers(1, 30))
        elif kind == 4:
            found[at:to] = _WORDS[random.integers(len(_WORDS))]
        elif random.random() < 0.3:
            del found[at:]
    return bytes(found)


def _late(number: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"more than {SECONDS} s")


def main(count: int, folder: Path) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    warnings.simplefilter("error")
    signal.signal(signal.SIGALRM, _late)
    known = seeds(folder)
    read = refused = wrong = 0
    for k in range(count):
        name, data = known[k % len(known)]
        path = folder / f"mutant-{name}"
        path.write_bytes(mutant(data, np.random.default_rng(k)))
        signal.alarm(SECONDS)
        try:
            document = read_document(path)
            assert all(np.isfinite(p.vertices).all() for p in document.parts)
            assert all(p.faces.size == 0 or p.faces.max() < len(p.vertices) for p in document.parts)
            read += 1
        except UnreadableFile as error:
            assert str(error).startswith(path.name), error
            refused += 1
        except BaseException:
            wrong += 1
            print(f"{k} {name}")
            traceback.print_exc(file=sys.stdout)
        finally:
            signal.alarm(0)
    print(f"{read} read, {refused} refused, {wrong} wrong")
    return min(wrong, 1)


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]), Path(sys.argv[2])))
