"""`Each` over threads: NumPy, Numba, pycolmap and Open3D let go of the interpreter while they work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import psutil

from sculpt3d.errors import ResourceError
from sculpt3d.progress import Each, Progress, silent

T = TypeVar("T")
R = TypeVar("R")


def run_each(workers: int) -> Each:
    """Items side by side on `workers` threads, results in the items' order. The first failure stops the rest."""

    def each(function: Callable[[T], R], items: Sequence[T], progress: Progress | None = None) -> list[R]:
        tell = progress or silent
        tell(0, len(items))
        results = []
        with ThreadPoolExecutor(workers) as pool:
            futures = [pool.submit(function, item) for item in items]
            try:
                for done, future in enumerate(futures, 1):
                    results.append(future.result())
                    tell(done, len(items))
            except (
                BaseException
            ):  # what runs already is waited for, so that nobody writes after an error was told
                pool.shutdown(cancel_futures=True)
                raise
        return results

    return each


def memory_budget_gb(asked: float | None) -> float:
    """`asked`, else 70 % of what is free now."""
    return asked if asked is not None else 0.7 * psutil.virtual_memory().available / 1e9


def workers_within(workers: int, budget_gb: float, megapixels: float) -> int:
    """As many workers as the memory holds; 0.8 GB is the rest of the program. Raises `ResourceError` where none fits.

    Measured: SIFT takes 0.41 GB at 1 megapixel and 2.1 GB at 6.8, where its size limit holds it for larger photos;
    linear light and its blurred copy take 0.08 GB a megapixel of the whole photo while texturing.
    """
    need = 0.1 + max(0.29 * min(megapixels, 6.9), 0.08 * megapixels)
    room = int((budget_gb - 0.8) / need)
    if room < 1:
        raise ResourceError(
            f"Photos of {megapixels:.1f} megapixels need {0.8 + need:.1f} GB of memory, {budget_gb:.1f} are "
            "allowed; close other programs and raise --memory, or give smaller photos"
        )
    return max(1, min(workers, room))
