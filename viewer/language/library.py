"""Sentences, notes and words that come from the library, which is English and knows no language, in the user's.

`zh.library.po` has them as they stand in the code, with a {word} where a value goes: "The region holds {n} vertices". What a
value says is looked up in its turn, but for files and names; what is {known} has to be in the list. What is not in the list
stays English; a test finds what no code says any more.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path

from viewer.language import catalogue, spoken
from viewer.language.po import read_po

_FIELD = re.compile(r"\{(\w+)\}")
_LONGEST = 2000  # letters of a text that is looked up
_DEEP = 3  # values within values
_OWN = frozenset({"file", "other", "folder", "view", "name"})  # what people named: as it is
_NUMBERS, _NUMBER = frozenset({"n", "m", "k", "all", "w", "h"}), "[-+.,0-9e]*"


def of_library(text: str) -> str:
    """In the language that is spoken."""
    return text if spoken() == "en" or len(text) > _LONGEST else _told(text, spoken(), _DEEP)


@cache
def templates(language: str) -> dict[str, str]:
    """By what they are in English, values as {name}."""
    return read_po(Path(__file__).parent / f"{language}.library.po").words


@lru_cache(1024)
def _told(text: str, language: str, deep: int) -> str:
    words = catalogue(language).words
    if text in words:
        return words[text]
    for pattern, told in _patterns(language):
        found = pattern.fullmatch(text)
        if found is None:
            continue
        given = found.groupdict()
        values = {k: v if k in _OWN or not deep else _told(v, language, deep - 1) for k, v in given.items()}
        if "known" not in given or values["known"] != given["known"]:
            return _FIELD.sub(lambda field: values[field[1]], told)  # noqa: B023  (called here and now)
    return text


@cache
def _patterns(language: str) -> list[tuple[re.Pattern[str], str]]:
    """Those that say most themselves first."""
    found = sorted(templates(language).items(), key=lambda pair: -len(_FIELD.sub("", pair[0])))
    return [(re.compile(_pattern(english), re.DOTALL), told) for english, told in found]


def _pattern(english: str) -> str:
    parts = _FIELD.split(english)  # words and names by turns
    return "".join(f"(?P<{p}>{_NUMBER if p in _NUMBERS else '.*?'})" if k % 2 else re.escape(p) for k, p in enumerate(parts))
