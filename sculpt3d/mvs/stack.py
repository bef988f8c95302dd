"""Pictures of all views in one flat file: memory-mapped, so 500 photos need no more memory than 50."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sculpt3d.files import put
from sculpt3d.progress import Each, one_by_one


@dataclass(frozen=True)
class Stack:
    """View i is `flat[offset[i] : offset[i] + h * w]`, row by row, with (h, w) = size[i]."""

    flat: NDArray[Any]
    offset: NDArray[np.int64]
    size: NDArray[np.int64]  # (N, 2) height, width

    def view(self, i: int) -> NDArray[Any]:
        """(H, W), a window into the file."""
        h, w = self.size[i]
        return self.flat[self.offset[i] : self.offset[i] + h * w].reshape(h, w)


def build_stack(
    path: Path,
    sizes: Sequence[tuple[int, int]],
    dtype: Any,
    read: Callable[[int], NDArray[Any]],
    each: Each = one_by_one,
) -> Stack:
    """Write `read(i)` of every view to `path` unless it is there already, and map it."""
    size = np.array(sizes, np.int64).reshape(-1, 2)
    offset = np.concatenate([[0], np.cumsum(size.prod(1))])
    total = max(int(offset[-1]), 1)  # an empty file cannot be mapped
    if not path.exists():
        temporary = path.with_name(f".{path.name}.part")
        flat = np.memmap(temporary, dtype, "w+", shape=(total,))

        def write(i: int) -> None:
            picture = read(i)
            if picture.shape != tuple(size[i]):
                raise ValueError(f"view {i} is {picture.shape}, expected {size[i]}")
            flat[offset[i] : offset[i + 1]] = picture.ravel()

        each(write, range(len(size)))
        del flat
        put(temporary, path)
    return Stack(np.memmap(path, dtype, "r", shape=(total,)), offset[:-1], size)


def no_stack(dtype: Any, views: int) -> Stack:
    """A stand-in of the same type where a phase reads none."""
    flat = np.zeros(1, dtype)
    flat.setflags(write=False)
    return Stack(flat, np.zeros(views, np.int64), np.ones((views, 2), np.int64))


def pack(grey: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """(H, W) u8 -> (H, W) u32: each pixel with its right, lower and lower-right neighbour."""
    g = np.pad(grey, ((0, 1), (0, 1)), mode="edge").astype(np.uint32)
    packed = g[:-1, :-1] | (g[:-1, 1:] << 8) | (g[1:, :-1] << 16) | (g[1:, 1:] << 24)
    return np.asarray(packed, np.uint32)
