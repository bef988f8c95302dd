"""`sculpt3d closeup`: the photos that show a place best, each cut around it, side by side."""

from __future__ import annotations

import argparse
import io
import json

import numpy as np
from PIL import Image

from pipelines.bar import table
from pipelines.measuring import check_folder
from sculpt3d.desk.photos import best_photos, close_up, read_taken
from sculpt3d.desk.surface import read_measured
from sculpt3d.errors import InputError
from sculpt3d.files import write_atomic

SIDE, GAP = 480, 8  # pixels


def closeup(options: argparse.Namespace) -> int:
    """Print where each photo shows the place, and write the picture where one is asked for."""
    if options.output is not None:
        check_folder(options.output)
        if options.output.suffix.lower() not in (".png", ".jpg"):
            raise InputError(f"{options.output.name}: give a name that ends in .png or .jpg")
    if not options.project.is_dir():
        raise InputError(f"{options.project} is no project folder; photos belong to projects")
    taken, surface = read_taken(options.project), read_measured(options.project)
    sights = best_photos(surface, taken, np.array(options.point), options.count)
    if not sights:
        raise InputError(
            "No photo shows this place: all look from behind, too flatly, or something is before it"
        )
    mm = surface.scale.mm
    rows = [
        {
            "photo": s.photo.name,
            "x": float(s.pixel[0]),
            "y": float(s.pixel[1]),
            "degrees": s.degrees,
            "mm_per_px": None if mm is None else s.per_px * mm,
        }
        for s in sights
    ]
    if options.json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        sharp = [f", {s.per_px * mm:.3f} mm a pixel" if mm is not None else "" for s in sights]
        cells = [
            f"pixel {s.pixel[0]:.1f}, {s.pixel[1]:.1f}, seen at {s.degrees:.0f}°{v}"
            for s, v in zip(sights, sharp, strict=True)
        ]
        table(("", "photo", "place"), [("ok", s.photo.name, c) for s, c in zip(sights, cells, strict=True)])
    if options.output is not None:
        width = surface.size / 10 if options.width is None else options.width / surface.mm
        gap = np.full((SIDE, GAP, 3), 255, np.uint8)
        parts = [part for s in sights for part in (gap, close_up(s, width, SIDE))][1:]
        out, kind = io.BytesIO(), "PNG" if options.output.suffix.lower() == ".png" else "JPEG"
        Image.fromarray(np.concatenate(parts, 1)).save(out, kind, quality=92)
        write_atomic(options.output, out.getvalue())
    return 0
