"""The surface step alone, on the clouds that dense stereo makes from true cameras:

    python benchmarks/bench_surface.py [--data DIR] [--sets nymph,plato] [-o OUT]

A row is a set: core-seconds and peak memory of the step; median distance to the truth in GSD (the size of a pixel on the
object), F-score at 1 and 2 GSD; parts, borders, share of the vertices filled in, and of those left open (`--no-fill`) the
borders again. The clouds stay in OUT (default: build/bench_surface), a second run measures the surface only. Without `DIR`
(default: ../shared/data beside the project) the sample figure is measured.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from dense_runs import DEFAULT, apart, densified
from dense_sets import DenseSet, find_sets

from sculpt3d.compare.evaluate import evaluate

ROOT = Path(__file__).parents[1]
FLOOR_MM = 5.0
HEAD = "set         core-s peak MB triangles  median     F 1     F 2 parts borders filled open"


@dataclass(frozen=True)
class Row:
    set: str
    core_seconds: float
    peak_mb: float
    triangles: int
    median_gsd: float
    f1: float
    f2: float
    parts: int
    borders: int
    filled: float
    borders_unfilled: int

    def __str__(self) -> str:
        return (
            f"{self.set:11} {self.core_seconds:6.1f} {self.peak_mb:7.0f} {self.triangles:9d} {self.median_gsd:7.3f} "
            f"{self.f1:7.4f} {self.f2:7.4f} {self.parts:5d} {self.borders:7d} {self.filled:6.4f} {self.borders_unfilled:4d}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--sets", default="nymph,gutenberg,plato")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "build" / "bench_surface")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    print(HEAD)
    for one in find_sets(options.data, options.sets.split(","), options.out):
        dense = options.out / f"dense-{one.name}"
        if not (dense / "cloud.ply").is_file():
            densified(one, DEFAULT, dense, 2)
        print(apart(measured, one, dense / "cloud.ply", options.out / f"{one.name}.ply"), flush=True)


def measured(one: DenseSet, cloud: Path, out: Path) -> Row:
    """In a process of its own: peak memory is that of the step."""
    from sculpt3d.models.ply import read_cloud, write_mesh
    from sculpt3d.surface.fills import open_loops
    from sculpt3d.surface.meshing import SurfaceParams, reconstruct_surface
    from sculpt3d.surface.topology import describe

    points, before = read_cloud(cloud), _core_seconds()
    with tempfile.TemporaryDirectory() as work:
        mesh = reconstruct_surface(points, Path(work), SurfaceParams())
        cost = _core_seconds() - before
        peak = (
            max(resource.getrusage(w).ru_maxrss for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
            / 1024
        )
        unfilled = reconstruct_surface(points, Path(work), SurfaceParams(fill_share=0.0))
    write_mesh(out, mesh)
    assert one.truth is not None, "sets of photos have no surface to compare with"
    gsd = one.gsd_mm
    found, facts = evaluate(out, one.truth, (gsd, 2 * gsd), "none", FLOOR_MM, one.up), describe(mesh)
    return Row(
        one.name, cost, peak, facts.triangles, found.accuracy_mm.median / gsd, found.scores[0].f, found.scores[1].f,
        facts.components, open_loops(mesh), facts.filled_share, open_loops(unfilled),
    )  # fmt: skip


def _core_seconds() -> float:
    used = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


if __name__ == "__main__":
    main()
