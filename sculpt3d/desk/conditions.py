"""The words for what is found on an object, with their colours: a list that its users can edit.

`conditions.toml` in the model's folder, a table a condition; where there is none, the list below.

    [crack]
    name = "Crack"
    colour = "#d55e00"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sculpt3d.errors import UnreadableFile
from sculpt3d.files import write_atomic

FILE = "conditions.toml"
MAX_BYTES, MAX_COUNT, MAX_NAME = 100_000, 200, 80
UNKNOWN = "#6b6b6b"
_COLOUR, _KEY = re.compile(r"#[0-9a-f]{6}"), re.compile(r"[A-Za-z0-9_-]{1,40}")


@dataclass(frozen=True)
class Condition:
    """key: what annotations keep; name: what people read; colour: #rrggbb."""

    key: str
    name: str
    colour: str


# colours that colour-blind people tell apart (Okabe and Ito 2008), then earth tones
DEFAULT = (
    Condition("crack", "Crack", "#d55e00"),
    Condition("loss", "Loss", "#cc79a7"),
    Condition("flaking", "Flaking", "#e69f00"),
    Condition("salt", "Salt", "#56b4e9"),
    Condition("biological-growth", "Biological growth", "#009e73"),
    Condition("earlier-repair", "Earlier repair", "#0072b2"),
    Condition("soiling", "Soiling, crust", "#5b4a3a"),
    Condition("corrosion", "Corrosion", "#8c6d1f"),
    Condition("deformation", "Deformation", "#7a3b8f"),
    Condition("note", "Note", UNKNOWN),
)


def conditions_of(model: Path) -> Path:
    """Where the list of a project or model lies, if it has its own."""
    return (model if model.is_dir() else model.parent) / FILE


def read_conditions(model: Path) -> Mapping[str, Condition]:
    """By key, in the file's order. Raises `UnreadableFile` with the remedy."""
    path = conditions_of(model)
    if not path.is_file():
        return {c.key: c for c in DEFAULT}
    if path.stat().st_size > MAX_BYTES:
        raise UnreadableFile(f"{path.name} is larger than {MAX_BYTES // 1000} kB; shorten it")
    try:
        tables = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        said = (
            str(error).splitlines()[0]
            if isinstance(error, tomllib.TOMLDecodeError)
            else "it is no text in UTF-8"
        )
        raise UnreadableFile(f"{path.name} is no TOML: {said}; correct it, or delete it") from None
    if not 0 < len(tables) <= MAX_COUNT:
        raise UnreadableFile(f"{path.name} needs 1 to {MAX_COUNT} conditions and has {len(tables)}")
    return {key: _condition(key, table, path.name) for key, table in tables.items()}


def write_conditions(model: Path) -> Path:
    """The list as a file to edit, unless there is one."""
    path = conditions_of(model)
    if not path.exists():
        head = "# Conditions of the annotations here: [key], the name that people read, the colour on maps. Edit as you like.\n"
        rows = (f'\n[{c.key}]\nname = "{c.name}"\ncolour = "{c.colour}"\n' for c in DEFAULT)
        write_atomic(path, (head + "".join(rows)).encode())
    return path


def named(key: str, known: Mapping[str, Condition]) -> str:
    """For people; the key itself where the list has lost it."""
    return known[key].name if key in known else key


def is_colour(text: str) -> bool:
    return _COLOUR.fullmatch(text) is not None


def _condition(key: str, table: Any, file: str) -> Condition:
    if not _KEY.fullmatch(key):
        raise UnreadableFile(f"{file}: [{key[:40]}] is no key; use letters, digits, - and _")
    name = table.get("name", key) if isinstance(table, dict) else None
    colour = table.get("colour", UNKNOWN) if isinstance(table, dict) else None
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise UnreadableFile(f'{file}: [{key}] needs a name of 1 to {MAX_NAME} letters: name = "Crack"')
    if not isinstance(colour, str) or not is_colour(colour.lower()):
        raise UnreadableFile(f'{file}: [{key}] needs a colour like colour = "#d55e00"')
    return Condition(key, name, colour.lower())
