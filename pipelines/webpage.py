"""A folder for any static host: the model in <model-viewer>, with levels, poster, credits, scale bar, AR and alt text.

Nothing is fetched from elsewhere: the viewer (model-viewer 4.4.0, Apache-2.0) and the decoder of
compressed models (meshoptimizer 1.3, MIT) lie beside the page. As package data: npm is not asked for anything.
"""

from __future__ import annotations

import html
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.annotations import Annotation
from sculpt3d.files import write_atomic

WEB = Path(__file__).parent / "web"
PARTS = ("model-viewer.min.js", "model-viewer.LICENSE", "meshopt_decoder.js", "meshopt_decoder.LICENSE")
_WORDS = {"thumb": "Light", "mobile": "Phone", "ar": "AR", "web": "Full", "archive": "Archive"}
HEAVY_MB = 20.0  # larger levels are offered for download, not shown


@dataclass(frozen=True)
class Entry:
    """A level on the page."""

    preset: str
    file: str
    megabytes: float
    triangles: int


@dataclass(frozen=True)
class Subject:
    """size_mm: width, height, depth; None without a scale."""

    name: str
    credit: str
    size_mm: tuple[float, float, float] | None
    usdz: str | None = None
    annotations: Sequence[Annotation] = ()


def write_page(folder: Path, subject: Subject, entries: Sequence[Entry]) -> Path:
    """`folder/index.html` and the viewer beside it; texts are escaped, whoever wrote them."""
    text = (WEB / "page.html").read_text()
    fields = {
        "NAME": html.escape(subject.name),
        "ALT": html.escape(alt_text(subject)),
        "AR_SCALE": "fixed" if subject.size_mm else "auto",
        "IOS": f'ios-src="{html.escape(subject.usdz)}"' if subject.usdz else "",
        "SIZE": html.escape(_size(subject)),
        "CREDIT": html.escape(subject.credit),
        "LEVELS": _levels(entries),
        "HOTSPOTS": _hotspots(subject.annotations),
        "NOTES": _notes(subject.annotations),
        "MADE": "Made with Sculpt3D.",
        "METRIC": json.dumps(subject.size_mm is not None),
    }
    for key, value in fields.items():
        text = text.replace("{{" + key + "}}", value.replace("{{", "{&#123;"))
    for part in PARTS:
        shutil.copyfile(WEB / part, folder / part)
    page = folder / "index.html"
    write_atomic(page, text.encode())
    return page


def alt_text(subject: Subject) -> str:
    return f"3D model of {subject.name}. {_size(subject)}"


def _size(subject: Subject) -> str:
    if subject.size_mm is None:
        return "The model has no scale."
    w, h, d = (f"{v:.0f}" for v in subject.size_mm)
    return f"{h} mm high, {w} mm wide, {d} mm deep."


def _levels(entries: Sequence[Entry]) -> str:
    lines = []
    for e in sorted(entries, key=lambda e: e.megabytes):
        word, file = _WORDS.get(e.preset, e.preset), html.escape(e.file)
        if e.megabytes <= HEAVY_MB or len(entries) == 1:
            lines.append(
                f'<button data-file="{file}" data-preset="{html.escape(e.preset)}" aria-pressed="false">'
                f"{word}, {e.megabytes:.1f} MB</button>"
            )
        else:
            lines.append(
                f'<a href="{file}" download>{word}, {e.triangles:,} triangles, {e.megabytes:.0f} MB</a>'
            )
    return "\n".join(lines)


def _hotspots(annotations: Sequence[Annotation]) -> str:
    """Points on the model; what they say stands below it, and is shown one at a time."""
    lines = []
    for k, a in enumerate(annotations, 1):
        at, out = (" ".join(f"{v:.6g}" for v in vector) for vector in (a.position, a.normal))
        lines.append(
            f'<button class="hotspot" slot="hotspot-{k}" data-position="{at}" data-normal="{out}" '
            f'data-visibility-attribute="visible" data-note="{k}" aria-expanded="false" aria-controls="note-{k}" '
            f'aria-label="{html.escape(a.title)}">{k}</button>'
        )
    return "\n".join(lines)


def _notes(annotations: Sequence[Annotation]) -> str:
    if not annotations:
        return ""
    rows = []
    for k, a in enumerate(annotations, 1):
        text = html.escape(a.text).replace("\n", "<br>")
        rows.append(
            f'<li><button data-note="{k}" aria-expanded="false" aria-controls="note-{k}">{k}. {html.escape(a.title)}</button>'
            f'<p id="note-{k}" hidden>{text}</p></li>'
        )
    return f'<ul class="notes" aria-label="Points on the model">{"".join(rows)}</ul>'
