"""The tools: what a click or a drag on the model does. Each is a file here that is found by itself; see `tool.py`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from sculpt3d.errors import InputError
from viewer.tools.tool import Tool


@cache
def tools() -> dict[str, Tool]:
    """By name, in the order of their files."""
    files = [importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)]
    return {f.TOOL.name: f.TOOL for f in files if hasattr(f, "TOOL")}


def tool(name: str) -> Tool:
    """Raises `InputError` with the names there are."""
    if name not in tools():
        raise InputError(f"{name} is no tool; there are {', '.join(tools())}")
    return tools()[name]
