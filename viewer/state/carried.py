"""What a project knows of its model's vertices beside the model itself: how many photos saw them, what was filled in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from sculpt3d.models.document import Document
from sculpt3d.models.read import read_document
from viewer.state.bench import Bench
from viewer.state.worker import tried

_FILES = {"views": "cloud.ply", "filled": "mesh.ply"}
_AMONG = {"views": 8, "filled": 1}  # points that have a say: a cloud's counts jump from one point to the next
_REACH = 4.0  # of the source's spacing: farther off it says nothing


def with_attribute(bench: Bench, name: str) -> Document | str | None:
    """The document with it, from the project's own file where the model has none; None while that is not known yet."""
    folder = bench.project
    if any(name in p.attributes for p in bench.document.parts) or folder is None:
        return bench.document
    source = folder / _FILES[name]
    if not source.is_file():
        return bench.document
    found: Document | str | None = bench.later(
        ("carried", name), lambda: tried(lambda: _carried(bench.document, source, name), str)
    )
    return found


def _carried(document: Document, source: Path, name: str) -> Document | str:
    """Of the source's nearest points on average, NaN where all are far."""
    told = read_document(source)
    have = [p for p in told.parts if np.ndim(p.attributes.get(name, 0)) == 1]
    if not have:
        return f"{source.name} says nothing of {name}"
    places = np.concatenate([p.vertices for p in have]).astype(np.float64) + (told.offset - document.offset)
    values = np.concatenate([np.asarray(p.attributes[name], np.float64) for p in have])
    tree = cKDTree(places)
    some = places[:: max(len(places) // 2000, 1)]
    spacing = float(np.median(tree.query(some, 2)[0][:, 1]))
    parts = []
    for part in document.parts:
        far, near = tree.query(part.vertices.astype(np.float64), range(1, _AMONG[name] + 1), workers=2)
        close = (far <= _REACH * spacing) & np.isfinite(far)
        told_by = np.where(close, values[np.minimum(near, len(values) - 1)], 0.0)
        count = close.sum(1)
        nothing = 0.0 if name == "filled" else np.nan
        own = np.where(count > 0, told_by.sum(1) / np.maximum(count, 1), nothing)
        parts.append(replace(part, attributes={**part.attributes, name: own.astype(np.float32)}))
    return replace(document, parts=tuple(parts))
