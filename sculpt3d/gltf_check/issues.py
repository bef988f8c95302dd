"""Findings of a check: what is wrong, where (JSON pointer), in plain words."""

from __future__ import annotations

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
    """Findings in the order they were made; raises `Enough` at `MOST` errors. tolerated: codes of errors only noted."""

    tolerated: frozenset[str] = frozenset()
    found: list[Issue] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def error(self, code: str, where: str, says: str) -> None:
        if code in self.tolerated:
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
    def errors(self) -> int:
        return self.counts["error"]

    def _add(self, issue: Issue) -> None:
        self.counts[issue.severity] += 1
        if self.counts[issue.severity] <= MOST:
            self.found.append(issue)


def pointer(*parts: str | int) -> str:
    """RFC 6901."""
    return "".join("/" + str(p).replace("~", "~0").replace("/", "~1") for p in parts)
