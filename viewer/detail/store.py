"""Tables of numbers in one file, read by mapping it into memory; and the folder of the user's cache they lie in, kept small."""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.errors import ResourceError
from sculpt3d.files import write_parts

CACHE = "SCULPT3D_CACHE"  # a folder, where the system's own cache folder is not wanted
LIMIT = 20_000_000_000  # bytes of all files together, and never more than half of what the disk has left
_SIGN = b"sculpt3d tables 1\n"
_ALIGNED = 64
_MAKERS = ("bounds", "build", "corners", "grouping", "levels", "nearest", "partition", "simplify")
_STALE_S = 14 * 86400.0  # what a run that was ended left behind is kept so long for it to go on

Tables = dict[str, NDArray[Any]]


class Damaged(Exception):
    """A file of the cache that cannot be what was written."""


def write_tables(path: Path, tables: Mapping[str, Sequence[NDArray[Any]]], told: Mapping[str, Any]) -> None:
    """Tables, each in pieces along its first axis; the file appears whole or not at all. told: what JSON can carry."""
    place = 0
    rows: dict[str, Any] = {}
    for name, pieces in tables.items():
        place = -(-place // _ALIGNED) * _ALIGNED
        shape = (sum(len(p) for p in pieces), *pieces[0].shape[1:])
        rows[name] = {"kind": np.lib.format.dtype_to_descr(pieces[0].dtype), "shape": shape, "at": place}
        place += sum(p.nbytes for p in pieces)
    head = json.dumps({"told": dict(told), "tables": rows, "bytes": place}).encode()
    start = _start(len(head))

    def parts() -> Any:
        yield _SIGN + len(head).to_bytes(8, "little") + head
        at = len(_SIGN) + 8 + len(head)
        for name, pieces in tables.items():
            begin = start + rows[name]["at"]
            yield b"\0" * (begin - at)
            at = begin
            for piece in pieces:
                whole = np.ascontiguousarray(piece)
                at += whole.nbytes
                if whole.nbytes:
                    yield whole.reshape(-1).view(np.uint8).data

    write_parts(path, parts())


def open_tables(path: Path) -> tuple[Tables, dict[str, Any]]:
    """The tables, read when they are looked at, and what was told. Raises `Damaged`, `OSError`."""
    with open(path, "rb") as f:
        head = f.read(len(_SIGN) + 8)
        if not head.startswith(_SIGN) or len(head) < len(_SIGN) + 8:
            raise Damaged(path.name)
        count, size = int.from_bytes(head[len(_SIGN) :], "little"), os.fstat(f.fileno()).st_size
        if count > size:
            raise Damaged(path.name)
        try:
            said = json.loads(f.read(count))
            start = _start(count)
            if start + said["bytes"] > size:
                raise Damaged(path.name)
            data = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_COPY)  # writing changes no file
            return {name: _table(data, start, row, said["bytes"]) for name, row in said["tables"].items()}, said["told"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Damaged(path.name) from error


def _table(data: mmap.mmap, start: int, row: dict[str, Any], size: int) -> NDArray[Any]:
    kind = np.lib.format.descr_to_dtype(_tuples(row["kind"]))
    shape, at = tuple(int(n) for n in row["shape"]), int(row["at"])
    count = int(np.prod(shape, dtype=np.int64))
    if kind.hasobject or at < 0 or any(n < 0 for n in shape) or at + count * kind.itemsize > size:
        raise ValueError
    return np.frombuffer(data, kind, count, start + at).reshape(shape)


def _tuples(described: Any) -> Any:
    """JSON has no tuples, which NumPy wants for the fields of a kind."""
    if isinstance(described, str):
        return described
    return [tuple(tuple(part) if isinstance(part, list) else part for part in field) for field in described]


def _start(head: int) -> int:
    return -(-(len(_SIGN) + 8 + head) // _ALIGNED) * _ALIGNED


def folder() -> Path:
    """Where the levels of models lie; raises `ResourceError` where there cannot be such a folder."""
    from platformdirs import user_cache_path

    named = os.environ.get(CACHE)
    found = (Path(named) if named else user_cache_path("sculpt3d")) / "detail"
    try:
        found.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResourceError(
            f"The folder {found} cannot be made ({error.strerror}); set {CACHE} to one that can be written"
        ) from error
    return found


def make_room(needed: int, top: Path) -> bool:
    """Whether a file of so many bytes may be added: what was used longest ago goes for it."""
    held = [(p.stat().st_mtime, p.stat().st_size, p) for p in top.iterdir() if p.is_file() and p.name[0] != "."]
    for path in top.iterdir():
        if path.is_dir() and time.time() - path.stat().st_mtime > _STALE_S:
            shutil.rmtree(path, ignore_errors=True)
    free = shutil.disk_usage(top).free
    total = sum(size for _, size, _ in held)
    for _, size, path in sorted(held):
        most = min(LIMIT, total + free // 2)
        if total + needed <= most:
            break
        path.unlink(missing_ok=True)
        total, free = total - size, free + size
    return total + needed <= min(LIMIT, total + free // 2)


def touched(path: Path) -> None:
    """Used now: the last to go."""
    try:
        os.utime(path)
    except OSError:
        return


def sources() -> bytes:
    """What the code is that makes documents and levels, so that a new program does not read what an old one made."""
    import sculpt3d.models
    import sculpt3d.surface.collapse as collapse
    import viewer.detail

    total, here = hashlib.sha256(sys.byteorder.encode()), Path(str(viewer.detail.__file__)).parent
    files = [*Path(str(sculpt3d.models.__file__)).parent.glob("*.py"), Path(str(collapse.__file__))]
    for path in [*sorted(files), *(here / f"{name}.py" for name in _MAKERS)]:
        total.update(path.read_bytes())
    return total.digest()


def key_of_arrays(arrays: list[NDArray[Any] | None]) -> str:
    """Of contents, kinds and shapes."""
    total = hashlib.sha256(sources())
    for values in arrays:
        if values is None:
            total.update(b"none")
            continue
        total.update(f"{values.dtype.str}{values.shape}".encode())
        whole = np.ascontiguousarray(values)
        if whole.nbytes:
            total.update(whole.reshape(-1).view(np.uint8).data)
    return total.hexdigest()[:32]


def key_of_file(path: Path) -> str:
    total = hashlib.sha256(sources())
    with open(path, "rb") as f:
        while block := f.read(1 << 22):
            total.update(block)
    return total.hexdigest()[:32]
