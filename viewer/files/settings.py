"""What a person set in the window and what was open last, in the user's own folder of settings; never lost by a kill, for a file
appears whole or not at all. A file that cannot be read is as good as none."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from sculpt3d.files import write_atomic

_MOST = 1_000_000  # bytes
_RECENT = 12
_SIDE = (320, 16384)  # pixels of a window


@dataclass(frozen=True)
class Settings:
    """language: "en", "zh" or "" for the system's. theme: "dark" or "light". scale: of letters, 0: as the screen has it. size: of
    the window. tab: of the inspector. closed: panels that are folded. fingers: what two fingers do, "zoom" or "turn"."""

    language: str = ""
    theme: str = "dark"
    scale: float = 0.0
    size: tuple[int, int] = (1280, 720)
    panels: bool = True
    tab: str = "Look"
    closed: tuple[str, ...] = ()
    fingers: str = "zoom"


_CHOICES = {"language": ("", "en", "zh"), "theme": ("dark", "light"), "fingers": ("zoom", "turn")}


def folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_config_dir("sculpt3d", appauthor=False))


def read_settings(where: Path | None = None) -> Settings:
    """As kept; each value that is none of those it may be is as it is at first."""
    found = _read((where or folder()) / "window.json")
    settings = Settings()
    if not isinstance(found, dict):
        return settings
    for field in fields(Settings):
        value = _sound(field.name, found.get(field.name), getattr(settings, field.name))
        settings = replace(settings, **{field.name: value})
    return settings


def keep_settings(settings: Settings, where: Path | None = None) -> None:
    _write((where or folder()) / "window.json", asdict(settings))


def read_recent(where: Path | None = None) -> tuple[Path, ...]:
    """Files opened last, the last one first; those that are gone are left out."""
    found = _read((where or folder()) / "recent.json")
    names = [n for n in found if isinstance(n, str) and 0 < len(n) < 4096] if isinstance(found, list) else []
    return tuple(p for p in map(Path, names[:_RECENT]) if _is_there(p))


def keep_recent(path: Path, where: Path | None = None) -> tuple[Path, ...]:
    """`path` put before the others."""
    path = path.resolve()
    recent = (path, *(p for p in read_recent(where) if p != path))[:_RECENT]
    _write((where or folder()) / "recent.json", [str(p) for p in recent])
    return recent


def _sound(name: str, value: Any, usual: Any) -> Any:
    """The value where it is of its kind, else the usual one."""
    if name in _CHOICES:
        return value if value in _CHOICES[name] else usual
    if name == "size":
        good = isinstance(value, list) and len(value) == 2 and all(type(v) is int for v in value)
        return tuple(value) if good and all(_SIDE[0] <= v <= _SIDE[1] for v in value) else usual
    if name == "closed":
        good = isinstance(value, list) and len(value) < 100 and all(isinstance(v, str) for v in value)
        return tuple(value) if good else usual
    if name == "scale":
        good = isinstance(value, int | float) and not isinstance(value, bool) and 0.5 <= value <= 4
        return float(value) if good else usual
    return value if type(value) is type(usual) else usual


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _read(path: Path) -> Any:
    try:
        if path.stat().st_size > _MOST:
            return None
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def _write(path: Path, told: Any) -> None:
    """Where the folder cannot be written, nothing is kept; that is no reason to stop."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, json.dumps(told, indent=1, ensure_ascii=False).encode())
