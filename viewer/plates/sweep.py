"""The light goes round: one picture a step, as a folder of PNG, a GIF or an MP4."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from sculpt3d.errors import InputError, ResourceError
from sculpt3d.files import put, write_atomic
from sculpt3d.types import U8

PER_SECOND = 12
MOST_STEPS = 720
_GIF_MOST = 1600  # pixels a side: 256 colours of more are no picture


def check_sweep(path: Path, steps: int, size: tuple[int, int]) -> None:
    """Raises `InputError` before anything is drawn."""
    kind = path.suffix.lower()
    if not 2 <= steps <= MOST_STEPS:
        raise InputError(
            f"A sweep of {steps} steps is none; give 2 to {MOST_STEPS}, 36 for one every ten degrees"
        )
    if kind not in {".gif", ".mp4", ""}:
        raise InputError(
            f"{path.name}: a sweep is a GIF, an MP4 or a folder; give -o NAME.gif, NAME.mp4 or NAME"
        )
    if not path.absolute().parent.is_dir():
        raise InputError(f"There is no folder {path.absolute().parent}; make it, or give another one")
    if kind == "" and path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError(f"{path} is there already and not an empty folder; give the sweep a new one")
    if kind == ".gif" and max(size) > _GIF_MOST:
        raise InputError(
            f"A GIF of {size[0]} x {size[1]} is too large; give --size up to {_GIF_MOST}, or an MP4"
        )


def write_gif(path: Path, frames: Iterator[U8], told: Mapping[str, Any]) -> None:
    """Endless, each picture with 256 colours of its own."""
    pictures = [
        Image.fromarray(np.ascontiguousarray(f)).quantize(256, dither=Image.Dither.NONE) for f in frames
    ]
    data = io.BytesIO()
    pictures[0].save(
        data,
        "GIF",
        save_all=True,
        append_images=pictures[1:],
        duration=round(1000 / PER_SECOND),
        loop=0,
        comment=json.dumps(told).encode(),
    )
    write_atomic(path, data.getvalue())


def write_mp4(path: Path, frames: Iterator[U8]) -> None:
    """VP9, which browsers play and OpenCV's wheel can write; sides are made even by one more row or column."""
    unfinished = path.with_name(f".{path.stem}.part.mp4")
    writer = None
    try:
        for frame in frames:
            height, width = frame.shape[:2]
            even = cv2.copyMakeBorder(frame, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
            if writer is None:
                code = cv2.VideoWriter.fourcc(*"vp09")
                writer = cv2.VideoWriter(
                    str(unfinished), cv2.CAP_FFMPEG, code, PER_SECOND, (even.shape[1], even.shape[0])
                )
                if not writer.isOpened():
                    raise ResourceError("OpenCV cannot write MP4 here; give -o NAME.gif or a folder instead")
            writer.write(np.ascontiguousarray(even[..., ::-1]))
        if writer is not None:
            writer.release()
        put(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
