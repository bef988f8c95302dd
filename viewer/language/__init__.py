"""Words of the window in the user's language; English is what stands in the code.

`_("Open")` is translated where it is shown. The catalogue of Chinese is `zh.po`; `python -m viewer.language` puts new words into
it, to be translated by hand, and a test finds every word that has no translation.
"""

from __future__ import annotations

import locale
import os
import sys
from functools import cache
from pathlib import Path

from viewer.language.po import Catalogue, read_po

LANGUAGES = {"en": "English", "zh": "简体中文"}
_FOLDER = Path(__file__).parent


class _Spoken:
    language = "en"


def speak(language: str) -> None:
    """From now on; one of `LANGUAGES`."""
    _Spoken.language = language


def spoken() -> str:
    return _Spoken.language


def _(words: str) -> str:
    return catalogue(_Spoken.language).words.get(words, words)


def several(one: str, many: str, n: int) -> str:
    """`one` or `many`, with the number where they have {n}."""
    told = catalogue(_Spoken.language).several.get(one, one if n == 1 else many)
    return told.format(n=f"{n:,}")


@cache
def catalogue(language: str) -> Catalogue:
    return Catalogue({}, {}) if language == "en" else read_po(_FOLDER / f"{language}.po")


def system_language() -> str:
    """Of the user's system, where it is one of ours."""
    named = next((v for v in map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG")) if v), "")
    listed = (os.environ.get("LANGUAGE") or "").split(":")[0]
    told = [named if named in {"C", "POSIX"} or not listed else listed, locale.getlocale()[0] or ""]
    if sys.platform == "win32":
        import ctypes

        return "zh" if ctypes.windll.kernel32.GetUserDefaultUILanguage() & 0x3FF == 0x04 else "en"
    return "zh" if any(t.lower().startswith(("zh", "chinese")) for t in told) else "en"
