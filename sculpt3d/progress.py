"""Progress, cancelling and "do this to each": the three callables that every long function takes."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")

Progress = Callable[[int, int], None]
"""`progress(done, total)`; may raise `Cancelled` to stop the work cleanly."""


class Each(Protocol):
    """Apply a function to every item, results in the items' order, whatever the order of execution."""

    def __call__(
        self, function: Callable[[T], R], items: Sequence[T], progress: Progress | None = None
    ) -> list[R]: ...


def silent(done: int, total: int) -> None:
    """A progress callback that tells nobody."""


def one_by_one(function: Callable[[T], R], items: Sequence[T], progress: Progress | None = None) -> list[R]:
    """The serial `Each`."""
    tell = progress or silent
    results = []
    for i, item in enumerate(items):
        tell(i, len(items))
        results.append(function(item))
    tell(len(items), len(items))
    return results
