"""An array that takes block after block without knowing how many come."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Growing:
    """Rows of one shape and kind; it grows in place, so that its memory is never there twice."""

    def __init__(self, kind: Any, *shape: int, room: int = 0) -> None:
        self._rows = np.empty((room, *shape), kind)
        self._filled = 0

    def __len__(self) -> int:
        return self._filled

    def add(self, rows: NDArray[Any]) -> None:
        stop = self._filled + len(rows)
        if stop > len(self._rows):
            room = max(stop, len(self._rows) * 5 // 4)
            self._rows.resize((room, *self._rows.shape[1:]), refcheck=False)
        self._rows[self._filled : stop] = rows
        self._filled = stop

    def done(self) -> NDArray[Any]:
        """All rows; nothing is added afterwards."""
        self._rows.resize((self._filled, *self._rows.shape[1:]), refcheck=False)
        return self._rows
