"""The fonts of the panels: Roboto and signs from imgui-bundle, Chinese from the system or from a wheel of fonts.

Letters are drawn when they are first used, so a font of 65,000 costs what is shown of it. A letter that no font here has is
shown as a question mark, never as an empty box.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imgui_bundle
from imgui_bundle import imgui

from viewer.drawing.chinese import chinese_fonts, face_of

SIZE = 15.0  # pixels of a window at 96 dots an inch
PROBE = "中文简体测量光照剖面"
_SIGNS = ("Font_Awesome_6_Free-Solid-900.otf",)
_EM = 0.95  # of SIZE: a Chinese letter's square, as high as it takes to be read beside Roboto


@dataclass(frozen=True)
class Letters:
    """Fonts of one imgui context. chinese: the file Chinese comes from, None where there is none."""

    plain: Any
    bold: Any
    chinese: Path | None

    def lacking(self, text: str) -> str:
        """Its letters that no font has, each once."""
        return "".join(sorted({c for c in text if c.isprintable() and not self.plain.is_glyph_in_font(ord(c))}))


def load_letters(chinese: bool = True) -> Letters:
    """Into the current context. chinese: whether to look for a font of Chinese letters."""
    own = _assets()
    signs = own / _SIGNS[0]
    plain = _font(own / "Roboto" / "Roboto-Regular.ttf", signs)
    bold = _font(own / "Roboto" / "Roboto-Bold.ttf", signs)
    for path in chinese_fonts() if chinese else ():
        if _merge(path, plain) and all(plain.is_glyph_in_font(ord(c)) for c in PROBE):
            _merge(_bold_of(path), bold)
            return Letters(plain, bold, path)
    return Letters(plain, bold, None)


def _assets() -> Path:
    return Path(imgui_bundle.__file__).parent / "assets" / "fonts"


def _font(path: Path, signs: Path) -> Any:
    font = imgui.get_io().fonts.add_font_from_file_ttf(str(path), SIZE)
    font.fallback_char = ord("?")
    _merge(signs, font, lower=1.5)
    return font


def _merge(path: Path, font: Any, lower: float = 0.0) -> bool:
    """Put a file's letters behind those that `font` has; whether that went well."""
    how = imgui.ImFontConfig()
    how.merge_mode, how.dst_font = True, font
    how.font_no = face_of(path)
    how.glyph_offset = imgui.ImVec2(0, lower)
    if path.name not in _SIGNS:
        how.extra_size_scale = _scale(path, how.font_no)
    try:
        return imgui.get_io().fonts.add_font_from_file_ttf(str(path), SIZE, how) is not None
    except RuntimeError:  # imgui's word for a file that is no font
        return False


def _scale(path: Path, number: int) -> float:
    """imgui makes a font's whole line as high as its size is; those of Chinese fonts are half as high again as their letters."""
    from PIL import ImageFont

    try:
        line = sum(ImageFont.truetype(str(path), 1000, number).getmetrics()) / 1000
    except OSError:
        return 1.0
    return _EM * line


def _bold_of(path: Path) -> Path:
    bold = path.with_name(path.name.replace("Regular", "Bold"))
    return bold if bold.is_file() else path
