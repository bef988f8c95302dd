"""What measure, section and compare do; the work itself lies in `sculpt3d.desk`."""

from __future__ import annotations

import argparse


def measure(options: argparse.Namespace) -> int:
    from pipelines.measuring import measure_model

    quick = {
        "distance": options.distance,
        "geodesic": options.along,
        "volume": () if options.volume else None,
    }
    return measure_model(
        options.model,
        options.state,
        {kind: tuple(points) for kind, points in quick.items() if points is not None},
        options.unit,
        options.csv,
        options.json,
    )


def section(options: argparse.Namespace) -> int:
    from pipelines.sectioning import section_model
    from sculpt3d.desk.section import Section
    from sculpt3d.desk.slicing import Plane
    from sculpt3d.errors import InputError

    if options.count is not None and options.every is None:
        raise InputError("--count says how many planes there are; say how far apart with --every MM too")
    count = 1 if options.every is None else options.count or 10
    asked = Section(Plane.of(*options.plane), "", options.every, count)
    return section_model(options.model, asked, options.output, options.unit)


def compare(options: argparse.Namespace) -> int:
    from pathlib import Path

    from pipelines.comparing import compare_models
    from sculpt3d.desk.comparison import How, read_stable

    how = How(
        options.register if options.register in ("auto", "none") else Path(options.register),
        None if options.stable is None else read_stable(options.stable),
        options.m3c2,
        options.unit_a,
        options.unit_b,
    )
    compare_models(options.a, options.b, options.output, how, options.limits)
    return 0
