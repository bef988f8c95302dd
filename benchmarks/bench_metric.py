"""Do scale bars give the scale they state? Rendered sets with targets: check bars, the surface's scale, and their intervals.

    python benchmarks/bench_metric.py SET [SET ...] [--work DIR]

A SET has `images/`, `targets.csv` (target, x, y, z in metres), `truth_mesh.ply` and `truth_colmap`. Bars 0-1 and 0-2
give the scale, 1-3 is checked; each is known to 0.05 mm, wrong by as much at random. The projects stay in DIR for
bench_uncertainty.py.
"""

from __future__ import annotations

import argparse
import csv
import zlib
from pathlib import Path

import numpy as np
from bench_uncertainty import laid

from pipelines.console import Console
from pipelines.photogrammetry import How, load_preset, photogrammetry
from sculpt3d.metric.tables import Bar, Known

SIGMA_MM = 0.05


def bars_of(folder: Path) -> tuple[Bar, ...]:
    rng = np.random.default_rng(zlib.crc32(folder.name.encode()))
    rows = csv.DictReader((folder / "targets.csv").open())
    at = {r["target"].lstrip("T"): np.array([float(r[k]) for k in "xyz"]) for r in rows}
    found = []
    for a, b, use in (("0", "1", "control"), ("0", "2", "control"), ("1", "3", "check")):
        length = 1000 * float(np.linalg.norm(at[a] - at[b])) + rng.normal(0, SIGMA_MM)
        found.append(Bar(a, b, length, SIGMA_MM, use))
    return tuple(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--work", type=Path, default=Path("metric"))
    options = parser.parse_args()
    checks, scales = [], []
    head = ("check off, mm", "per metre", "stated", "scale off", "stated", "survey, core-s")
    print(f"{'set':14} {head[0]:>13} {head[1]:>10} {head[2]:>8} {head[3]:>10} {head[4]:>8} {head[5]:>15}")
    for folder in options.sets:
        known = Known(bars_of(folder))
        done = photogrammetry(
            folder / "images", options.work / folder.name, load_preset("draft"), how=How(), console=Console("quiet"), known=known
        )  # fmt: skip
        survey = done.report["survey"]
        (check,) = [t for t in survey["lengths"] if t["use"] == "check"]
        off = check["found_mm"] - check["known_mm"]
        scale = 1 / laid(done.folder, folder)[0].scale - 1
        seconds = {s["name"]: s["core_seconds"] for s in done.report["stages"]}
        checks.append((abs(off) / check["known_mm"] * 1000, abs(off) <= 1.96 * check["sigma_mm"]))
        scales.append(abs(scale))
        print(
            f"{folder.name:14} {off:+13.3f} {abs(off) / check['known_mm'] * 1000:10.3f} {check['sigma_mm']:8.3f} "
            f"{scale:+10.4%} {survey['scale_sigma']:8.4%} {seconds['survey']:7.1f} of {sum(seconds.values()):.0f}"
        )
    print(
        f"median check {np.median([c for c, _ in checks]):.3f} mm per metre, {sum(ok for _, ok in checks)} of {len(checks)} "
        f"within 95 %; median scale {np.median(scales):.4%}"
    )


if __name__ == "__main__":
    main()
