"""Cost and quality of dense stereo together, from true cameras:

    python benchmarks/bench_dense.py [--data DIR] [--sets nymph,plato] [--everything] [--peer PYTHON] [-o OUT]

A row is a set in a setting: megapixels worked on; core-seconds of the whole (undistort, object, depth, fusion), of depth
a megapixel worked on, and of the whole beside SIFT on the same photos, a yardstick that does not depend on the machine;
peak memory; points; median distance to the truth in GSD (the size of a pixel on the object), F-score at 1 and 2 GSD.
Without `DIR` (default: ../shared/data beside the project) the sample figure is measured. OUT takes `table.json` and
`curve.png` (default: build/bench_dense).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import dense_runs as runs
from dense_agreement import agreement
from dense_curve import draw
from dense_peer import BACKENDS, peer_run
from dense_runs import DRAFT, EVERYTHING, FAST, MASKED, MUSEUM, STANDARD, Run, Setting
from dense_sets import DenseSet, find_sets

from sculpt3d.compare.evaluate import evaluate

ROOT = Path(__file__).parents[1]
SETS = "nymph,gutenberg,plato,sakharov"
FLOOR_MM = 5.0
WORKERS = 2
HEAD = "set       setting        MP  core-s depth/MP x SIFT peak MB   points  median     F 1     F 2"


@dataclass(frozen=True)
class Row:
    """A line of the table; `cost`: core-seconds of the whole a megapixel of the photos. What has no truth has no score; of
    another program the megapixels it works on are not known."""

    set: str
    setting: str
    megapixels: float | None
    core_seconds: float
    cost: float
    depth_per_megapixel: float | None
    times_sift: float
    peak_mb: float
    points: int
    median_gsd: float | None = None
    f1: float | None = None
    f2: float | None = None
    note: str = ""

    def __str__(self) -> str:
        def figure(value: float | None, width: int, digits: int) -> str:
            return "-".rjust(width) if value is None else f"{value:{width}.{digits}f}"

        return (
            f"{self.set:9} {self.setting:11} {figure(self.megapixels, 5, 1)} {self.core_seconds:7.1f} "
            f"{figure(self.depth_per_megapixel, 8, 2)} {self.times_sift:6.2f} {self.peak_mb:7.0f} {self.points:8d} "
            f"{figure(self.median_gsd, 7, 3)} {figure(self.f1, 7, 4)} {figure(self.f2, 7, 4)}  {self.note}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--sets", default=SETS)
    parser.add_argument("--everything", action="store_true", help="whole photos too; minutes a set")
    parser.add_argument("--peer", type=Path, help="Python of an environment with pyarchinit-photogrammetry")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "build" / "bench_dense")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        print(f"compiling the kernels: {runs.compiled_into(work / 'kernels'):.1f} core-s, once on a machine")
        sets = find_sets(options.data, options.sets.split(","), work)
        print(HEAD, flush=True)
        rows = [row for one in sets for row in measured(one, work, options.everything, options.peer)]
        draw(rows, options.out / "curve.png", [s.name for s in (DRAFT, FAST, STANDARD, MUSEUM, EVERYTHING)])
        (options.out / "table.json").write_text(json.dumps([asdict(row) for row in rows], indent=1))
        threads(sets[0], work)


def measured(one: DenseSet, work: Path, everything: bool, peer: Path | None) -> list[Row]:
    """A row for each setting that the set has, and for each of the peer's where there is a truth to score it by."""
    sift = runs.sift_core_seconds(one) * len(list(one.photos.iterdir()))
    rows: list[Row] = []
    for setting in settings_for(one, everything):
        run = runs.densified(one, setting, work / one.name / setting.name, WORKERS)
        rows.append(row_of(one, setting.name, run, sift))
        print(rows[-1], flush=True)
    for name in BACKENDS if peer and one.truth else ():
        assert peer is not None
        made = peer_run(peer, one, name, work / one.name / name)
        if made is not None:
            rows.append(row_of(one, name, made, sift))
            print(rows[-1], flush=True)
    return rows


def settings_for(one: DenseSet, everything: bool) -> list[Setting]:
    """`museum` only where the photos are larger than `standard` takes them."""
    large = one.longest() > STANDARD.size()
    asked = ((MUSEUM, large), (MASKED, one.masks is not None), (EVERYTHING, everything))
    return [DRAFT, FAST, STANDARD, *(setting for setting, wanted in asked if wanted)]


def row_of(one: DenseSet, setting: str, run: Run, sift: float) -> Row:
    made = (
        one.name, setting, run.megapixels, run.core_seconds, run.core_seconds / one.megapixels(),
        run.depth_core_seconds / run.megapixels if run.megapixels else None,
        run.core_seconds / sift, run.peak_mb, run.points,
    )  # fmt: skip
    if one.depths:
        flat = next((run.out / "work").glob("undistort-*")) / "sparse"
        found = agreement(one.model, flat, run.out / "stereo", one.depths)
        shares = f"{found.within_1:.3f} / {found.within_2:.3f} of depths within 1 / 2 %"
        return Row(*made, note=f"{run.region}; {shares}, both have {found.both:.2f}")
    if run.points < 10:  # a peer that found nothing
        return Row(*made, f1=0.0, f2=0.0, note=run.region)
    return Row(*made, *scored(one, run.out / "cloud.ply"), note=run.region)


def scored(one: DenseSet, cloud: Path) -> tuple[float, float, float]:
    """Median distance to the truth in GSD, F at 1 and 2 GSD."""
    assert one.truth is not None
    found = evaluate(cloud, one.truth, (one.gsd_mm, 2 * one.gsd_mm), floor_mm=FLOOR_MM, up=one.up)
    return found.accuracy_mm.median / one.gsd_mm, found.scores[0].f, found.scores[1].f


def threads(one: DenseSet, work: Path) -> None:
    """One worker and two: the same bytes, and how much sooner."""
    setting = MASKED if one.masks else FAST
    made = [runs.densified(one, setting, work / f"threads-{n}", n) for n in (1, 2)]
    first, second = ({p: (r.out / p).read_bytes() for p in _made(r.out)} for r in made)
    same = "the same bytes" if first == second else "DIFFERENT BYTES"
    speed = made[0].seconds / made[1].seconds
    print(
        f"{one.name} {setting.name}, 1 -> 2 threads: {speed:.2f} times as fast, {same} in {len(first)} files"
    )


def _made(out: Path) -> list[Path]:
    return [Path("cloud.ply"), *sorted(p.relative_to(out) for p in (out / "stereo").glob("*/*.bin"))]


if __name__ == "__main__":
    main()
