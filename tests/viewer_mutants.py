"""Files of the evaluation data, as they are and spoilt at random, opened and drawn one after another:

    python -m tests.viewer_mutants COUNT [FIRST]

Every file of gltf/validator and scans, then COUNT mutants: bytes changed, or fields of the JSON. Each is read and drawn
by a process of its own kind, which must open it or refuse it in one sentence within 5 s of its own time and 2 GB. A process
that dies or hangs is named with the file that shows it.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.conftest import ROOT, SHARED
from tests.mesh_mutants import mutant

SECONDS, BYTES, HANGS_S = 5.0, 2 << 30, 60.0
_ODD: tuple[Any, ...] = (
    None, True, -1, 0, 1, 3, 2**31, 2**53, 1e308, -1e308, 0.5, "", "x", "../x.bin", "data:,", "VEC3", "SCALAR", "MAT4", [], {},
    [0], [[]], {"a": 1}, 5126, 5121, 5125, [0, 0, 0], [1e30, 0, 0], [0, 0, 0, 0], "BLEND", "MASK", 9729, 35, 34963, "KHR_x",
)  # fmt: skip

_CHILD = """
import os, re, resource, sys, time, traceback, warnings
warnings.simplefilter("ignore")
from dataclasses import replace
from pathlib import Path
from sculpt3d.errors import UnreadableFile
from viewer.drawing.picture import Card, framed
from viewer.files.loading import load
from viewer.modes import modes

