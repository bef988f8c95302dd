"""Every word of the window: those marked in the code and those that tables hold, for the catalogues, which babel writes."""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from viewer.language import LANGUAGES

ROOT = Path(__file__).parents[1]
_MARKS = {"_": 1, "marked": 1, "several": 2}  # how many texts each takes


def in_code() -> Iterator[tuple[str, Any]]:
    """(where, message: a text or a pair of one and many) of all of `viewer`. Babel's own search leaves out what stands inside an
    f-string before Python 3.12."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in _MARKS:
                continue
            texts = [a.value for a in node.args[: _MARKS[node.func.id]] if isinstance(a, ast.Constant)]
            if len(texts) == _MARKS[node.func.id]:
                yield f"viewer/{path.relative_to(ROOT).as_posix()}:{node.lineno}", texts[0] if len(texts) == 1 else tuple(texts)


def in_tables() -> Iterator[tuple[str, str]]:
    """What modes, tools and conditions are called and say, wherever their files are."""
    from sculpt3d.desk.conditions import DEFAULT
    from viewer.modes import modes
    from viewer.state.sides import SIDES
    from viewer.tools import tools

    yield from ((f"side {side}", side) for side in SIDES)
    for mode in modes().values():
        yield from ((f"mode {mode.name}", mode.name), (f"mode {mode.name}", mode.says))
    for tool in tools().values():
        yield from ((f"tool {tool.name}", tool.name), (f"tool {tool.name}", tool.says))
    for condition in DEFAULT:
        yield "condition", condition.name


def words() -> dict[Any, list[str]]:
    """Every message, with the places it is said at."""
    found: dict[Any, list[str]] = {}
    for where, message in (*in_code(), *in_tables()):
        found.setdefault(message, []).append(where)
    return found


def renew() -> list[str]:
    """Writes the catalogues; what is left to translate, a line each."""
    from babel.messages.pofile import read_po, write_po

    left = []
    for language in LANGUAGES:
        path = Path(__file__).with_name(f"{language}.po")
        if language == "en" or not path.is_file():
            continue
        catalogue = read_po(io.BytesIO(path.read_bytes()), locale=language)
        wanted = words()
        for message in [m for m in catalogue if m.id and _id(m.id) not in wanted]:
            catalogue.delete(message.id)
        for one in sorted(wanted, key=str):
            if one not in catalogue:
                catalogue.add(one)
        data = io.BytesIO()
        write_po(data, catalogue, width=120, sort_output=True, no_location=True, ignore_obsolete=True)
        path.write_bytes(data.getvalue())
        left += [f"{language}: {m.id}" for m in catalogue if m.id and not _done(m.string)]
    return left


def _id(message: Any) -> Any:
    return tuple(message) if isinstance(message, list) else message


def _done(string: Any) -> bool:
    return all(string) if isinstance(string, tuple | list) else bool(string)
