"""What a mode measures of the surface, laid on the document so that both ways of drawing show it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sculpt3d.desk.field import Field, shares
from sculpt3d.errors import InputError
from sculpt3d.models.document import Document
from viewer.modes import mode
from viewer.modes.mode import SHOWN
from viewer.state.commands import State


@dataclass(frozen=True)
class Measured:
    """document: with the values; state: unchanged; field: what its colours say, None where they say nothing."""

    document: Document
    state: State
    field: Field | None = None


def measured(document: Document, state: State) -> Measured:
    """Raises `InputError` where the mode cannot measure that document."""
    chosen = mode(state.mode)
    if chosen.measure is None:
        return Measured(document, state)
    radius, size = state.shown.radius, 2 * state.home.radius
    if radius is not None and not 0 < radius <= size:
        raise InputError(
            f"A radius of {radius:.3g} units is none for a model {size:.3g} units large; give a smaller one"
        )
    found = chosen.measure(document, radius)
    low = found.low if state.shown.low is None else state.shown.low
    high = found.high if state.shown.high is None else state.shown.high
    field = replace(found, low=low, high=high)
    values = shares(field)
    starts = np.cumsum([0, *(len(p.vertices) for p in document.parts)])
    parts = tuple(
        replace(part, attributes={**part.attributes, SHOWN: values[a:b]})
        for part, a, b in zip(document.parts, starts, starts[1:], strict=False)
    )
    return Measured(replace(document, parts=parts), state, field)
