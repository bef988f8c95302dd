"""The model that lies on a desk: what is measured of it is done once, beside the window, and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from sculpt3d.desk.annotations import Annotation
from sculpt3d.desk.conditions import DEFAULT, Condition, conditions_of, read_conditions
from sculpt3d.desk.measurements import Failed, measure
from sculpt3d.desk.notebook import Notebook, read_annotated
from sculpt3d.desk.painted import painted
from sculpt3d.desk.quantity import Measured, Measurement, Region
from sculpt3d.desk.section import Profile, Section, profiles
from sculpt3d.desk.surface import Surface, measured, read_measured
from sculpt3d.desk.units import MM_OF, scale_of
from sculpt3d.errors import SculptError
from sculpt3d.geometry import F64
from sculpt3d.models.document import Document
from viewer.state.pick import Target, Triangles
from viewer.state.wash import Wash
from viewer.state.worker import Worker, tried

_QUICK = 200_000  # triangles that are cut within a frame


class Bench:
    """document: as it is shown; path: the file or project it is from; unit: of the file as the user says.

    Numbers are those of `sculpt3d measure`: of a project's full mesh, whatever is shown. Nothing is computed before it is asked
    for. Workers run beside the window: for what is measured, for what modes show, for what the cursor meets.
    """

    def __init__(self, document: Document, path: Path | None = None, unit: str | None = None) -> None:
        self.document, self.path, self.unit = document, path, unit
        self._numbers, self._looks, self._picking = Worker("measuring"), Worker("looking"), Worker("picking")
        self._found: dict[Any, Future[Any]] = {}
        self._target: Future[Target] | None = None
        self._surface: Surface | None = None
        self._conditions: tuple[int, Mapping[str, Condition]] | None = None
        self._reading = Lock()
        self._moving: tuple[Any, Future[Any] | None] = (None, None)
        self._notebook: Notebook | None = None
        self._second: tuple[Path, Bench] | None = None

    # -- what the cursor meets ---------------------------------------------------------------------------------------

    @property
    def target(self) -> Target | None:
        """None while it is being made."""
        if self._target is None:
            self._target = self._picking.submit(lambda: Triangles(self.document))
        return self._target.result() if self._target.done() else None

    def ready(self) -> Target:
        """The same, waited for."""
        _ = self.target
        assert self._target is not None
        return self._target.result()

    def takes(self, target: Target) -> None:
        """Another way of meeting the same model."""
        self._target = Future()
        self._target.set_result(target)

    # -- what is measured --------------------------------------------------------------------------------------------

    @property
    def surface(self) -> Surface:
        """Raises `SculptError`: a cloud has none."""
        with self._reading:  # two workers may want it
            if self._surface is None:
                self._surface = self._read()
            return self._surface

    def _read(self) -> Surface:
        if self.path is not None and self.path.is_dir():
            return read_measured(self.path, self.unit)
        path = Path(self.document.name) if self.path is None else self.path
        return measured(self.document, path, scale_of(self.document, path, self.unit))

    @property
    def project(self) -> Path | None:
        """The project that the model is of, whether it or its model.glb was opened."""
        if self.path is None:
            return None
        folder = self.path if self.path.is_dir() else self.path.parent
        own = self.path.is_dir() or self.path.name in ("model.glb", "mesh.ply")
        return folder if own and (folder / "cameras").is_dir() else None

    @property
    def mm(self) -> float | None:
        """Millimetres a unit, None where nobody says."""
        if self.unit is not None:
            return MM_OF[self.unit]
        return None if self.document.unit_m is None else 1000 * self.document.unit_m

    def asked(self, one: Measurement) -> Measured | Failed | None:
        """What it comes to; None while that is not known yet."""
        found = self.later(
            replace(one, name="", hidden=False),
            lambda: tried(lambda: self._measured(one), lambda said: Failed(one, said)),
        )
        return None if found is None else replace(found, asked=one)

    def cut(self, one: Section) -> list[Profile] | str | None:
        """Its profiles, or why there are none; None while that is not known yet."""
        key, job = self._moving
        if job is not None and job.done() and key == _key(one):
            self._found.setdefault(key, job)  # it was cut while it moved
        return self.later(_key(one), lambda: self._profiles(one))

    def passing(self, one: Section) -> list[Profile] | str | None:
        """Of a plane on the move: at once where that is quick, else once it stands still for a moment."""
        key, job = self._moving
        if key != _key(one) and sum(len(p.faces) for p in self.document.parts) < _QUICK:
            job = Future()
            job.set_result(self._profiles(one))
            self._moving = (_key(one), job)
        elif job is None or (job.done() and key != _key(one)):
            self._moving = (_key(one), self._numbers.submit(lambda: self._profiles(one)))
        key, job = self._moving
        return job.result() if job is not None and job.done() and key == _key(one) else None

    def later(self, key: Any, work: Callable[[], Any], apart: bool = False) -> Any:
        """What `work` gives, done once for that key; None until it is there. apart: it may take long and holds up no numbers."""
        if key not in self._found:
            self._found[key] = (self._looks if apart else self._numbers).submit(work)
        return self._found[key].result() if self._found[key].done() else None

    def wait(self) -> None:
        """Until all that was asked for is there."""
        for one in list(self._found.values()):
            one.exception()

    @property
    def busy(self) -> bool:
        return any(not f.done() for f in list(self._found.values()))

    def _measured(self, one: Measurement) -> Measured | Failed:
        return measure(self.surface, one)

    def _profiles(self, one: Section) -> list[Profile] | str:
        def work() -> list[Profile] | str:
            return profiles(self.surface, one)

        return tried(work, str)

    def washes(self, region: Region) -> F64:
        """(K, 3, 3) triangles that a region covers, as the model is drawn; none while that is not known yet."""
        found = self.later(region, lambda: self._painted(region))
        return np.zeros((0, 3, 3)) if found is None else found

    def _painted(self, region: Region) -> F64:
        def work() -> F64:
            return painted(self.surface, region) + (self.surface.offset - self.document.offset)

        return tried(work, lambda said: np.zeros((0, 3, 3)))  # it is said where the region is measured

    @cached_property
    def wash(self) -> Wash:
        """For strokes while they are painted."""
        return Wash(self.ready())

    # -- places ------------------------------------------------------------------------------------------------------

    def in_file(self, place: F64 | tuple[float, ...]) -> tuple[float, float, float]:
        """In the file's own coordinates."""
        x, y, z = (float(v) for v in np.asarray(place, np.float64) + self.document.offset)
        return x, y, z

    def local(self, points: Any) -> F64:
        """(N, 3) as the model is drawn."""
        return np.asarray(points, np.float64).reshape(-1, 3) - self.document.offset

    def second(self, path: Path, unit: str | None) -> Bench:
        """Another file beside this one. Raises `SculptError`."""
        from viewer.files.loading import load

        if self._second is None or self._second[0] != path:
            self._second = (path, Bench(load(path, unit), path, unit))
        return self._second[1]

    # -- annotations -------------------------------------------------------------------------------------------------

    def annotations(self) -> tuple[tuple[Annotation, ...], tuple[str, ...]]:
        """Those beside the model, and what must be said of them and of the list of conditions."""
        if self.path is None or not self.path.exists():
            return (), ()
        said: list[str] = []
        found: tuple[Annotation, ...] = ()
        try:
            read_conditions(self.path)
        except SculptError as error:
            said.append(str(error))
        try:
            kept = read_annotated(self.path)
            found = tuple(kept.book.listed())
            said += kept.notes
        except SculptError as error:
            said.append(str(error))
        return found, tuple(said)

    @property
    def conditions(self) -> Mapping[str, Condition]:
        """By key, as the model's list is now; the usual ones where it cannot be read, which `annotations` says."""
        path = Path(self.document.name) if self.path is None else self.path
        file = conditions_of(path)
        state = file.stat().st_mtime_ns if file.is_file() else 0
        if self._conditions is None or self._conditions[0] != state:
            try:
                self._conditions = (state, read_conditions(path))
            except SculptError:
                self._conditions = (state, {c.key: c for c in DEFAULT})
        return self._conditions[1]

    def keep(self, before: tuple[Annotation, ...], after: tuple[Annotation, ...]) -> None:
        """What changed is on the disk when this returns. Raises `SculptError` where it cannot be, and nothing has changed."""
        if before == after or self.path is None:
            return
        if self._notebook is None:
            self._notebook = Notebook(self.path)
        was: Mapping[str, Annotation] = {a.id: a for a in before}
        now: Mapping[str, Annotation] = {a.id: a for a in after}
        for id in was.keys() - now.keys():
            self._notebook.remove(id)
        for id, one in now.items():
            if was.get(id) != one:
                self._notebook.put(one)

    def close(self) -> None:
        """Saves the annotations and lets others write."""
        if self._notebook is not None:
            self._notebook.close()
            self._notebook = None
        if self._second is not None:
            self._second[1].close()
        for one in (self._numbers, self._looks, self._picking):
            one.close()


def _key(one: Section) -> tuple[Any, ...]:
    return ("section", *one.plane.normal.tolist(), one.plane.distance, one.every_mm, one.count)
