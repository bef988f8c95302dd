"""A section as marks: its outlines, and where the model is cut the body filled."""

from __future__ import annotations

import numpy as np

from sculpt3d.desk.section import Profile
from sculpt3d.geometry import F64
from viewer.state.bench import Bench
from viewer.state.cuts import Cut, clipped
from viewer.state.marks import Fill, Line, Marks, Rgb, Word
from viewer.state.names import shown_name

BODY: Rgb = (0.78, 0.52, 0.36)  # of the cut body


def section_marks(
    bench: Bench, found: list[Profile], colour: Rgb, body: bool, others: tuple[Cut, ...]
) -> Marks:
    """body: filled and hatched, as far as the other cuts leave it."""
    shift = bench.surface.offset - bench.document.offset
    lines, fills, words = [], [], []
    for profile in found:
        for outline in profile.outlines:
            xyz = outline.xyz + shift
            lines.append(Line(np.concatenate([xyz, xyz[:1]]) if outline.closed else xyz, colour))
        if body and profile.fills:
            fills.append(
                Fill(clipped(triangles(profile) + shift, others), BODY, 1.0, hatched=True, solid=True)
            )
        highest = max((o.xyz for o in profile.outlines), key=lambda x: float(x[:, 1].max()))
        name = shown_name(profile.name)
        said = f"{name}: {profile.area.text()}" if profile.fills else name
        words.append(Word(highest[highest[:, 1].argmax()] + shift, said, colour))
    return Marks(tuple(lines), (), tuple(words), tuple(fills))


def triangles(profile: Profile) -> F64:
    """(K, 3, 3) of the filled areas, local to the surface."""
    from mapbox_earcut import triangulate_float64

    found = [np.zeros((0, 3, 3))]
    for outer, holes in profile.fills:
        rings = [profile.uv[k] for k in (outer, *holes)]
        uv = np.concatenate(rings)
        ends = np.cumsum([len(r) for r in rings]).astype(np.uint32)
        number = triangulate_float64(np.ascontiguousarray(uv - uv.mean(0)), ends).reshape(-1, 3)
        xyz = np.concatenate([profile.outlines[k].xyz for k in (outer, *holes)])
        found.append(xyz[number.astype(np.int64)])
    return np.concatenate(found)
