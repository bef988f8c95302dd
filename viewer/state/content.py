"""The desk: a model, how it is looked at, the tool in hand, and all that was measured, cut and noted. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sculpt3d.desk.annotations import Annotation
from sculpt3d.desk.comparison import How
from sculpt3d.desk.quantity import Measurement, Point
from sculpt3d.desk.section import Section
from viewer.state.bench import Bench
from viewer.state.commands import State
from viewer.state.cuts import MOST_CUTS, Cut

Kind = Literal["measurements", "sections", "annotations"]
Item = tuple[Kind, int]
Stroke = tuple[float, float, float, float]
LOOK = "look"  # the tool that only looks: no drag or click is taken from the camera


@dataclass(frozen=True, eq=False)
class Content:
    """What a desk saves, and undo goes over. Places are in the file's own coordinates."""

    measurements: tuple[Measurement, ...] = ()
    sections: tuple[Section, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    comparison: tuple[Path, How] | None = None


@dataclass(frozen=True)
class Draft:
    """What the tool in hand was given so far, in the file's own coordinates; others: in the second file's."""

    points: tuple[Point, ...] = ()
    others: tuple[Point, ...] = ()
    strokes: tuple[Stroke, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.points or self.others or self.strokes)


@dataclass(frozen=True)
class Settings:
    """What tools go by. brush_mm: its radius (in the file's unit where that is none). condition, colour, text, author: of the
    next annotation."""

    brush_mm: float = 0.0
    condition: str = "note"
    colour: str = ""
    text: str = ""
    author: str = ""


@dataclass(frozen=True, eq=False)
class Desk:
    bench: Bench
    state: State
    tool: str = LOOK
    draft: Draft = Draft()
    content: Content = Content()
    settings: Settings = Settings()
    selected: Item | None = None
    veiled: frozenset[Kind] = frozenset()  # kinds that are not drawn
    cameras: bool = False  # where the photos were taken from is drawn
    going: bool = False  # a drag's edits are one step of undo
    changing: tuple[Item, frozenset[str]] | None = None  # what the last command changed, if it was that
    past: tuple[Content, ...] = ()
    future: tuple[Content, ...] = ()
    said: tuple[str, ...] = ()
    side: Literal["a", "b"] = "a"  # which file is looked at, as it lies in its own frame
    aside: State | None = None  # how the other one is

    @property
    def looked(self) -> Bench:
        """The bench of the file that is looked at."""
        if self.side == "a" or self.content.comparison is None:
            return self.bench
        path, how = self.content.comparison
        return self.bench.second(path, how.unit_b)


def cuts_of(desk: Desk) -> tuple[Cut, ...]:
    """What the sections leave of the model as it is drawn."""
    found = [as_cut(desk, one) for one in desk.content.sections if one.cut and not one.hidden]
    return tuple(found[:MOST_CUTS])


def as_cut(desk: Desk, one: Section) -> Cut:
    x, y, z = (float(v) for v in one.plane.normal)
    return x, y, z, one.plane.distance - float(one.plane.normal @ desk.bench.document.offset)


def listed(desk: Desk, kind: Kind) -> tuple[Any, ...]:
    found: tuple[Any, ...] = getattr(desk.content, kind)
    return found
