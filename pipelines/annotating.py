"""`sculpt3d annotate`: add, remove, list, and export as a table, JSON or a condition map."""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.bar import table
from pipelines.measuring import check_folder
from sculpt3d.desk.annotated import Resolved, resolve, total_area
from sculpt3d.desk.annotations import Annotation, new_id, now, photo_file
from sculpt3d.desk.conditions import Condition, conditions_of, named, read_conditions, write_conditions
from sculpt3d.desk.notebook import Kept, Notebook, page_of, read_annotated
from sculpt3d.desk.quantity import Point, Region, region_as_saved
from sculpt3d.desk.surface import Surface, read_measured
from sculpt3d.errors import InputError
from sculpt3d.files import write_atomic
from sculpt3d.models.notes import tell

MAPS, TABLES = (".pdf", ".svg"), (".csv", ".json")


def annotate(options: argparse.Namespace) -> int:
    """0, or an error's sentence."""
    model: Path = options.model
    _check(options)
    if options.conditions:
        return _conditions(model)
    known = read_conditions(model)
    if options.add is not None:
        return _add(model, options, known)
    if options.remove is not None:
        return _remove(model, options.remove)
    surface = read_measured(model, options.unit)
    kept = read_annotated(model)
    found = [resolve(surface, a) for a in kept.book.listed()]
    tell(
        [
            *surface.notes,
            *kept.notes,
            *(f"annotation {k}: {n}" for k, r in enumerate(found, 1) for n in r.notes),
        ]
    )
    if options.output is not None:
        _export(options, surface, found, known)
    elif options.json:
        print(json.dumps(as_dict(surface, kept, found, known), indent=1, ensure_ascii=False))
    else:
        _print(surface, found, known, page_of(model))
    return 0


def _check(options: argparse.Namespace) -> None:
    """Raises `InputError` for what does not go together, before anything is read."""
    placed = [v for v in (options.point, options.line, options.brush, options.polygon) if v is not None]
    if options.add is not None and not placed:
        raise InputError("Say where it is: --point, --line, --brush with --radius, or --polygon")
    if options.add is None and (placed or options.text or options.author or options.photo or options.colour):
        raise InputError("A place and words belong to a new annotation: say --add CONDITION too")
    if (options.brush is None) != (options.radius is None):
        raise InputError("--brush and --radius belong together: strokes, and how wide they are in mm")
    if options.line is not None and len(options.line) < 2:
        raise InputError("--line needs two places or more")
    if options.output is not None:
        if options.output.suffix.lower() not in (*MAPS, *TABLES):
            raise InputError(f"{options.output.name}: give a name that ends in .csv, .json, .pdf or .svg")
        check_folder(options.output)


def _conditions(model: Path) -> int:
    if not model.exists():
        raise InputError(f"There is no model {model}; give a file or a project folder")
    had = conditions_of(model).is_file()
    path = write_conditions(model)
    table(
        ("", "key", "name", "colour"),
        [("", c.key, c.name, c.colour) for c in read_conditions(model).values()],
    )
    print(f"{path}: {'the list in use' if had else 'written, to be edited'}")
    return 0


def _add(model: Path, options: argparse.Namespace, known: Mapping[str, Condition]) -> int:
    if options.add not in known:
        raise InputError(
            f"{options.add} is no condition here; known are {', '.join(known)}; edit {conditions_of(model).name} "
            "(--conditions writes it) to have more"
        )
    if options.photo:
        photo_file(model if model.is_dir() else model.parent, options.photo)
    surface = read_measured(model, options.unit)
    points, region = _place(options, surface)
    when = now()
    new = Annotation(
        new_id(),
        options.add,
        points,
        region,
        options.text,
        options.author,
        options.photo,
        options.colour.lower(),
        when,
        when,
    )
    found = resolve(surface, new)
    if found.notes:
        raise InputError(f"It was not added: {found.notes[0]}")
    with Notebook(model) as notebook:
        notebook.put(new)
        number = [a.id for a in notebook.book.listed()].index(new.id) + 1
        tell(notebook.notes)
    size = f", {found.size.text()}" if found.size is not None else ""
    print(f"{page_of(model)}: annotation {number} added, {known[new.condition].name}{size}")
    return 0


def _place(options: argparse.Namespace, surface: Surface) -> tuple[tuple[Point, ...], Region | None]:
    if options.point is not None:
        return (options.point,), None
    if options.line is not None:
        return tuple(options.line), None
    if options.polygon is not None:
        return (), Region(polygon=tuple(options.polygon))
    radius = options.radius / surface.mm
    return (), Region(brush=tuple((x, y, z, radius) for x, y, z in options.brush))


def _remove(model: Path, which: str) -> int:
    with Notebook(model) as notebook:
        listed = notebook.book.listed()
        number = int(which) if which.isdigit() and len(which) < 8 else 0
        notebook.remove(listed[number - 1].id if 0 < number <= len(listed) else which)
        tell(notebook.notes)
    print(f"{page_of(model)}: annotation {which} removed, {len(listed) - 1} left")
    return 0


