"""Names that measurements and sections get where nobody gives them one: kept in English, shown in the user's language."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sculpt3d.desk.measurements import KINDS
from viewer.language import _

SECTION = "section"
_USUAL = re.compile(rf"({'|'.join((*KINDS, SECTION))})((?: \d+)*)")


def free_name(stem: str, taken: Iterable[str]) -> str:
    """stem: a kind of measurement, or `SECTION`."""
    names = set(taken)
    return next(n for k in range(1, len(names) + 2) if (n := f"{stem} {k}") not in names)


def shown_name(name: str) -> str:
    """A name that a person gave is as it is."""
    usual = _USUAL.fullmatch(name)
    return name if usual is None else _(usual[1]) + usual[2]
