"""Reads gettext's .po catalogues as they lie in the tree: a clone, a wheel and an editable install need nothing compiled."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Catalogue:
    """words: by what they are in English. several: by the singular, for languages that have one form for any number."""

    words: dict[str, str]
    several: dict[str, str]


def read_po(path: Path) -> Catalogue:
    """Entries with a translation that is not marked as fuzzy."""
    words: dict[str, str] = {}
    several: dict[str, str] = {}
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        entry, fuzzy = _entry(block)
        text = entry.get("msgstr") or entry.get("msgstr[0]")
        if fuzzy or not text or not entry.get("msgid"):
            continue
        (several if "msgid_plural" in entry else words)[entry["msgid"]] = text
    return Catalogue(words, several)


def _entry(block: str) -> tuple[dict[str, str], bool]:
    """Its strings by their keywords, and whether it is fuzzy."""
    found: dict[str, str] = {}
    keyword, fuzzy = "", False
    for line in block.splitlines():
        if line.startswith("#"):
            fuzzy = fuzzy or (line.startswith("#,") and "fuzzy" in line)
            continue
        start = line.find('"')
        if start < 0:
            continue
        keyword = line[:start].strip() or keyword
        found[keyword] = found.get(keyword, "") + str(ast.literal_eval(line[start:]))
    return found, fuzzy
