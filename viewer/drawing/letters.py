"""Letters on pictures: a font that has all of a text's, of those that come with the packages here or with the computer."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

from sculpt3d.desk.fonts import font_files
from viewer.drawing.chinese import chinese_fonts, face_of

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@lru_cache(1)
def _known() -> tuple[str, ...]:
    import reportlab

    own = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
    return tuple(dict.fromkeys(str(p) for p in (own, *font_files(), *chinese_fonts()) if p.is_file()))


@lru_cache(64)
def _at(path: str, pixels: int) -> Font | None:
    try:
        return ImageFont.truetype(path, pixels, face_of(Path(path)))
    except OSError:
        return None


def font_of(text: str, pixels: int) -> tuple[Font, str]:
    """The font and the text, with ? for letters that no font here has."""
    best: Font = ImageFont.load_default(pixels)
    missing = set(text)
    for path in _known():
        font = _at(path, pixels)
        if font is None:
            continue
        lacking = _lacking(path, text)
        if len(lacking) < len(missing):
            best, missing = font, lacking
        if not lacking:
            break
    return best, "".join("?" if c in missing else c for c in text)


def _lacking(path: str, text: str) -> set[str]:
    return {c for c in text if not c.isspace() and not _has(path, c)}


@lru_cache(4096)
def _has(path: str, letter: str) -> bool:
    font = _at(path, 20)
    assert font is not None
    return bytes(font.getmask(letter)) != bytes(font.getmask("\uffff"))
