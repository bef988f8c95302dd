"""The modes: how a surface is shown. Each is a file here that is found by itself; what one is, is said in `mode.py`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from sculpt3d.errors import InputError
from viewer.modes.mode import Mode


@cache
def modes() -> dict[str, Mode]:
    """By name, in the order of their files."""
    files = [importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)]
    return {f.MODE.name: f.MODE for f in files if hasattr(f, "MODE")}


def mode(name: str) -> Mode:
    """Raises `InputError` with the names there are."""
    if name not in modes():
        raise InputError(f"{name} is no mode; give {', '.join(modes())}")
    return modes()[name]
