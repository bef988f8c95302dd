"""Pictures written whole or not at all, with how they were made and their resolution inside."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sculpt3d.errors import InputError
from sculpt3d.files import write_atomic
from sculpt3d.types import U8

KINDS = (".png", ".tif", ".tiff")
_WORD = "sculpt3d view"  # of the text in a PNG


def check_target(path: Path, kinds: tuple[str, ...] = (".png",)) -> None:
    """Raises `InputError` where no such picture can be written, before anything is drawn."""
    if path.suffix.lower() not in kinds:
        names = " or ".join(kinds)
        raise InputError(f"{path.name} is no {kinds[0][1:].upper()}; give a name that ends in {names}")
    if not path.absolute().parent.is_dir():
        raise InputError(f"There is no folder {path.parent}; make it, or give a picture in another one")


def save_picture(
    path: Path, pixels: U8, told: Mapping[str, Any] | None = None, dpi: float | None = None
) -> None:
    """PNG or TIFF by its name, sRGB (H, W, 3 or 4). told: how it was made, as JSON: a PNG's text "sculpt3d view", a TIFF's
    ImageDescription."""
    data = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(pixels))
    words = json.dumps(told) if told else None
    more: dict[str, Any] = {} if dpi is None else {"dpi": (dpi, dpi)}
    if path.suffix.lower() == ".png":
        text = PngInfo()
        if words is not None:
            text.add_itxt(_WORD, words)
        image.save(data, "PNG", pnginfo=text, **more)
    else:
        if words is not None:
            more["description"] = words
        image.save(data, "TIFF", compression="tiff_adobe_deflate", **more)
    write_atomic(path, data.getbuffer())


def told_in(path: Path) -> Any:
    """What `save_picture` was told, None where the picture says nothing."""
    with Image.open(path) as image:
        words = image.info.get(_WORD) if image.format == "PNG" else getattr(image, "tag_v2", {}).get(270)
    return None if words is None else json.loads(words)


def free_name(path: Path) -> Path:
    """The path, or the first of NAME-2, NAME-3 ... where nothing lies yet: no file is ever written over unasked."""
    k, free = 1, path
    while free.exists():
        k += 1
        free = path.with_stem(f"{path.stem}-{k}")
    return free
