"""Findings of a check: what is wrong, where (JSON pointer), in plain words."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning", "note"]
MOST = 100  # findings kept; a hostile file may have millions


class Enough(Exception):
    """More errors than anybody reads: the check stops."""


@dataclass(frozen=True)
class Issue:
    """One finding. `code` is the Khronos validator's name where it has the same rule."""

    severity: Severity
    code: str
    where: str
    says: str


@dataclass
class Issues:
    """Findings in the order they were made; raises `Enough` at `MOST` errors. tolerated, nowhere: codes of errors, and
    places, that are only noted."""

    tolerated: frozenset[str] = frozenset()
    nowhere: re.Pattern[str] | None = None
    found: list[Issue] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    broken: int = 0  # errors, those that are only noted too

    def error(self, code: str, where: str, says: str) -> None:
        self.broken += 1
        if code in self.tolerated or (self.nowhere is not None and self.nowhere.match(f"{code} {where}")):
            self._add(Issue("note", code, where, says))
            return
        self._add(Issue("error", code, where, says))
        if self.counts["error"] >= MOST:
            raise Enough

    def warn(self, code: str, where: str, says: str) -> None:
        self._add(Issue("warning", code, where, says))

    def note(self, code: str, where: str, says: str) -> None:
        self._add(Issue("note", code, where, says))

    @property
    def lenient(self) -> bool:
        """Whether what browsers read against the letter is read here too."""
        return bool(self.tolerated)

    @property
    def errors(self) -> int:
        return self.counts["error"]

    def _add(self, issue: Issue) -> None:
        self.counts[issue.severity] += 1
        if self.counts[issue.severity] <= MOST:
            self.found.append(issue)


def pointer(*parts: str | int) -> str:
    """RFC 6901."""
    return "".join("/" + str(p).replace("~", "~0").replace("/", "~1") for p in parts)
