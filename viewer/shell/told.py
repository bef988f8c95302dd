"""What is told to a person: a mistake stays until somebody has read it, what went well goes by itself. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["wrong", "note", "done"]
_LASTS = 8.0  # seconds, of what went well


@dataclass(frozen=True)
class Notice:
    """since: seconds on the window's clock."""

    kind: Kind
    text: str
    since: float


def still_told(notices: tuple[Notice, ...], now: float) -> tuple[Notice, ...]:
    return tuple(n for n in notices if n.kind != "done" or now - n.since < _LASTS)


def told(notices: tuple[Notice, ...], notice: Notice) -> tuple[Notice, ...]:
    """With it at the end; the same sentence is not told twice."""
    return (*(n for n in notices if n.text != notice.text), notice)
