"""VIEW.json: what a desk saves of a model. Camera, lamps, bookmarks, measurements, sections, a comparison.

One JSON object. Whoever writes gives the keys that are theirs; all others stay as they are, those of later versions too:

- format, version: which file this is; model: the file's name; unit: "mm", "m", ... as the user said
- camera, look: objects; lights, bookmarks: lists; how they are read is `viewer`'s business
- measurements, sections: lists; comparison: an object; how they are read is said in `measurements.py`, `section.py`,
  `comparison_saved.py`
- annotations: true where those beside the model are shown
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sculpt3d.errors import InputError, UnreadableFile
from sculpt3d.files import write_atomic

FORMAT, VERSION = "sculpt3d view", 1
MAX_BYTES = 64_000_000
MAX_DEPTH = 64
KINDS: Mapping[str, type] = {
    "model": str,
    "unit": str,
    "camera": dict,
    "look": dict,
    "lights": list,
    "bookmarks": list,
    "measurements": list,
    "sections": list,
    "comparison": dict,
}
_WORDS: Mapping[Any, str] = {str: "a text", dict: "an object", list: "a list"}


def read_view(path: Path) -> dict[str, Any]:
    """All keys of the file, those unknown here too; `null` counts as not there. Raises `UnreadableFile` with the remedy."""
    if not path.is_file():
        raise UnreadableFile(f"There is no {path}; save the view first, or give another file")
    if path.stat().st_size > MAX_BYTES:
        raise UnreadableFile(f"{path.name} is larger than {MAX_BYTES // 10**6} MB; a saved view is not")
    try:
        found = json.loads(path.read_bytes().decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise UnreadableFile(f"{path.name} is no JSON; save the view again") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise UnreadableFile(f'{path.name} is no saved view: it lacks "format": "{FORMAT}"')
    version = found.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise UnreadableFile(f'{path.name} has no version: put "version": {VERSION} into it')
    if version > VERSION:
        raise UnreadableFile(f"{path.name} was saved by a later Sculpt3D; update this one to read it")
    if _depth(found) > MAX_DEPTH:
        raise UnreadableFile(f"{path.name} is nested too deep for a saved view; save it again")
    found = {key: value for key, value in found.items() if value is not None}
    wrong = _wrong(found)
    if wrong:
        raise UnreadableFile(f"{path.name}: {wrong}")
    return found


def write_view(path: Path, keys: Mapping[str, Any]) -> None:
    """Put `keys` into the file (`None` takes one out) and leave its others alone; whole or not at all.

    Raises `UnreadableFile` where the file is there and no saved view, so that nothing else is ever overwritten.
    """
    if not path.absolute().parent.is_dir():
        raise InputError(f"There is no folder {path.parent}; make it, or save the view in another one")
    old = read_view(path) if path.exists() else {}
    new = {**old, **keys, "format": FORMAT, "version": VERSION}
    new = {key: value for key, value in new.items() if value is not None}
    wrong = _wrong(new)
    if wrong:
        raise InputError(f"{path.name}: {wrong}")
    order = ("format", "version", *KINDS)
    ordered = {key: new[key] for key in (*order, *new) if key in new}
    try:
        data = json.dumps(ordered, indent=1, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        raise InputError(
            f"{path.name}: a number in it is infinite or none, or a text no text; it was not saved"
        ) from None
    write_atomic(path, data + b"\n")


def number(value: Any, what: str, low: float = -1e300, high: float = 1e300) -> float:
    """A finite number within bounds, else `InputError` that names it."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        bounds = "" if (low, high) == (-1e300, 1e300) else f" from {low:g} to {high:g}"
        raise InputError(f"{what} is {_shown(value)}, not a number{bounds}")
    return float(value)


def numbers(value: Any, what: str, count: int) -> tuple[float, ...]:
    """`count` finite numbers, else `InputError`."""
    if not isinstance(value, (list, tuple)) or len(value) != count:
        raise InputError(f"{what} is {_shown(value)}, not {count} numbers")
    return tuple(number(v, what) for v in value)


def text(value: Any, what: str, longest: int = 10_000) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise InputError(f"{what} is {_shown(value)}, not a text of at most {longest} letters")
    return value


def _wrong(found: Mapping[str, Any]) -> str:
    """A sentence for the first key of another kind; empty where all are well."""
    for key, kind in KINDS.items():
        if key in found and not isinstance(found[key], kind):
            return f'"{key}" is {_shown(found[key])}, not {_WORDS[kind]}'
    return ""


def _shown(value: Any) -> str:
    said = json.dumps(value, default=str)
    return said if len(said) <= 40 else f"{said[:37]}..."


def _depth(value: Any) -> int:
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        here, depth = waiting.pop()
        deepest = max(deepest, depth)
        inner = here.values() if isinstance(here, dict) else here if isinstance(here, list) else ()
        waiting += [(v, depth + 1) for v in inner]
    return deepest


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
