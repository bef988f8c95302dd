"""`sculpt3d measure`: what a view was saved with, again, as a table, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.bar import table
from pipelines.comparing_page import sentences
from sculpt3d.desk.comparison import How, compare
from sculpt3d.desk.comparison_saved import read_comparison
from sculpt3d.desk.measurements import Failed, measure_all, read_measurements
from sculpt3d.desk.quantity import Measured, Measurement, Point, Quantity
from sculpt3d.desk.section import Profile, Section, profiles, read_sections
from sculpt3d.desk.surface import Surface, read_measured
from sculpt3d.desk.units import MM_OF
from sculpt3d.desk.viewfile import read_view
from sculpt3d.errors import InputError, SculptError
from sculpt3d.files import write_atomic
from sculpt3d.models.notes import tell

EXIT_FINE, EXIT_SOME_FAILED = 0, 2


def measure_model(
    model: Path, state: Path | None, quick: Mapping[str, Sequence[Point]], unit: str | None, table_file: Path | None,
    as_json: bool, say: Callable[[str], None] = print,
) -> int:  # fmt: skip
    """0, or 2 where one of them could not be done: the others are given all the same, and the reason is said."""
    check_folder(table_file)
    view = {} if state is None else read_view(state)
    asked = [
        *read_measurements(view.get("measurements", [])),
        *(Measurement(k, tuple(p)) for k, p in quick.items()),
    ]
    cuts = read_sections(view.get("sections", []))
    compared = None
    if state is not None and "comparison" in view:
        compared = read_comparison(view["comparison"], state, unit or unit_of(view, state))
    if not asked and not cuts and compared is None:
        raise InputError(
            f"{state.name} holds nothing to measure"
            if state
            else "Say what to measure: --state VIEW.json, --distance, --along or --volume"
        )
    surface = read_measured(model, unit or unit_of(view, state))
    found = measure_all(surface, asked)
    sections = [_section(surface, one) for one in cuts]
    epochs = None if compared is None else _comparison(model, *compared)
    if table_file is not None:
        write_atomic(
            table_file, as_csv(found, sections).encode("utf-8-sig")
        )  # so that spreadsheets read ± and ²
    tell(surface.notes)
    if as_json:
        told = as_dict(surface, found, sections) | ({} if epochs is None else {"comparison": epochs})
        say(json.dumps(told, indent=1, ensure_ascii=False))
    else:
        _print(surface, found, sections, epochs)
    failed = any(isinstance(f, Failed) for f in found) or any(isinstance(s, str) for s in sections)
    failed = failed or (epochs is not None and "failed" in epochs)
    return EXIT_SOME_FAILED if failed else EXIT_FINE


def _section(surface: Surface, asked: Section) -> list[Profile] | str:
    """Its profiles, or why there are none."""
    try:
        return profiles(surface, asked)
    except SculptError as error:
        return f"{asked.name or 'section'}: {error}"


def unit_of(view: Mapping[str, Any], state: Path | None) -> str | None:
    """The unit that the user once gave, kept in the view."""
    kept = view.get("unit")
    if kept is not None and kept not in MM_OF:
        raise InputError(f'{state}: "unit" is {kept!r}; it is one of {", ".join(MM_OF)}')
    return kept


def check_folder(file: Path | None) -> None:
    """Raises `InputError` where a file's folder is not there, before anything is computed."""
    if file is not None and not file.absolute().parent.is_dir():
        raise InputError(f"There is no folder {file.parent}; make it, or write {file.name} into another one")


def _comparison(model: Path, other: Path, how: How) -> dict[str, Any]:
    """Its figures, or why there are none."""
    try:
        return compare(model, other, how).as_dict()
    except SculptError as error:
        return {"failed": str(error)}


def as_dict(
    surface: Surface, found: Sequence[Measured | Failed], sections: Sequence[list[Profile] | str]
) -> dict[str, Any]:
    """Everything as plain values."""
    return {
        "model": surface.name,
        "unit": surface.scale.name,
        "unit_source": surface.scale.source,
        "scale_sigma": surface.scale.sigma,
        "scale_sigma_source": surface.scale.sigma_source,
        "plus_minus": "95 %",
        "plus_minus_from": surface.sigma_source,
        "measurements": [
            f.as_dict()
            if isinstance(f, Measured)
            else {"kind": f.asked.kind, "name": f.asked.name, "failed": f.reason}
            for f in found
        ],
        "sections": [
            {"failed": s} if isinstance(s, str) else {"profiles": [p.as_dict() for p in s]} for s in sections
        ],
        "notes": list(surface.notes),
    }


def as_csv(found: Sequence[Measured | Failed], sections: Sequence[list[Profile] | str]) -> str:
    """A line a number: name, kind, quantity, value, unit, plus_minus, points, note."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["name", "kind", "quantity", "value", "unit", "plus_minus_95", "points", "note"])
    for one in found:
        asked = one.asked
        points = "; ".join(" ".join(repr(v) for v in p) for p in asked.points)
        if isinstance(one, Failed):
            rows.writerow([asked.name, asked.kind, "", "", "", "", points, one.reason])
            continue
        for q in (one.value, *one.more):
            rows.writerow(
                [
                    asked.name,
                    asked.kind,
                    q.name,
                    repr(q.value),
                    q.unit,
                    repr(q.plus_minus),
                    points,
                    " ".join(one.notes),
                ]
            )
    for section in sections:
        for p in [] if isinstance(section, str) else section:
            for q in (p.area, p.perimeter):
                plane = p.plane.text()
                notes = " ".join(p.notes)
                rows.writerow(
                    [p.name, "section", q.name, repr(q.value), q.unit, repr(q.plus_minus), plane, notes]
                )
    return out.getvalue()


def _print(
    surface: Surface, found: Sequence[Measured | Failed], sections: Sequence[list[Profile] | str],
    epochs: Mapping[str, Any] | None,
) -> None:  # fmt: skip
    rows = []
    for k, one in enumerate(found):
        mark, name = ("!" if isinstance(one, Failed) else "ok"), one.asked.name or f"{one.asked.kind} {k + 1}"
        rows.append((mark, name, one.reason if isinstance(one, Failed) else _in_words(one)))
    for section in sections:
        if isinstance(section, str):
            rows.append(("!", "section", section))
            continue
        rows += [
            ("ok", p.name, f"{p.plane.text()}, {_named(p.area)}, {_named(p.perimeter)}") for p in section
        ]
    if epochs is not None:
        good = "failed" not in epochs
        told = " ".join(sentences(epochs)) if good else str(epochs["failed"])
        rows.append(("ok" if good else "!", "comparison", told))
    table(("", "what", "measured"), rows)
    tell(n for f in found if isinstance(f, Measured) for n in f.notes)
    scale = surface.scale
    print(
        f"± holds 95 times of 100; from {surface.sigma_source}. "
        f"Unit: {scale.name} ({scale.source}); its own error: "
        + (f"{100 * scale.sigma:.2g} % ({scale.sigma_source})" if scale.sigma else scale.sigma_source)
        + ".",
        file=sys.stderr,
    )


def _in_words(one: Measured) -> str:
    legs = [q for q in one.more if q.unit and q.unit != "file unit"]
    shown = [_named(one.value), *(_named(q) for q in legs[:4])]
    return ", ".join(shown) + (f", and {len(legs) - 4} more" if len(legs) > 4 else "")


def _named(q: Quantity) -> str:
    return f"{q.name} {q.text()}"
