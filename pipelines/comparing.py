"""`sculpt3d compare`: coloured models, tables, figures and a page of two epochs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from pipelines.comparing_page import page, sentences
from sculpt3d.desk.colours import diverging
from sculpt3d.desk.comparison import Comparison, How, compare
from sculpt3d.errors import InputError
from sculpt3d.files import write_atomic
from sculpt3d.geometry import F64
from sculpt3d.models.document import Part
from sculpt3d.models.notes import tell
from sculpt3d.types import U8
from sculpt3d.webasset.glb import GlbParams, Label, build_glb

_BLOCK = 200_000


def compare_models(
    a: Path, b: Path, out: Path, how: How, limits_mm: float | None, say: Callable[[str], None] = print
) -> Comparison:
    """Write deviation.ply (and .glb), deviations.csv, m3c2.csv, comparison.json and report.html into `out`."""
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file; give a folder for the results with -o")
    found = compare(a, b, how)
    limit = limits_mm or found.limit()
    out.mkdir(parents=True, exist_ok=True)
    colours = diverging(found.change.signed, limit)
    _write_ply(out / "deviation.ply", found, colours)
    if found.b.surface is not None:
        write_atomic(out / "deviation.glb", _as_glb(found, colours))
    else:
        (out / "deviation.glb").unlink(missing_ok=True)  # of an earlier run
    _write_deviations(out / "deviations.csv", found)
    if found.averaged is not None:
        _write_m3c2(out / "m3c2.csv", found)
    else:
        (out / "m3c2.csv").unlink(missing_ok=True)
    facts = {**found.as_dict(), "limit_mm": limit}
    write_atomic(out / "comparison.json", (json.dumps(facts, indent=1, ensure_ascii=False) + "\n").encode())
    write_atomic(out / "report.html", page(found, facts, colours, limit).encode())
    tell(found.notes())
    for line in sentences(facts):
        say(line)
    say(f"Report: {out / 'report.html'}")
    return found


def _write_ply(path: Path, found: Comparison, colours: U8) -> None:
    """B in A's own frame and unit, in doubles, with deviation_mm, level_mm, significant."""
    names = ["x", "y", "z", "red", "green", "blue", "deviation_mm", "level_mm", "significant"]
    kinds = ["<f8"] * 3 + ["u1"] * 3 + ["<f4"] * 2 + ["u1"]
    rows = np.zeros(len(colours), list(zip(names, kinds, strict=True)))
    for k, name in enumerate("xyz"):
        rows[name] = found.in_file(found.b.xyz)[:, k]
    for k, name in enumerate(("red", "green", "blue")):
        rows[name] = colours[:, k]
    c = found.change
    rows["deviation_mm"], rows["level_mm"], rows["significant"] = c.signed, c.level, c.significant
    words = {"<f8": "double", "u1": "uchar", "<f4": "float"}
    metric = ", metres" if found.a.scale.name == "m" else ""
    head = [
        "ply",
        "format binary_little_endian 1.0",
        f"comment deviation from A{metric}",
        f"element vertex {len(rows)}",
    ]
    head += [f"property {words[kind]} {name}" for name, kind in zip(names, kinds, strict=True)]
    tail = b""
    if found.b.surface is not None:
        faces = np.zeros(len(found.b.surface.faces), [("n", "u1"), ("v", "<i4", (3,))])
        faces["n"], faces["v"] = 3, found.b.surface.faces
        head += [f"element face {len(faces)}", "property list uchar int vertex_indices"]
        tail = faces.tobytes()
    write_atomic(path, ("\n".join([*head, "end_header"]) + "\n").encode() + rows.tobytes() + tail)


def _as_glb(found: Comparison, colours: U8) -> bytes:
    """The same in metres, with colours every program shows."""
    assert found.b.surface is not None
    rgba = np.concatenate([colours, np.full((len(colours), 1), 255, np.uint8)], 1)
    part = Part(
        (found.b.xyz / 1000).astype(np.float32),
        found.b.surface.faces,
        rgba=rgba,
        normals=found.b.surface.vertex_normals.astype(np.float32),
        attributes={"deviation_mm": np.nan_to_num(found.change.signed).astype(np.float32)},
    )
    x, y, z = (float(v) for v in found.offset / 1000)
    label = Label(
        f"{Path(found.b.name).stem} against {Path(found.a.name).stem}", metric=True, offset=(x, y, z)
    )
    return build_glb((part,), label, GlbParams())


def _write_deviations(path: Path, found: Comparison) -> None:
    c = found.change
    columns = [*found.in_file(found.b.xyz).T, c.signed, c.level, c.significant.astype(float)]
    _write_table(path, ("x", "y", "z", "deviation_mm", "level_mm", "significant"), np.stack(columns, 1))


def _write_m3c2(path: Path, found: Comparison) -> None:
    m = found.averaged
    assert m is not None
    columns = [
        *found.in_file(m.core).T,
        m.distance,
        m.level,
        m.significant.astype(float),
        *m.counts.T.astype(float),
    ]
    head = ("x", "y", "z", "distance_mm", "level_mm", "significant", "points_a", "points_b")
    _write_table(path, head, np.stack(columns, 1))


def _write_table(path: Path, head: Sequence[str], values: F64) -> None:
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(head)
    for k in range(0, len(values), _BLOCK):
        rows.writerows([[f"{v:.10g}" for v in row] for row in values[k : k + _BLOCK].tolist()])
    write_atomic(path, out.getvalue().encode())
