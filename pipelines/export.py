"""`sculpt3d export`: a finished model as files a web team ships. Every file is read again before it gets its name.

`export.json` grows with every finished level, so that a killed run goes on after the last of them.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.annotations import Annotation, annotations_of, read_annotations
from pipelines.condition_notes import condition_notes
from pipelines.console import Console
from pipelines.export_level import PRESETS, ExportParams, Job, Written
from pipelines.source import Source, load_source, source_files
from pipelines.webpage import Entry, Subject, write_page
from pipelines.workspace import key_of, key_of_files
from sculpt3d.errors import InputError
from sculpt3d.files import put, write_atomic
from sculpt3d.webasset.distance import Surface
from sculpt3d.webasset.likeness import Gallery
from sculpt3d.webasset.lods import JOINED, Rung, join_levels, prove_levels
from sculpt3d.webasset.pictures import encode_picture
from sculpt3d.webasset.poster import portrait
from sculpt3d.webasset.proof import ProofFailed
from sculpt3d.webasset.second import disagreement

POSTER = (1200, 900)
POSTER_TEXELS = 2048  # a texture this large is enough for the poster
VERSION = 2  # raised by hand when a level's bytes change
Say = Callable[[str], None]


def export(
    path: Path, out: Path, params: ExportParams, page: bool = False, poster: bool = False, say: Say = print,
    console: Console | None = None, lods: bool = False,
) -> list[Written]:  # fmt: skip
    """Write the levels, the other formats, and `export.json`. `out`: a folder, or NAME.glb for a single level."""
    one, console = out.suffix.lower() == ".glb", console or Console("quiet")
    if page and (one or params.geometry == "draco" or params.picture == "ktx2"):
        raise InputError(
            "A page needs a folder with -o, and works without a network, which the decoders of Draco and KTX2 in browsers "
            "do not: use --geometry meshopt and --image webp"
        )
    if one and len(params.presets) > 1:
        raise InputError(f"{len(params.presets)} levels do not fit one file; give a folder with -o")
    if lods and params.offset == "node":
        raise InputError("Levels in one file keep the offset as a note: leave --offset node out, or --lods")
    if lods and (len(params.presets) < 2 or params.geometry not in JOINED):
        raise InputError(
            "Levels in one file need several of them, not compressed: use --preset all and --geometry none or quantized"
        )
    console.plan(["source", *params.presets])
    console.start("source")
    began = time.monotonic()
    source, came_from = load_source(path), key_of_files(source_files(path))
    folder = out.parent if one else out
    folder.mkdir(parents=True, exist_ok=True)
    measured = Surface(source.full)
    gallery = Gallery(source.parts if source.second is None or not source.second.coloured else source.second.parts,
                      source.views)  # fmt: skip
    _prove_read(path.name, source, measured)
    for note in _notes(source, params):
        say(f"note: {note}")
    notes = _notes_on_page(path, source, measured, say) if page else ()
    console.done("source", round(time.monotonic() - began, 2), False)
    pictured = _pictured(params) if page or poster else ""
    before, written = _finished(folder), list[Written]()
    for name in params.presets:
        target = out if one else folder / f"{_file_name(source.name)}-{name}.glb"
        made_from = replace(params, presets=(name,))
        key = key_of(version("sculpt3d"), VERSION, made_from, [came_from, target.name, str(name == pictured)])
        console.start(name)
        began = time.monotonic()
        found = _kept(folder, key, before)
        kept = found is not None
        if found is None:
            job = Job(source, measured, gallery, PRESETS[name], params, console.tell)
            found = replace(job.write(name, target), key=key)
            made = [target, *(file for extra in params.also for file in job.also(extra, target))]
            if name == pictured:
                made.append(folder / "poster.jpg")
                write_atomic(made[-1], encode_picture(portrait(job.parts, *POSTER), "jpeg", 88))
            found = replace(found, files={file.name: _digest(file) for file in made})
        written.append(found)
        console.done(name, round(time.monotonic() - began, 2), kept)
        say(in_words(found, source.metric) + ("; kept from before" if kept else ""))
        for note in found.notes:
            say(f"  note: {note}")
        for other in [file for file in found.files if file != found.file]:
            say(f"  {other}: {(folder / other).stat().st_size / 1e6:.2f} MB")
        _report(folder, source, params, written)
    if lods:
        joined = _join(folder, _file_name(source.name), written)
        _report(folder, source, params, written, {"lods": joined})
        say(f"  {joined['file']}: {joined['megabytes']} MB, {len(joined['levels'])} levels, finest first")
    if page:
        entries = [_entry(w) for w in written]
        say(f"  {write_page(folder, _subject(source, folder, written, notes), entries).name}")
    return written


def _pictured(params: ExportParams) -> str:
    """The level that the poster shows: the first with enough texels, else the last."""
    enough = [n for n in params.presets if (params.texture or PRESETS[n].texture) >= POSTER_TEXELS]
    return enough[0] if enough else params.presets[-1]


def _join(folder: Path, name: str, written: Sequence[Written]) -> dict[str, Any]:
    """One file of all levels, finest first; of levels that came out alike, one."""
    finest_first = sorted(written, key=lambda w: (w.triangles, w.texture), reverse=True)
    unlike = {(w.triangles, w.texture): w for w in finest_first}
    rungs = [Rung(folder / w.file, w.triangles, w.texture) for w in unlike.values()]
    if len(rungs) < 2:
        raise InputError("All levels of this model came out alike: leave --lods out, one file is enough")
    target = folder / f"{name}-lods.glb"
    data, part = join_levels(rungs), target.with_name(f".{target.stem}.part.glb")
    if not target.is_file() or target.read_bytes() != data:
        part.write_bytes(data)
        try:
            prove_levels(part, rungs, target.name)
        except ProofFailed:
            part.unlink(missing_ok=True)
            raise
        put(part, target)
    levels = [r.path.name for r in rungs]
    return {"file": target.name, "megabytes": round(len(data) / 1e6, 3), "levels": levels}


def _report(
    folder: Path, source: Source, params: ExportParams, written: Sequence[Written], more: dict[str, Any] | None = None
) -> None:  # fmt: skip
    facts: dict[str, Any] = {
        "unit": "mm" if source.metric else "no scale",
        "source_triangles": len(source.full.faces),
    }
    if source.offset.any():
        facts["offset"] = source.offset.tolist()
    facts["notes"] = _notes(source, params)
    report = {"name": source.name, **facts, "levels": [asdict(w) for w in written], **(more or {})}
    write_atomic(folder / "export.json", json.dumps(report, indent=1).encode())


def _notes(source: Source, params: ExportParams) -> list[str]:
    """What of the source is not kept, and where its offset goes."""
    told = list(source.notes)
    if not source.offset.any():
        return told
    where = "a root node moves it back" if params.offset == "node" else "asset.extras.offset tells from where"
    told.append(f"in GLB the model is near the origin; {where}")
    local = [k.upper() for k in params.also if k in ("stl", "usdz")]
    if local:
        told.append(f"{' and '.join(local)} cannot say so: there the model is near the origin")
    return told


def _notes_on_page(path: Path, source: Source, measured: Surface, say: Callable[[str], None]) -> Sequence[Annotation]:
    """Those written by hand, then the desk's."""
    conditions, said = condition_notes(path, source)
    for note in said:
        say(f"note: {note}")
    return (*read_annotations(annotations_of(path), source.full, measured), *conditions)


