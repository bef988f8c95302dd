"""The unit of a file that does not say it, as its user said it once: kept in the saved view beside the file, where that folder
cannot be written in the user's own folder of settings."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from sculpt3d.desk.viewfile import read_view, write_view
from sculpt3d.errors import InputError, SculptError, UnreadableFile
from sculpt3d.files import write_atomic

MM_OF = {"mm": 1.0, "cm": 10.0, "m": 1000.0, "in": 25.4}
_MOST_BYTES, _MOST_FILES = 4_000_000, 2000


def view_beside(path: Path) -> Path:
    """Where the saved view of a model, or of a project's folder, lies."""
    path = path.resolve()
    if path.is_dir():
        return path / f"{path.name}.view.json"
    name = path.parent.name if path.stem == "model" else path.stem
    return path.with_name(f"{name}.view.json")


def kept_unit(path: Path) -> tuple[str, str] | None:
    """The unit, of `MM_OF`, and where it was found; None where nobody said it."""
    beside = view_beside(path)
    with contextlib.suppress(SculptError, OSError):
        unit = read_view(beside).get("unit")
        if unit in MM_OF:
            return str(unit), beside.name
    unit = _told().get(str(path.resolve()))
    return (unit, "your settings") if unit in MM_OF else None


def keep_unit(path: Path, unit: str) -> Path:
    """Where it was kept. Raises `InputError` where the unit is none."""
    if unit not in MM_OF:
        raise InputError(f"{unit} is no unit; give {', '.join(MM_OF)}")
    beside = view_beside(path)
    try:
        write_view(beside, {"unit": unit, "model": beside.name.removesuffix(".view.json")})
        return beside
    except (OSError, InputError, UnreadableFile):
        told = {**_told(), str(path.resolve()): unit}
        kept = _settings()
        kept.parent.mkdir(parents=True, exist_ok=True)
        last = dict(list(told.items())[-_MOST_FILES:])
        write_atomic(kept, json.dumps(last, indent=1, ensure_ascii=False).encode())
        return kept


def _settings() -> Path:
    import platformdirs

    return Path(platformdirs.user_config_dir("sculpt3d", appauthor=False)) / "units.json"


def _told() -> dict[str, str]:
    path = _settings()
    try:
        found = json.loads(path.read_bytes()) if path.stat().st_size <= _MOST_BYTES else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return {k: v for k, v in found.items() if isinstance(v, str)} if isinstance(found, dict) else {}