def _export(
    options: argparse.Namespace, surface: Surface, found: Sequence[Resolved], known: Mapping[str, Condition]
) -> None:
    out: Path = options.output
    kind = out.suffix.lower()
    if kind == ".csv":
        write_atomic(
            out, as_csv(surface, found, known).encode("utf-8-sig")
        )  # so that spreadsheets read ± and ²
    elif kind == ".json":
        kept = as_dict(surface, None, found, known)
        write_atomic(out, (json.dumps(kept, indent=1, ensure_ascii=False) + "\n").encode())
    else:
        from sculpt3d.desk.condition_map import draw_map
        from sculpt3d.desk.paper import as_pdf, as_svg, unprintable_letters

        drawn = draw_map(surface, found, known, options.views, options.up)
        lost = unprintable_letters(drawn.pages) if kind == ".pdf" else ""
        said = f"no font of this computer that a PDF can hold has {lost[:40]}: they are printed as ?; an .svg keeps them"
        tell([*drawn.notes, *([said] if lost else [])])
        write_atomic(
            out, as_pdf(drawn.pages, surface.name) if kind == ".pdf" else as_svg(drawn.pages, surface.name)
        )
        print(f"{out}: {drawn.said}")
        return
    print(f"{out}: {len(found)} annotation{'s' if len(found) != 1 else ''}")


def as_dict(
    surface: Surface, kept: Kept | None, found: Sequence[Resolved], known: Mapping[str, Condition]
) -> dict[str, Any]:
    """Everything as plain values."""
    by_condition = {
        key: total_area(surface, [r for r in found if r.asked.condition == key])
        for key in sorted({r.asked.condition for r in found})
    }
    return {
        "model": surface.name,
        "unit": surface.scale.name,
        "unit_source": surface.scale.source,
        "plus_minus": "95 %",
        "annotations": [_as_dict(k, r, known) for k, r in enumerate(found, 1)],
        "areas": {key: q.as_dict() for key, q in by_condition.items() if q is not None},
        "notes": [*surface.notes, *(kept.notes if kept is not None else ())],
    }


def _as_dict(number: int, r: Resolved, known: Mapping[str, Condition]) -> dict[str, Any]:
    a = r.asked
    return {
        "number": number,
        "id": a.id,
        "condition": a.condition,
        "name": named(a.condition, known),
        "shape": a.shape,
        **(
            {"points": [list(p) for p in a.points]}
            if a.region is None
            else {"region": region_as_saved(a.region)}
        ),
        "text": a.text,
        "author": a.author,
        "photo": a.photo,
        "created": a.created,
        "size": None if r.size is None else r.size.as_dict(),
        "part_of_surface": r.part if r.faces is not None else None,
        "notes": list(r.notes),
    }


def as_csv(surface: Surface, found: Sequence[Resolved], known: Mapping[str, Condition]) -> str:
    """A line an annotation; a cell that a spreadsheet would run as a formula begins with an apostrophe."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(
        ["number", "condition", "shape", "quantity", "value", "unit", "plus_minus_95", "percent_of_surface", "text", "author",
         "photo", "created", "place", "note", "id"]
    )  # fmt: skip
    for k, r in enumerate(found, 1):
        a, q = r.asked, r.size
        size = ["", "", "", ""] if q is None else [q.name, repr(q.value), q.unit, repr(q.plus_minus)]
        places = a.points or (a.region.brush or a.region.polygon if a.region is not None else ())
        where = "; ".join(" ".join(repr(v) for v in p) for p in places)
        part = "" if r.faces is None else f"{100 * r.part:.4g}"
        words = [_harmless(v) for v in (a.text, a.author, a.photo)]
        rows.writerow(
            [
                k,
                _harmless(named(a.condition, known)),
                a.shape,
                *size,
                part,
                *words,
                a.created,
                where,
                " ".join(r.notes),
                a.id,
            ]
        )
    return out.getvalue()


def _harmless(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _print(surface: Surface, found: Sequence[Resolved], known: Mapping[str, Condition], page: Path) -> None:
    if not found:
        print(f"{surface.name} has no annotations; add one with --add ({', '.join(known)})")
        return
    rows = []
    for k, r in enumerate(found, 1):
        part = f" ({100 * r.part:.2g} % of the surface)" if r.faces is not None else ""
        size = f"{r.asked.shape}{'' if r.size is None else ', ' + r.size.text()}{part}"
        said = " ".join(
            v for v in (r.asked.text.replace("\n", " "), f"[{r.asked.author}]" if r.asked.author else "") if v
        )
        rows.append(("!" if r.notes else "ok", f"{k} {named(r.asked.condition, known)}", size, said))
    table(("", "what", "size", "words"), rows)
    if surface.scale.mm is None:
        print("No areas and lengths: nobody says what a unit of the file is; give --unit")
    print(f"{page}: {len(found)} annotation{'s' if len(found) > 1 else ''}")
