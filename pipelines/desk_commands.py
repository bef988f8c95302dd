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
