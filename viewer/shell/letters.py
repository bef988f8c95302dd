"""The fonts of the panels: Roboto and signs from imgui-bundle, Chinese from the system or from a wheel of fonts.

Letters are drawn when they are first used, so a font of 65,000 costs what is shown of it. A letter that no font here has is
shown as a question mark, never as an empty box.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imgui_bundle
from imgui_bundle import imgui

SIZE = 15.0  # pixels of a window at 96 dots an inch
PROBE = "中文简体测量光照剖面"
# Those made for the screen first; a number: which font of a collection is the simplified Chinese one.
_NAMES = {
    "NotoSansCJK-Regular.ttc": 2, "NotoSansSC-Regular.otf": 0, "NotoSansSC-Regular.ttf": 0, "NotoSansCJKsc-Regular.otf": 0,
    "SourceHanSansSC-Regular.otf": 0, "SourceHanSansCN-Regular.otf": 0, "NotoSansCJK-VF.otf.ttc": 2,
    "NotoSansSC-VF.ttf": 0, "NotoSansSC[wght].ttf": 0, "msyh.ttc": 0, "msyh.ttf": 0, "PingFang.ttc": 0,
    "Hiragino Sans GB.ttc": 0, "STHeiti Light.ttc": 1, "wqy-microhei.ttc": 0, "wqy-zenhei.ttc": 0,
    "DroidSansFallbackFull.ttf": 0, "DroidSansFallback.ttf": 0, "Deng.ttf": 0, "simhei.ttf": 0, "simsun.ttc": 0,
    "Arial Unicode.ttf": 0, "ARIALUNI.TTF": 0,
}  # fmt: skip
_SIGNS = ("Font_Awesome_6_Free-Solid-900.otf",)
_EM = 0.95  # of SIZE: a Chinese letter's square, as high as it takes to be read beside Roboto
_WHEEL = "pylopdf_fonts_zh_cn"  # Noto Sans SC, OFL-1.1; the extra [zh]


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


def chinese_fonts() -> Iterator[Path]:
    """Files that may have Chinese letters, the best first."""
    found = {path.name: path for path in reversed(list(_files()))}
    yield from (found[name] for name in _NAMES if name in found)


def _files() -> Iterator[Path]:
    spec = importlib.util.find_spec(_WHEEL)
    if spec is not None and spec.origin is not None:
        yield from (p for p in Path(spec.origin).parent.iterdir() if p.name in _NAMES)
    for folder in _folders():
        for where, _, names in os.walk(folder):
            yield from (Path(where, name) for name in names if name in _NAMES)


def _folders() -> Iterator[Path]:
    home = Path.home()
    if sys.platform == "win32":
        yield from (Path(os.path.expandvars(p)) for p in (r"%WINDIR%\Fonts", r"%LOCALAPPDATA%\Microsoft\Windows\Fonts"))
    elif sys.platform == "darwin":
        yield from (home / "Library/Fonts", Path("/Library/Fonts"), Path("/System/Library/Fonts"))
    else:
        data = os.environ.get("XDG_DATA_HOME") or home / ".local/share"
        shared = (os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
        yield from (Path(data) / "fonts", home / ".fonts", *(Path(d) / "fonts" for d in shared))


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
    how.font_no = _NAMES.get(path.name.replace("Bold", "Regular"), 0)
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
