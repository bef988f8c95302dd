"""A folder for any static host: the model in <model-viewer>, with levels, poster, credits, scale bar, AR and alt text.

A finished page asks nobody else for anything: the viewer (model-viewer, Apache-2.0) and the decoder of compressed models
(meshoptimizer, MIT) lie beside it with their licences. Both come from npm, once (`webasset/npm.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.annotations import Annotation
from pipelines.templating import render
from sculpt3d.files import write_atomic
from sculpt3d.webasset.npm import MESHOPT, VIEWER, need

_PARTS = {
    "model-viewer.min.js": (VIEWER, "dist/model-viewer.min.js"),
    "model-viewer.LICENSE": (VIEWER, "LICENSE"),
    "meshopt_decoder.js": (MESHOPT, "meshopt_decoder.cjs"),
    "meshopt_decoder.LICENSE": (MESHOPT, "LICENSE.md"),
}
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
    """`folder/index.html` and the viewer beside it; texts are escaped, whoever wrote them. Raises `ResourceError`."""
    for name, (package, inside) in _PARTS.items():
        write_atomic(folder / name, (need(package) / inside).read_bytes())
    text = render(
        "page.html",
        name=subject.name,
        alt=alt_text(subject),
        ar_scale="fixed" if subject.size_mm else "auto",
        usdz=subject.usdz,
        size=_size(subject),
        credit=subject.credit,
        levels=[_level(e, len(entries) == 1) for e in sorted(entries, key=lambda e: e.megabytes)],
        notes=[_note(k, a) for k, a in enumerate(subject.annotations, 1)],
        made="Made with Sculpt3D.",
        metric=subject.size_mm is not None,
    )
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


def _level(e: Entry, alone: bool) -> dict[str, object]:
    word, shown = _WORDS.get(e.preset, e.preset), e.megabytes <= HEAVY_MB or alone
    size = f"{e.megabytes:.1f} MB" if shown else f"{e.triangles:,} triangles, {e.megabytes:.0f} MB"
    return {"shown": shown, "file": e.file, "preset": e.preset, "words": f"{word}, {size}"}


def _note(number: int, a: Annotation) -> dict[str, object]:
    """A point on the model; what it says stands below it, and is shown one at a time."""
    at, out = (" ".join(f"{v:.6g}" for v in vector) for vector in (a.position, a.normal))
    return {"number": number, "position": at, "normal": out, "title": a.title, "lines": a.text.split("\n"),
            "colour": a.colour, "ink": _ink(a.colour)}  # fmt: skip


def _ink(colour: str) -> str:
    """Black or white, whichever is read better on #rrggbb."""
    r, g, b = (((int(colour[k : k + 2], 16) / 255) ** 2.2) for k in (1, 3, 5)) if colour else (0.0, 0.0, 0.0)
    return "#000" if 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 else "#fff"
