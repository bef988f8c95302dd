"""A picture to publish as it is filled in, and the options of `sculpt3d render` that say the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Asked:
    """size: "seen" (width x height pixels), "px" (mm a pixel), "print" (1 : n at dpi). sweep: the light goes round in `steps`."""

    size: str = "seen"
    width: int = 1920
    height: int = 1080
    mm_per_px: float = 0.2
    n: float = 1.0
    dpi: float = 300.0
    ground: str = "grey"
    sheet: bool = False
    sweep: bool = False
    steps: int = 36
    bar: bool = False
    up: bool = False
    legend: bool = True
    caption: str = ""

    def changed(self, **values: Any) -> Asked:
        return replace(self, **values)


def options_of(asked: Asked, font: Path | None = None) -> list[str]:
    """For the command line; the model, the state and the picture's name come from elsewhere. font: for a caption whose letters
    the built-in one lacks."""
    sizes = {
        "seen": ["--size", f"{asked.width}x{asked.height}"],
        "px": ["--mm-per-px", f"{asked.mm_per_px:g}"],
        "print": ["--scale", f"1:{asked.n:g}@{asked.dpi:g}dpi"],
    }
    options = [*sizes[asked.size], "--ground", asked.ground]
    options += ["--sheet", "six"] if asked.sheet else []
    options += ["--sweep", str(asked.steps)] if asked.sweep else []
    options += ["--scale-bar"] if asked.bar else []
    options += ["--up-arrow"] if asked.up else []
    options += [] if asked.legend else ["--no-legend"]
    options += ["--caption", asked.caption] if asked.caption else []
    return options + (["--font", str(font)] if font is not None and not asked.caption.isascii() else [])


def kinds_of(options: list[str]) -> tuple[str, ...]:
    """Endings of the file they can be written to."""
    return (".gif", ".mp4") if "--sweep" in options else (".png", ".tif")
