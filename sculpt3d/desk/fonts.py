"""Letters on paper: PDF's own Helvetica for western Europe, else a font of this computer that has them, put into the file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

LATIN, LATIN_BOLD = "Helvetica", "Helvetica-Bold"
# TrueType outlines only: what PDF writers embed; those that have most letters first, then Chinese
_NAMES = (
    "DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "segoeui.ttf", "arial.ttf", "Arial.ttf",
    "Arial Unicode.ttf", "ARIALUNI.TTF", "wqy-microhei.ttc", "wqy-zenhei.ttc", "DroidSansFallbackFull.ttf",
    "DroidSansFallback.ttf", "msyh.ttc", "simhei.ttf", "simsun.ttc", "STHeiti Light.ttc", "uming.ttc", "ukai.ttc",
)  # fmt: skip
_FOLDERS = {
    "win32": (
        os.path.expandvars(r"%WINDIR%\Fonts"),
        os.path.expandvars(r"%LOCALAPPDATA%\Microsoft\Windows\Fonts"),
    ),
    "darwin": ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
}
_ELSEWHERE = ("~/.local/share/fonts", "~/.fonts", "/usr/local/share/fonts", "/usr/share/fonts")


def font_for(text: str, bold: bool = False) -> tuple[str, str]:
    """A font's name that the PDF writer knows, and the text with ? for letters that no font here has."""
    if is_latin(text):
        return (LATIN_BOLD if bold else LATIN), text
    best, missing = LATIN, {c for c in text if not is_latin(c)}
    for name in _registered():
        lacking = {c for c in text if ord(c) not in _letters(name)}
        if len(lacking) < len(missing):
            best, missing = name, lacking
        if not lacking:
            break
    return best, "".join("?" if c in missing else c for c in text)


def unprintable(text: str) -> str:
    """Its letters that no font here has, each once."""
    printed = font_for(text)[1]
    return "".join(sorted({a for a, b in zip(text, printed, strict=True) if a != b}))


def is_latin(text: str) -> bool:
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def _letters(name: str) -> frozenset[int]:
    from reportlab.pdfbase.pdfmetrics import getFont

    return frozenset(getFont(name).face.charToGlyph)


@lru_cache(1)
def _registered() -> tuple[str, ...]:
    """Names of those found, known to the PDF writer from now on; what it cannot read is left out."""
    from reportlab.pdfbase.pdfmetrics import registerFont
    from reportlab.pdfbase.ttfonts import TTFError, TTFont

    found = []
    for path in font_files():
        try:
            registerFont(TTFont(path.name, str(path)))
        except (TTFError, OSError):
            continue
        found.append(path.name)
    return tuple(dict.fromkeys(found))


def font_files() -> list[Path]:
    """Those known by name that this computer has, the ones with most letters first."""
    return sorted(_files(), key=lambda p: _NAMES.index(p.name))


def _files() -> Iterator[Path]:
    for folder in _FOLDERS.get(sys.platform, _ELSEWHERE):
        for where, _, names in os.walk(Path(folder).expanduser()):
            yield from (Path(where, n) for n in names if n in _NAMES)
