"""Profiles as files at 1:1: SVG to print, DXF for CAD, CSV for tables. Millimetres; the same bytes every time."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from sculpt3d.desk.section import Profile
from sculpt3d.desk.surface import Surface
from sculpt3d.errors import InputError
from sculpt3d.files import write_atomic
from sculpt3d.geometry import F64, far_centre

KINDS = (".svg", ".dxf", ".csv")
_GAP = 10.0  # mm between profiles on a sheet


def check_drawing(path: Path) -> None:
    """Raises `InputError` where no drawing of that name can be written."""
    if path.suffix.lower() not in KINDS:
        raise InputError(f"{path.name} is no drawing; give a name that ends in .svg, .dxf or .csv")
    if not path.absolute().parent.is_dir():
        raise InputError(f"There is no folder {path.parent}; make it, or write the drawing into another one")


def write_drawing(path: Path, surface: Surface, profiles: Sequence[Profile]) -> None:
    """By the name's ending; whole or not at all."""
    make = {".svg": as_svg, ".dxf": as_dxf, ".csv": as_csv}[path.suffix.lower()]
    write_atomic(path, make(surface, profiles).encode())


def as_svg(surface: Surface, profiles: Sequence[Profile]) -> str:
    """One drawing, as large on paper as in truth; profiles of a stack side by side, all upright and at one height."""
    sizes = [_box(p, surface.mm) for p in profiles]
    letter = float(np.clip(0.03 * max(float((high - low).max()) for low, high in sizes), 2.5, 8))
    places, width, height = _grid([high - low for low, high in sizes], letter)
    bar = _round_length(max(width - 2 * _GAP, 1) / 3)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.4f}mm" height="{height:.4f}mm" '
        f'viewBox="0 0 {width:.4f} {height:.4f}">',
        f"<title>{escape(surface.name)}: {len(profiles)} section{'s' if len(profiles) > 1 else ''}, 1:1</title>",
        f"<style>path {{ fill: #d9d4c9; fill-rule: evenodd; stroke: #1c1c1c; stroke-width: {letter / 12:.3f}; "
        f"stroke-linejoin: round }} .open {{ fill: none; stroke-dasharray: {letter / 3:.3f} }} "
        f"text {{ font: {letter:.3f}px sans-serif; fill: #333 }} .bar {{ fill: #1c1c1c }}</style>",
    ]
    for k, (profile, (low, high), (x, y)) in enumerate(zip(profiles, sizes, places, strict=True)):
        moved = [_on_paper(uv * surface.mm, low, high, x, y) for uv in profile.uv]
        out.append(f'<g id="profile-{k + 1}" data-plane={quoteattr(profile.plane.text())}>')
        out += [
            f'<path d="{_path([moved[i] for i in (outer, *holes)], True)}"/>'
            for outer, holes in profile.fills
        ]
        out += [
            f'<path class="open" d="{_path([m], False)}"/>'
            for m, o in zip(moved, profile.outlines, strict=True)
            if not o.closed
        ]
        below = y + float((high - low)[1])
        for row, words in enumerate(_words(profile)):
            out.append(
                f'<text x="{x:.4f}" y="{below + letter * (1.6 + 1.3 * row):.4f}">{escape(words)}</text>'
            )
        out.append("</g>")
    out.append(
        f'<g id="scale-bar"><rect class="bar" x="{_GAP}" y="{height - 2.2 * letter:.4f}" width="{bar:g}" '
        f'height="{letter / 5:.4f}"/><text x="{_GAP}" y="{height - letter / 2:.4f}">{bar:g} mm, 1:1</text></g>'
    )
    return "\n".join([*out, "</svg>", ""])


