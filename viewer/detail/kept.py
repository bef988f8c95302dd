"""Levels of detail that are made once and kept: found by what the model is, made level by level, and gone on with when killed."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np

from sculpt3d.errors import ResourceError
from sculpt3d.models.document import Document
from viewer.detail.build import Growing, Level, tables_of
from viewer.detail.corners import corners_of
from viewer.detail.levels import CLUSTER, GROUP, Levels
from viewer.detail.store import Damaged, folder, key_of_arrays, make_room, open_tables, touched, write_tables

WORTH = 150_000  # triangles: fewer are drawn whole at 15 frames a second without a graphics card
_NAMES = tuple(f.name for f in fields(Levels))
_FIRST = 0.3  # of the time that halving the model's own triangles takes: putting them in clusters
_BYTES = 64  # a triangle of the model, of a kept file at most
Told = Callable[[float, float], None]  # the share that is done, and the seconds left


def worth(document: Document) -> bool:
    """Whether its levels would be used."""
    return sum(len(p.faces) for p in document.parts) >= WORTH


def key_of(document: Document) -> str:
    """Of all that its levels hold."""
    arrays = []
    for part in document.parts:
        textured = part.material.texture is not None
        arrays += [part.vertices, part.faces, part.normals, part.uv if textured else None, part.rgba]
    return key_of_arrays(arrays)


def find(key: str) -> Levels | None:
    """Levels that are kept; None where there are none, or none that can be read."""
    path = _path(key)
    if not path.is_file():
        return None
    try:
        tables, _ = open_tables(path)
        found = Levels(*(tables[name] for name in _NAMES))
        _check(found)
    except (Damaged, KeyError, OSError, ValueError, TypeError):
        path.unlink(missing_ok=True)
        return None
    touched(path)
    return found


def make(document: Document, key: str, workers: int, told: Told) -> Levels:
    """Makes and keeps them; `told` may raise `Cancelled`, and the next call goes on where this one was ended.

    Raises `ResourceError` where the disk or the cache's limit does not hold them.
    """
    from filelock import FileLock, Timeout

    top = folder()
    count = sum(len(p.faces) for p in document.parts)
    if not make_room(2 * _BYTES * count, top):
        raise ResourceError(
            f"The cache {top} has no room for the levels of detail of {count:,} triangles; make room on its disk"
        )
    try:
        with FileLock(top / f".{key}.lock").acquire(blocking=False):
            return find(key) or _made(document, key, workers, told)
    except Timeout as error:
        raise ResourceError("The levels of detail of this model are being made in another window") from error


def _made(document: Document, key: str, workers: int, told: Told) -> Levels:
    work = folder() / f".{key}.part"
    work.mkdir(exist_ok=True)
    levels: list[Level] = []
    growing, began = Growing(corners_of(document)), time.monotonic()
    total = _FIRST + 2.0  # work, in triangles of the model: each level looks at half of those before
    before = ahead = 0.0  # of it: done in finished levels; in those that a run before this one made

    def tell(done: int, of: int) -> None:
        share = min((before + size * done / max(of, 1)) / total, 1.0)
        mine = max(share - ahead / total, 1e-3)
        told(share, (time.monotonic() - began) * (1 - share) / mine)

    while True:
        size = len(growing.front.faces) / max(len(growing.corners.faces), 1) if levels else _FIRST
        path = work / f"level-{len(levels):02d}"
        level = _read(path)
        if level is not None:
            growing.take(level)
            ahead += size
        else:
            level = growing.step(workers, tell)
            if level is None:
                break
            write_tables(path, {f.name: [getattr(level, f.name)] for f in fields(Level)}, {})
            level = _read(path) or level  # mapped: what was made is not held
        levels.append(level)
        before += size
    del growing
    write_tables(_path(key), tables_of(levels), {})
    del levels, level
    shutil.rmtree(work, ignore_errors=True)
    kept = find(key)
    if kept is None:
        raise ResourceError(f"The levels of detail written to {_path(key)} cannot be read; check its disk")
    return kept


def _read(path: Path) -> Level | None:
    try:
        tables, _ = open_tables(path)
        return Level(**{f.name: tables[f.name] for f in fields(Level)})
    except (Damaged, KeyError, OSError):
        return None


def _path(key: str) -> Path:
    return folder() / f"{key}.levels"


def _check(found: Levels) -> None:
    """Raises `ValueError` where a number points outside: the card would read what is not there."""
    groups, clusters = found.groups, found.clusters
    if groups.dtype != GROUP or clusters.dtype != CLUSTER or found.indices.dtype != np.uint16:
        raise ValueError
    sound = (
        (clusters["own"] >= -1) & (clusters["own"] < len(groups)) & (clusters["next"] >= -1)
        & (clusters["next"] < len(groups)) & (clusters["vertex"] >= 0) & (clusters["vertices"] >= 0)
        & (clusters["vertex"] + clusters["vertices"] <= len(found.vertices)) & (clusters["index"] >= 0)
        & (clusters["triangles"] >= 0) & (clusters["index"] + 3 * clusters["triangles"] <= len(found.indices))
    )  # fmt: skip
    if not sound.all():
        raise ValueError