def memory(name):
    return int(re.search(name + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024

def drawn(path):
    document = load(path)
    state = framed(document, (96, 64))
    card = Card(document)
    try:
        for name in ("textured", "clay", "wire"):
            pixels = card.draw(replace(state, mode=name), (96, 64))
            assert pixels.shape == (64, 96, 3)
    finally:
        card.close()

warm = Path(sys.argv[1])
drawn(warm)
limit = memory("VmSize") + %d
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
print("ready", flush=True)
for line in sys.stdin:
    path, began = Path(line.rstrip("\\n")), time.process_time()
    try:
        drawn(path)
        said = "opened"
    except UnreadableFile as error:
        words = str(error)
        said = "refused" if "\\n" not in words and 10 < len(words) < 500 else "wrong words: " + repr(words)
    except BaseException as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        said = f"wrong {type(error).__name__}: {error} ({where.filename}:{where.lineno})".replace("\\n", " ")
    print(f"{time.process_time() - began:.2f} {said}", flush=True)
"""


@dataclass
class Found:
    opened: int = 0
    refused: int = 0
    wrong: int = 0
    slowest: float = 0.0


class Child:
    """Reads and draws files, one after another."""

    def __init__(self, warm: Path) -> None:
        environment = {k: v for k, v in os.environ.items() if k not in {"DISPLAY", "WAYLAND_DISPLAY"}}
        self.run = subprocess.Popen(
            [sys.executable, "-c", _CHILD % BYTES, str(warm)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, cwd=ROOT, env=environment | {"PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        if self._line(120) != "ready":
            raise RuntimeError("the process that reads files did not start")

    def ask(self, path: Path) -> tuple[float, str]:
        """Its own seconds, and what came of the file."""
        assert self.run.stdin is not None
        self.run.stdin.write(f"{path}\n")
        self.run.stdin.flush()
        line = self._line(HANGS_S)
        if line is None:
            self.end()
            return HANGS_S, f"wrong: hangs, or the process ended with {self.run.returncode}"
        seconds, said = line.split(" ", 1)
        return float(seconds), said

    def end(self) -> None:
        self.run.kill()
        self.run.wait()

    @property
    def alive(self) -> bool:
        return self.run.poll() is None

    def _line(self, seconds: float) -> str | None:
        assert self.run.stdout is not None
        ready, _, _ = select.select([self.run.stdout], [], [], seconds)
        line = self.run.stdout.readline() if ready else ""
        return line.rstrip("\n") or None


def spoilt(data: bytes, name: str, random: np.random.Generator) -> bytes:
    """In fields of the JSON; in bytes that stay as many, so that a file's sums are right; or anyhow."""
    way = random.random()
    if way < 0.35:
        found = np.frombuffer(data, np.uint8).copy()
        for _ in range(int(random.integers(1, 6))):
            at, count = int(random.integers(len(found))) if len(found) else 0, int(random.integers(1, 40))
            found[at : at + count] = random.integers(0, 256, len(found[at : at + count]), np.uint8)
        return found.tobytes()
    if way < 0.7:
        try:
            if name.endswith(".gltf"):
                return json.dumps(_field(json.loads(data), random)).encode()
            if data[:4] == b"glTF":
                size = struct.unpack_from("<I", data, 12)[0]
                text = json.dumps(_field(json.loads(data[20 : 20 + size]), random)).encode()
                text += b" " * (-len(text) % 4)
                rest = data[20 + size :]
                head = struct.pack("<4sIIII", b"glTF", 2, 20 + len(text) + len(rest), len(text), 0x4E4F534A)
                return head + text + rest
        except (ValueError, struct.error, RecursionError):
            pass
    return mutant(data, random)


def _field(root: Any, random: np.random.Generator) -> Any:
    """One to three places of the tree get something else, are taken away, or doubled."""
    for _ in range(int(random.integers(1, 4))):
        places = list(_places(root))
        if not places:
            return root
        holder, key = places[int(random.integers(len(places)))]
        kind = int(random.integers(4))
        if kind == 0:
            del holder[key]
        elif kind == 1 and isinstance(holder, list):
            holder.append(holder[key])
        elif kind == 2 and isinstance(holder[key], int | float) and not isinstance(holder[key], bool):
            holder[key] = holder[key] + int(random.choice([-1, 1, 7, 1000, 10**9]))
        else:
            holder[key] = _ODD[int(random.integers(len(_ODD)))]
    return root


def _places(tree: Any) -> Any:
    keys = tree.keys() if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    for key in keys:
        yield tree, key
        yield from _places(tree[key])


def run(count: int, first: int = 0, wholes: bool = True) -> Found:
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        for folder in ("gltf/validator", "scans"):
            shutil.copytree(SHARED / folder, top / folder, copy_function=shutil.copyfile)
        for path in top.rglob("*"):
            path.chmod(0o700 if path.is_dir() else 0o600)
        files = sorted(p for p in top.rglob("*") if p.suffix in {".gltf", ".glb"})
        scans = [p for p in files if p.parent.name == "scans"]
        warm = next(p for p in scans if p.name == "Plato.glb")
        found, child = Found(), Child(warm)
        for number in range(0 if wholes else len(files), len(files) + count):
            if number < len(files):
                path, label = files[number], files[number].name
            else:
                k = first + number - len(files)
                random = np.random.default_rng(k)
                pool = scans if random.random() < 0.5 else files  # of the validator's files few hold anything to draw
                source = pool[int(random.integers(len(pool)))]
                path, label = source.with_name(f"mutant-{source.name}"), f"{k} {source.relative_to(top)}"
                path.write_bytes(spoilt(source.read_bytes(), source.name, random))
            seconds, said = child.ask(path)
            if label != path.name:
                path.unlink()
            found.slowest = max(found.slowest, seconds)
            found.opened += said == "opened"
            found.refused += said == "refused"
            if said not in {"opened", "refused"} or seconds > SECONDS:
                found.wrong += 1
                print(f"{label}: {said}, {seconds:.1f} s", flush=True)
            if not child.alive:
                child = Child(warm)
        child.end()
    return found


if __name__ == "__main__":
    result = run(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    print(f"{result.opened} opened, {result.refused} refused, {result.wrong} wrong; {result.slowest:.1f} s at most")
    raise SystemExit(min(result.wrong, 1))