def as_dxf(surface: Surface, profiles: Sequence[Profile]) -> str:
    """Closed polylines in millimetres, a layer a profile; those of a stack lie at their height along the normal. Filled areas are
    hatches in a layer of their own."""
    import ezdxf

    ezdxf.options.write_fixed_meta_data_for_testing = True  # no time, no random numbers
    document = ezdxf.new("R2010", units=ezdxf.units.MM)
    document.header["$MEASUREMENT"] = 1
    document.layers.add("CAPS", color=8)
    space, mm = document.modelspace(), surface.mm
    every = np.concatenate([uv for p in profiles for uv in p.uv]) * mm
    origin = far_centre(every.min(0), every.max(0))[:2]
    base = profiles[0].plane.distance
    for k, profile in enumerate(profiles):
        layer = re.sub(r"[^\w .-]", "_", profile.name)[:200] or "SECTION"
        layer = layer if layer not in document.layers else f"{layer} ({k + 1})"
        document.layers.add(layer, color=7)
        rise = (profile.plane.distance - base) * mm
        at = [uv * mm - origin for uv in profile.uv]
        for xy, outline in zip(at, profile.outlines, strict=True):
            line = space.add_lwpolyline(xy, close=outline.closed, dxfattribs={"layer": layer})
            line.dxf.elevation = rise
        for outer, holes in profile.fills:
            hatch = space.add_hatch(color=8, dxfattribs={"layer": "CAPS", "elevation": (0, 0, rise)})
            hatch.paths.add_polyline_path(at[outer], is_closed=True, flags=1)
            for hole in holes:
                hatch.paths.add_polyline_path(at[hole], is_closed=True, flags=16)
    out = io.StringIO()
    known = document.classes
    known.add_required_classes(document.dxfversion)
    known.classes = dict(sorted(known.classes.items()))  # of a set, so in another order in some processes
    document.write(out)
    return out.getvalue()


def as_csv(surface: Surface, profiles: Sequence[Profile]) -> str:
    """A line a point: u, v on the drawing in mm, and x, y, z in the file's own coordinates."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["profile", "plane", "outline", "closed", "hole", "u_mm", "v_mm", "x", "y", "z"])
    for profile in profiles:
        within = {h for _, holes in profile.fills for h in holes}
        plane = profile.plane.text()
        for k, (uv, outline) in enumerate(zip(profile.uv, profile.outlines, strict=True)):
            for (u, v), xyz in zip(uv * surface.mm, outline.xyz + surface.offset, strict=True):
                flags = int(outline.closed), int(k in within)
                rows.writerow([profile.name, plane, k + 1, *flags, *(repr(float(n)) for n in (u, v, *xyz))])
    return out.getvalue()


def _box(profile: Profile, mm: float) -> tuple[F64, F64]:
    every = np.concatenate(profile.uv) * mm
    return every.min(0), every.max(0)


def _grid(sizes: Sequence[F64], letter: float) -> tuple[list[tuple[float, float]], float, float]:
    """Upper left corner of each on the sheet, and the sheet's width and height: rows, filled from the left."""
    row_height = float(max(s[1] for s in sizes)) + letter * 6 + _GAP
    label = letter * 16
    together = sum((float(s[0]) + _GAP) * row_height for s in sizes)
    widest = max(float(max(s[0] for s in sizes)) + 2 * _GAP, 1.3 * together**0.5)
    x, y, right = _GAP, _GAP, 0.0
    places: list[tuple[float, float]] = []
    for size in sizes:
        wide = max(float(size[0]), label)
        if places and x + wide > widest:
            x, y = _GAP, y + row_height
        places.append((x, y + row_height - letter * 6 - _GAP - float(size[1])))  # their feet on one line
        x += wide + _GAP
        right = max(right, x)
    return places, right, y + row_height + 4 * letter


def _on_paper(uv: F64, low: F64, high: F64, x: float, y: float) -> F64:
    """Down is positive on paper."""
    return np.stack([uv[:, 0] - low[0] + x, high[1] - uv[:, 1] + y], 1)


def _path(lines: Sequence[F64], closed: bool) -> str:
    return " ".join(
        "M" + " L".join(f"{x:.5f} {y:.5f}" for x, y in line) + (" Z" if closed else "") for line in lines
    )


def _words(profile: Profile) -> list[str]:
    return [
        f"{profile.name}: {profile.plane.text()}",
        f"area {profile.area.text()}",
        f"perimeter {profile.perimeter.text()}",
    ]


def _round_length(wanted: float) -> float:
    power = 10.0 ** np.floor(np.log10(wanted))
    return float(max(m * power for m in (1, 2, 5) if m * power <= wanted))
