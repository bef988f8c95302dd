"""Sheets of paper as plain data, in millimetres from the upper left; written as PDF or SVG, the same bytes every time."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from PIL import Image as Pillow

from sculpt3d.desk.fonts import font_for, unprintable
from sculpt3d.geometry import F64
from sculpt3d.types import U8

MM = 72 / 25.4  # points


@dataclass(frozen=True)
class Picture:
    x: float
    y: float
    width: float
    height: float
    pixels: U8  # (H, W) grey


@dataclass(frozen=True)
class Shape:
    """rings: (N, 2) each; closed ones are filled by the even-odd rule where there is a fill."""

    rings: Sequence[F64]
    stroke: str = ""
    width: float = 0.25
    fill: str = ""
    opacity: float = 1.0
    closed: bool = True
    name: str = ""


@dataclass(frozen=True)
class Disc:
    x: float
    y: float
    radius: float
    fill: str
    stroke: str
    width: float = 0.4


@dataclass(frozen=True)
class Words:
    """y: of the base line; size in mm; middle: x is the middle, else the left end."""

    x: float
    y: float
    text: str
    size: float = 3.0
    bold: bool = False
    middle: bool = False
    colour: str = "#1c1c1c"


Mark = Picture | Shape | Disc | Words


@dataclass(frozen=True)
class Page:
    width: float
    height: float
    marks: Sequence[Mark]


def as_svg(pages: Sequence[Page], title: str) -> bytes:
    """Pages below each other, as large on paper as said."""
    width, height = max(p.width for p in pages), sum(p.height for p in pages)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}mm" height="{height:g}mm" viewBox="0 0 {width:g} {height:g}">',
        f"<title>{escape(_plain(title))}</title>",
        f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>',
    ]
    down = 0.0
    for page in pages:
        out.append(f'<g transform="translate(0 {down:g})" font-family="Helvetica, Arial, sans-serif">')
        out += [_svg(mark) for mark in page.marks]
        out.append("</g>")
        down += page.height
    return "\n".join([*out, "</svg>", ""]).encode()


def _svg(mark: Mark) -> str:
    if isinstance(mark, Picture):
        data = base64.b64encode(_png(mark.pixels)).decode()
        at = f'x="{mark.x:.4f}" y="{mark.y:.4f}" width="{mark.width:.4f}" height="{mark.height:.4f}"'
        return f'<image {at} preserveAspectRatio="none" href="data:image/png;base64,{data}"/>'
    if isinstance(mark, Disc):
        return (
            f'<circle cx="{mark.x:.4f}" cy="{mark.y:.4f}" r="{mark.radius:g}" fill="{mark.fill}" stroke="{mark.stroke}" '
            f'stroke-width="{mark.width:g}"/>'
        )
    if isinstance(mark, Words):
        more = (' font-weight="bold"' if mark.bold else "") + (' text-anchor="middle"' if mark.middle else "")
        at = f'x="{mark.x:.4f}" y="{mark.y:.4f}" font-size="{mark.size:g}" fill="{mark.colour}"'
        return f"<text {at}{more}>{escape(_plain(mark.text))}</text>"
    end = " Z" if mark.closed else ""
    path = " ".join("M" + " L".join(f"{x:.4f} {y:.4f}" for x, y in ring) + end for ring in mark.rings)
    fill = f'"{mark.fill}" fill-opacity="{mark.opacity:g}" fill-rule="evenodd"' if mark.fill else '"none"'
    line = (
        f' stroke="{mark.stroke}" stroke-width="{mark.width:g}" stroke-linejoin="round"'
        if mark.stroke
        else ""
    )
    name = f" class={quoteattr(_plain(mark.name))}" if mark.name else ""
    return f'<path d="{path}" fill={fill}{line}{name}/>'


def as_pdf(pages: Sequence[Page], title: str) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    paper: Any = Canvas(out, invariant=1)
    paper.setTitle(_plain(title))
    paper.setCreator("Sculpt3D")
    for page in pages:
        paper.setPageSize((page.width * MM, page.height * MM))
        for mark in page.marks:
            _pdf(paper, page.height, mark)
        paper.showPage()
    paper.save()
    return out.getvalue()


def _pdf(paper: Any, height: float, mark: Mark) -> None:
    """PDF counts points from the lower left."""
    from reportlab.lib.colors import HexColor
    from reportlab.lib.utils import ImageReader

    if isinstance(mark, Picture):
        low = height - mark.y - mark.height
        picture = ImageReader(Pillow.fromarray(mark.pixels))
        paper.drawImage(picture, mark.x * MM, low * MM, mark.width * MM, mark.height * MM)
        return
    if isinstance(mark, Words):
        paper.setFillColor(HexColor(mark.colour))
        font, text = font_for(_plain(mark.text), mark.bold)
        paper.setFont(font, mark.size * MM)
        draw = paper.drawCentredString if mark.middle else paper.drawString
        draw(mark.x * MM, (height - mark.y) * MM, text)
        return
    paper.setLineWidth(mark.width * MM)
    paper.setLineJoin(1)
    if mark.stroke:
        paper.setStrokeColor(HexColor(mark.stroke))
    if mark.fill:
        paper.setFillColor(HexColor(mark.fill))
    if isinstance(mark, Disc):
        paper.circle(mark.x * MM, (height - mark.y) * MM, mark.radius * MM, stroke=1, fill=1)
        return
    paper.setFillAlpha(mark.opacity)
    path = paper.beginPath()
    for ring in mark.rings:
        points = np.stack([ring[:, 0], height - ring[:, 1]], 1) * MM
        path.moveTo(*points[0])
        for x, y in points[1:]:
            path.lineTo(x, y)
        if mark.closed:
            path.close()
    paper.drawPath(path, stroke=int(bool(mark.stroke)), fill=int(bool(mark.fill)), fillMode=0)
    paper.setFillAlpha(1)


def unprintable_letters(pages: Sequence[Page]) -> str:
    """What a PDF of them shows as ?, as no font of this computer has it."""
    every = (unprintable(_plain(m.text)) for p in pages for m in p.marks if isinstance(m, Words))
    return "".join(sorted(set("".join(every))))


def _plain(text: str) -> str:
    """Without what neither XML nor a line of print can hold."""
    return "".join(c if c.isprintable() else " " for c in text)


def _png(pixels: U8) -> bytes:
    out = io.BytesIO()
    Pillow.fromarray(pixels).save(out, "PNG")
    return out.getvalue()
