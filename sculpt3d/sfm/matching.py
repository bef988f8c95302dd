"""Which photos to match, and matching them in blocks whose size and seed do not depend on the number of workers."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.errors import ResourceError
from sculpt3d.files import put
from sculpt3d.photos.check import PhotoSet
from sculpt3d.progress import Each, Progress, one_by_one
from sculpt3d.sfm._colmap import pycolmap, without_database
from sculpt3d.sfm.coarse import likely_pairs
from sculpt3d.sfm.features import copy_features, create_database
from sculpt3d.system import run

EXHAUSTIVE_UP_TO = 150  # photos; beyond, pairs grow faster than they help
BLOCK = 12  # photos a side of a block of the pair matrix
SEQUENCE_REACH = 8
RETRIEVED = 30
CENTRES = 64

Pairs = list[tuple[int, int]]


def match(
    photo_set: PhotoSet, features: list[Path], out: Path, guided: bool = False,
    each: Each = one_by_one, progress: Progress | None = None, known: Path | None = None,
) -> Path:  # fmt: skip
    """The database `out/database.db` with features and verified matches of all photos.

    `known`: a database of the same photos and features under other cameras; its matches are verified under these.
    """
    final = out / "database.db"
    if final.exists():
        return final
    out.mkdir(parents=True, exist_ok=True)
    empty = out / "empty.db"
    ids = create_database(photo_set, empty)
    numbers = [ids[p.name] for p in photo_set.photos]
    for left_over in out.glob(".block-*"):
        left_over.unlink()
    blocks = _blocks(choose_pairs(features, each))

    def one(number: int) -> Path:
        path = out / f"block-{number:06d}.db"
        if not path.exists():
            _match_block(photo_set, features, numbers, blocks[number], empty, path, guided, known)
        return path

    parts = each(one, range(len(blocks)), progress)
    _merge(features, numbers, empty, parts, final)
    for part in parts:
        part.unlink(missing_ok=True)
    return final


def choose_pairs(features: list[Path], each: Each = one_by_one) -> Pairs:
    """All pairs of a small set; of a large one neighbours in the sequence and the most similar photos. Of these, the likely."""
    n = len(features)
    if n <= EXHAUSTIVE_UP_TO:
        return likely_pairs(features, [(i, j) for i in range(n) for j in range(i + 1, n)], each)
    near = {(i, j) for i in range(n) for j in range(i + 1, min(i + 1 + SEQUENCE_REACH, n))}
    similar = similar_pairs([_descriptors(path) for path in features], RETRIEVED)
    return likely_pairs(features, sorted(near | similar), each)


def similar_pairs(descriptors: list[NDArray[np.uint8]], count: int) -> set[tuple[int, int]]:
    """For each photo its `count` most similar, by VLAD (Jegou 2010) over centres learnt from the photos themselves."""
    rng = np.random.default_rng(0)
    sample = np.concatenate([d[rng.permutation(len(d))[:200]] for d in descriptors if len(d)]).astype(
        np.float32
    )
    centres = _k_means(sample, CENTRES, rng)
    signatures = np.stack([_vlad(d.astype(np.float32), centres) for d in descriptors])
    likeness = signatures @ signatures.T
    np.fill_diagonal(likeness, -np.inf)
    best = np.argsort(-likeness, axis=1, kind="stable")[:, :count]
    return {(min(i, int(j)), max(i, int(j))) for i in range(len(best)) for j in best[i]}


def _k_means(
    x: NDArray[np.float32], k: int, rng: np.random.Generator, rounds: int = 12
) -> NDArray[np.float32]:
    centres = x[rng.choice(len(x), min(k, len(x)), replace=False)].copy()
    for _ in range(rounds):
        nearest = _nearest(x, centres)
        for c in range(len(centres)):
            mine = x[nearest == c]
            if len(mine):
                centres[c] = mine.mean(0)
    return centres


def _nearest(x: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.intp]:
    return np.asarray(((centres**2).sum(1) - 2 * x @ centres.T).argmin(1))


def _vlad(x: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.float32]:
    signature = np.zeros_like(centres)
    if len(x):
        nearest = _nearest(x, centres)
        np.add.at(signature, nearest, x - centres[nearest])
    signature /= np.maximum(np.linalg.norm(signature, axis=1, keepdims=True), 1e-9)  # intra-normalised
    flat = signature.ravel()
    return np.asarray(flat / max(float(np.linalg.norm(flat)), 1e-9), np.float32)


def _descriptors(path: Path) -> NDArray[np.uint8]:
    database = pycolmap.Database.open(path)
    found = np.asarray(database.read_descriptors(database.read_all_images()[0].image_id).data, np.uint8)
    database.close()
    return found.reshape(-1, 128)


def _blocks(pairs: Pairs) -> list[Pairs]:
    """Pairs by tile of the pair matrix: a block touches at most 2 * BLOCK photos."""
    tiles: dict[tuple[int, int], Pairs] = {}
    for i, j in pairs:
        tiles.setdefault((i // BLOCK, j // BLOCK), []).append((i, j))
    return [tiles[key] for key in sorted(tiles)]


def _match_block(photo_set: PhotoSet, features: list[Path], ids: list[int], pairs: Pairs, empty: Path, path: Path,
                 guided: bool, known: Path | None) -> None:  # fmt: skip
    mine = f".{path.name}.{os.getpid()}"  # a killed run's child may still be writing to its own
    temporary, listing = without_database(path.with_name(f"{mine}.part")), path.with_name(f"{mine}.txt")
    shutil.copyfile(empty, temporary)
    database = pycolmap.Database.open(temporary)
    for i in sorted({i for pair in pairs for i in pair}):
        copy_features(database, ids[i], features[i])
    names = [p.name for p in photo_set.photos]
    if known is not None:
        _copy_matches(known, database, names, ids, pairs)
    database.close()
    listing.write_bytes("".join(f"{names[i]} {names[j]}\n" for i, j in pairs).encode())
    command = [sys.executable, "-m", "sculpt3d.sfm._match_block", str(temporary), str(listing)]
    how = "known" if known is not None else "guided" if guided else "plain"
    code, _, complaint = run([*command, how])
    if code:
        raise ResourceError(
            f"Matching {len(pairs)} pairs of photos failed ({complaint.strip()[-120:]}); lower --workers"
        )
    listing.unlink()
    put(temporary, path)


def _copy_matches(known: Path, target: Any, names: list[str], ids: list[int], pairs: Pairs) -> None:
    """Of these pairs, from a database in which the photos may have other numbers."""
    source = pycolmap.Database.open(known)
    theirs = {str(image.name): int(image.image_id) for image in source.read_all_images()}
    for i, j in pairs:
        a, b = theirs[names[i]], theirs[names[j]]
        if source.exists_matches(a, b):
            target.write_matches(ids[i], ids[j], source.read_matches(a, b))
    source.close()


def _merge(features: list[Path], ids: list[int], empty: Path, parts: Iterable[Path], final: Path) -> None:
    temporary = without_database(final.with_name(f".{final.name}.part"))
    shutil.copyfile(empty, temporary)
    target = pycolmap.Database.open(temporary)
    with pycolmap.DatabaseTransaction(target):
        for image_id, path in zip(ids, features, strict=True):
            copy_features(target, image_id, path)
        for part in parts:
            source = pycolmap.Database.open(part)
            for pair_id, matches in zip(*source.read_all_matches(), strict=True):
                target.write_matches(*pycolmap.pair_id_to_image_pair(pair_id), matches)
            for pair_id, geometry in zip(*source.read_two_view_geometries(), strict=True):
                target.write_two_view_geometry(*pycolmap.pair_id_to_image_pair(pair_id), geometry)
            source.close()
    target.close()
    put(temporary, final)
