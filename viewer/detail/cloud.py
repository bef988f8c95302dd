"""Few points of a large cloud: blocks of neighbours, shuffled, so that the first of each are an even sample of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d._kernels import njit
from sculpt3d.models.document import Document
from sculpt3d.types import F32, I32
from viewer.detail.bounds import balls
from viewer.detail.cut import seen_balls
from viewer.detail.partition import halved_points
from viewer.state.camera import OrbitCamera

WORTH = 400_000  # points: fewer are drawn whole as fast as things move
_BLOCK = 4096  # points


@dataclass(frozen=True)
class Blocks:
    """order (N,): points, block after block; begins (B + 1,); sphere (B, 4): middle and radius about each block."""

    order: I32
    begins: NDArray[np.int64]
    sphere: F32


def blocks_of(points: F32) -> Blocks:
    """The same points in the same order always."""
    order = np.arange(len(points), dtype=np.int32)
    begins = halved_points(points.astype(np.float32), order, _BLOCK)
    mixed = np.random.default_rng(0).random(len(points), np.float32)
    _shuffled(order, begins, mixed)
    return Blocks(order, begins, balls(points, order, begins))


def clouds_of(document: Document) -> tuple[Blocks | None, ...]:
    """Of each part; None of surfaces and of small clouds."""
    large = (not len(p.faces) and len(p.vertices) >= WORTH for p in document.parts)
    return tuple(blocks_of(p.vertices) if is_large else None for p, is_large in zip(document.parts, large, strict=True))


def sampled(blocks: Blocks, camera: OrbitCamera, size: tuple[int, int], budget: int) -> NDArray[np.uint32]:
    """About `budget` points of those that may be in the picture, as even as all are; all of them where they are fewer."""
    seen = seen_balls(blocks.sphere, camera, size)
    held = int(np.diff(blocks.begins)[seen].sum())
    return _firsts(blocks.order, blocks.begins, seen, min(1.0, budget / max(held, 1)))


@njit(nogil=True, cache=True)
def _shuffled(order: Any, begins: Any, mixed: Any) -> None:
    for b in range(len(begins) - 1):
        for i in range(begins[b + 1] - 1, begins[b], -1):
            j = begins[b] + int(mixed[i] * (i - begins[b] + 1))
            order[i], order[j] = order[j], order[i]


@njit(nogil=True, cache=True)
def _firsts(order: Any, begins: Any, seen: Any, share: float) -> Any:
    found, n, owed = np.empty(len(order), np.uint32), 0, 0.5
    for b in range(len(seen)):
        if not seen[b]:
            continue
        owed += share * (begins[b + 1] - begins[b])
        count = min(int(owed), begins[b + 1] - begins[b])
        owed -= count
        for i in range(begins[b], begins[b] + count):
            found[n] = order[i]
            n += 1
    return found[:n].copy()