def _prove_read(name: str, source: Source, measured: Surface) -> None:
    if source.second is None:
        return
    what = disagreement(measured, source.parts, source.second)
    if what:
        raise ProofFailed(
            f"{name} was not exported: two readers understand it differently {what}; please report it with the file"
        )


def _finished(folder: Path) -> Any:
    """Levels of an earlier run as it told them; read before this one tells its own."""
    try:
        return json.loads((folder / "export.json").read_bytes())["levels"]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _kept(folder: Path, key: str, before: Any) -> Written | None:
    """A level that an earlier run finished from the same things, if its files are still the same."""
    try:
        found = Written(**next(level for level in before if level["key"] == key))
        same = all(
            Path(name).name == name and _digest(folder / name) == digest
            for name, digest in found.files.items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StopIteration):
        return None
    return found if same and found.files else None


def _digest(path: Path) -> str:
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def _entry(w: Written) -> Entry:
    return Entry(w.preset, w.file, w.megabytes, w.triangles)


def _subject(
    source: Source, folder: Path, written: Sequence[Written], notes: Sequence[Annotation]
) -> Subject:
    size = 1000 * np.ptp(source.full.vertices, axis=0)
    packed = [p.name for w in written if (p := folder / w.file).with_suffix(".usdz").is_file()]
    return Subject(
        source.name, source.credit, (float(size[0]), float(size[1]), float(size[2])) if source.metric else None,
        Path(packed[-1]).with_suffix(".usdz").name if packed else None, notes,
    )  # fmt: skip


def in_words(w: Written, metric: bool) -> str:
    unit = "mm" if metric else "units"
    far = "on the full mesh" if w.hausdorff == 0 else (
        f"at most {w.hausdorff:.3g} {unit} from the full mesh, {w.mean:.2g} on average"
    )  # fmt: skip
    seen, looks = w.proof.get("likeness") or {}, ""
    if seen:
        looks = f"; pictures: SSIM {seen['ssim']:.3f}, {seen['delta_e']:.1f} delta E to the source"
    if seen.get("photo_delta_e") is not None:
        looks += f", {seen['photo_ssim']:.3f}, {seen['photo_delta_e']:.1f} to the photos"
    return f"{w.file}: {w.megabytes:.2f} MB, {w.triangles:,} triangles, texture {w.texture}; {far}{looks}"


def _file_name(name: str) -> str:
    """Safe on every web server."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in name.lower())
    return "-".join(part for part in kept.split("-") if part) or "model"


def chosen(preset: str) -> Sequence[str]:
    return tuple(PRESETS) if preset == "all" else (preset,)
