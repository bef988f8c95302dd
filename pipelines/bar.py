"""What a terminal shows: one line that moves, finished stages above it, tables. By rich, alike on every system's terminals."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, TextIO


class Bar:
    """One moving line. Nothing is drawn from threads, and the cursor stays: a run may be stopped at any moment."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._console = Console(file=stream, highlight=False)
        columns = (
            TextColumn("{task.fields[place]} {task.description:<10}"),
            BarColumn(24),
            TextColumn("{task.percentage:>3.0f} %  {task.fields[left]}", style="dim"),
        )
        self._progress = Progress(*columns, console=self._console, auto_refresh=False, transient=True)
        self._task: Any = None

    def show(self, place: str, name: str, share: float, left: str) -> None:
        if self._task is None:
            self._task = self._progress.add_task(name, total=1.0, place=place, left=left)
            self._progress.start()
            self._console.show_cursor(True)
        self._progress.update(self._task, description=name, completed=share, place=place, left=left)
        self._progress.refresh()

    def end(self, text: str, style: str = "") -> None:
        """Put a line for good where the moving one was."""
        if self._task is not None:
            self._progress.stop()
            self._progress.remove_task(self._task)
            self._task = None
        self.line(text, style)

    def line(self, text: str, style: str = "") -> None:
        """Above the moving line, for good."""
        self._console.print(text, style=style or None, markup=False, soft_wrap=True)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], stream: TextIO | None = None) -> None:
    """Rows under columns on a terminal; elsewhere, where programs read, a line a row: a mark, then cells with colons."""
    out = stream or sys.stdout
    if not out.isatty():
        for row in rows:
            out.write(f"{row[0]:<3} {': '.join(row[1:])}\n")
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(*columns, box=box.SIMPLE, pad_edge=False)
    for row in rows:
        shown.add_row(*(Text(cell, overflow="fold") for cell in row))
    Console(file=out, highlight=False).print(shown)
