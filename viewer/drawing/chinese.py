"""Files of fonts with Chinese letters: of the computer, or of a wheel of fonts."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path

# Those made for the screen first; a number: which font of a collection is the simplified Chinese one.
_NAMES = {
    "NotoSansCJK-Regular.ttc": 2, "NotoSansSC-Regular.otf": 0, "NotoSansSC-Regular.ttf": 0, "NotoSansCJKsc-Regular.otf": 0,
    "SourceHanSansSC-Regular.otf": 0, "SourceHanSansCN-Regular.otf": 0, "NotoSansCJK-VF.otf.ttc": 2,
    "NotoSansSC-VF.ttf": 0, "NotoSansSC[wght].ttf": 0, "msyh.ttc": 0, "msyh.ttf": 0, "PingFang.ttc": 0,
    "Hiragino Sans GB.ttc": 0, "STHeiti Light.ttc": 1, "wqy-microhei.ttc": 0, "wqy-zenhei.ttc": 0,
    "DroidSansFallbackFull.ttf": 0, "DroidSansFallback.ttf": 0, "Deng.ttf": 0, "simhei.ttf": 0, "simsun.ttc": 0,
    "Arial Unicode.ttf": 0, "ARIALUNI.TTF": 0,
}  # fmt: skip
_WHEEL = "pylopdf_fonts_zh_cn"  # Noto Sans SC, OFL-1.1; the extra [zh]


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


def face_of(path: Path) -> int:
    """Which font of a file is the simplified Chinese one."""
    return _NAMES.get(path.name.replace("Bold", "Regular"), 0)
