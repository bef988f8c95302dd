"""What is written from the window: the command line itself runs, on the desk as it is now, so that both give the same."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sculpt3d.errors import InputError
from sculpt3d.files import write_atomic
from viewer.files.desks import write_desk
from viewer.state.desk import Desk

ENDINGS = {
    "measurements csv": (".csv",), "measurements json": (".json",), "section dxf": (".dxf",), "section svg": (".svg",),
    "section csv": (".csv",), "notes pdf": (".pdf", ".svg", ".csv", ".json"), "comparison": ("",),
}  # fmt: skip


def export(what: str, options: list[str], desk: Desk, target: Path) -> Path:
    """what: "picture" or of `ENDINGS`; options: of the command line's command. Raises `InputError` with its own words."""
    if desk.bench.path is None:
        raise InputError(f"{desk.bench.document.name} is no file, so that nothing can be written of it")
    model, unit = str(desk.bench.path), _unit(desk)
    with saved_now(desk) as view:
        if what == "picture":
            _run(["render", model, "--state", str(view), *unit, *options, "-o", str(target)])
        elif what == "measurements csv":
            _run(["measure", model, "--state", str(view), *unit, "--csv", str(target)])
        elif what == "measurements json":
            told = _run(["measure", model, "--state", str(view), *unit, "--json"])
            write_atomic(target, told.encode())
        elif what.startswith("section"):
            _run(["section", model, *unit, *_plane(desk, int(options[0]) - 1), "-o", str(target)])
        elif what == "notes pdf":
            _run(["annotate", model, *unit, "-o", str(target)])
        else:
            with _tables(desk) as more:
                _run(["compare", model, *more, "-o", str(target)])
    return target


@contextmanager
def saved_now(desk: Desk) -> Iterator[Path]:
    """The desk as a file for as long as it takes: beside the model, for a second file must lie below it; else elsewhere,
    without that file."""
    assert desk.bench.path is not None
    path = desk.bench.path
    folder = path if path.is_dir() else path.parent
    with tempfile.TemporaryDirectory() as elsewhere:
        view = folder / f".{path.stem}-{os.getpid()}.view.json"
        try:
            write_desk(view, desk)
        except (OSError, InputError):
            view = Path(elsewhere) / "now.view.json"
            write_desk(view, replace(desk, content=replace(desk.content, comparison=None)))
        try:
            yield view
        finally:
            view.unlink(missing_ok=True)


def _run(arguments: list[str]) -> str:
    """What the command line says; its last words where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise InputError(lines[-1].removeprefix("sculpt3d: ") if lines else "Nothing was written")
    return done.stdout


def _unit(desk: Desk) -> list[str]:
    return ["--unit", desk.bench.unit] if desk.bench.unit is not None else []


def _plane(desk: Desk, k: int) -> list[str]:
    one = desk.content.sections[k]
    numbers = ",".join(repr(float(v)) for v in (*one.plane.normal, one.plane.distance))
    stack = [] if one.every_mm is None else ["--every", repr(one.every_mm), "--count", str(one.count)]
    return [f"--plane={numbers}", *stack]


@contextmanager
def _tables(desk: Desk) -> Iterator[list[str]]:
    """The second file and how it is compared; picked pairs and the stable area as tables."""
    if desk.content.comparison is None:
        raise InputError("There is no second file yet; open one")
    path, how = desk.content.comparison
    options = [str(path), *(["--m3c2"] if how.with_m3c2 else [])]
    for name, unit in (("--unit-a", how.unit_a or desk.bench.unit), ("--unit-b", how.unit_b)):
        options += [] if unit is None else [name, unit]
    with tempfile.TemporaryDirectory() as folder:
        register = str(how.register)
        if register == "pairs":
            register = str(_table(Path(folder) / "pairs.csv", how.pairs))
        if how.stable is not None and how.stable.brush:
            options += ["--stable", str(_table(Path(folder) / "stable.csv", how.stable.brush))]
        yield [*options, "--register", register]


def _table(path: Path, rows: tuple[tuple[float, ...], ...]) -> Path:
    path.write_text("".join(",".join(repr(v) for v in row) + "\n" for row in rows), encoding="utf-8")
    return path
