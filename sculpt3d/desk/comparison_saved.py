"""A comparison as VIEW.json has it.

With the model as A it is {"other": "later.ply", "register": "auto", "unit_a": "mm", "unit_b": "mm",
"m3c2": false, "stable": {"brush": [...]}, "pairs": [[ax, ay, az, bx, by, bz], ...]}; all but "other", the file B, may be missing.
Pairs are for "register": "pairs"; else it is "auto", "none" or a table's name. Files lie in the view's folder or below.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sculpt3d.desk.comparison import How, Pair
from sculpt3d.desk.measurements import read_region
from sculpt3d.desk.quantity import region_as_saved
from sculpt3d.desk.units import MM_OF
from sculpt3d.desk.viewfile import numbers, text
from sculpt3d.errors import InputError

_MOST_PAIRS = 10_000
_WORDS = ("auto", "none", "pairs")


def read_comparison(value: Mapping[str, Any], view: Path, unit: str | None) -> tuple[Path, How]:
    """The file B and how, of VIEW.json's object. Raises `InputError`."""
    what = "the view's comparison"
    other = _beside(view, text(value.get("other"), f"{what}: other"))
    register: str | Path = text(value.get("register", "auto"), f"{what}: register")
    if register not in _WORDS:
        register = _beside(view, str(register))
    pairs = value.get("pairs", [])
    if not isinstance(pairs, list) or len(pairs) > _MOST_PAIRS:
        raise InputError(f"{what}: its pairs are no list of six numbers each")
    units = [value.get("unit_a", unit), value.get("unit_b")]
    if not all(u is None or (isinstance(u, str) and u in MM_OF) for u in units):
        raise InputError(f"{what}: a unit is none of {', '.join(MM_OF)}")
    stable = value.get("stable")
    region = None if stable is None else read_region(stable, what)
    picked = tuple(_pair(p, what) for p in pairs)
    return other, How(register, region, value.get("m3c2") is True, units[0], units[1], picked)


def comparison_as_saved(other: Path, how: How, view: Path) -> dict[str, Any]:
    """What `read_comparison` reads. Raises `InputError` where the files do not lie in the view's folder or below."""
    register = how.register if how.register in _WORDS else _named(Path(how.register), view)
    found = {
        "other": _named(other, view),
        "register": register,
        "pairs": [list(p) for p in how.pairs] or None,
        "stable": None if how.stable is None else region_as_saved(how.stable),
        "m3c2": how.with_m3c2 or None,
        "unit_a": how.unit_a,
        "unit_b": how.unit_b,
    }
    return {k: v for k, v in found.items() if v is not None}


def _named(file: Path, view: Path) -> str:
    folder = view.resolve().parent
    if not file.resolve().is_relative_to(folder):
        raise InputError(
            f"{view.name} cannot name {file}, which lies outside of its folder {folder}; put the view beside both models"
        )
    return file.resolve().relative_to(folder).as_posix()


def _pair(value: Any, what: str) -> Pair:
    a, b, c, d, e, f = numbers(value, f"{what}: a pair", 6)
    return a, b, c, d, e, f


def _beside(view: Path, name: str) -> Path:
    """A file named by a view. Raises `InputError` where it would lie outside of the view's folder."""
    folder = view.resolve().parent
    found = (folder / name).resolve()
    if not found.is_relative_to(folder):
        raise InputError(
            f"{view.name} names {name}, which lies outside of its folder; put the file beside the view"
        )
    return found
