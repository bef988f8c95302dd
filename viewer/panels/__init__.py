"""The panels of the inspector, each a file here that is found by itself; what one is, is said in `panel.py`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from viewer.panels.panel import Panel


@cache
def panels() -> tuple[Panel, ...]:
    """In the order they are shown in. Needs imgui-bundle."""
    files = [importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)]
    return tuple(sorted((f.PANEL for f in files if hasattr(f, "PANEL")), key=lambda p: p.place))
