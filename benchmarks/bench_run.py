"""What a whole run costs by stage beside another commit, on the same photos, and what it is worth:

    python benchmarks/bench_run.py SET... [--against TAG] [--preset standard] [--workers 2] [-o OUT]

SET: a name in ../shared/data (rendered/NAME, photos/NAME) or a folder of photos, with `images/`, `masks/` and `truth.json` or
without. The other commit is checked out beside, runs first, and both compile their kernels before they are measured. Core-seconds
(user and system, children too) depend little on what else the machine does; seconds do. Sets with truth are scored by this
commit's `evaluate` and by the cameras' distance from the true ones. OUT takes `run.json` (default: build/bench_run).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from sculpt3d.compare.evaluate import evaluate
from sculpt3d.compare.registration import robust_umeyama
from sculpt3d.models.colmap import camera_poses

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
_RUN = """
import sys
from pathlib import Path
from pipelines.photogrammetry import How, load_preset, photogrammetry
photos, project, preset, workers, masks = sys.argv[1:]
photogrammetry(Path(photos), Path(project), load_preset(preset), Path(masks) if masks else None, how=How(int(workers)))
"""
_COMPILE = """
import sys, tempfile
from pathlib import Path
from sculpt3d.mvs.warm import compile_all
with tempfile.TemporaryDirectory() as folder:
    compile_all(Path(folder))
"""


@dataclass(frozen=True)
class PhotoSet:
    name: str
    photos: Path
    masks: Path | None
    truth: Path | None


@dataclass(frozen=True)
class Outcome:
    """stages: core-seconds by name. f: F-score at 1 and 2 GSD; camera_mm: median distance from the true cameras."""

    set: str
    commit: str
    stages: dict[str, float]
    seconds: float
    peak_mb: float
    registered: int
    f: tuple[float, float] | None
    camera_mm: float | None

    @property
    def core_seconds(self) -> float:
        return sum(self.stages.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--against", help="a tag or commit to compare with")
    parser.add_argument("--preset", default="standard")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "build" / "bench_run")
    options = parser.parse_args()
    known = ["git", "-C", str(ROOT), "rev-parse", "-q", "--verify", f"{options.against}^{{commit}}"]
    if options.against and subprocess.run(known, stdout=subprocess.DEVNULL).returncode:
        parser.error(f"there is no commit {options.against}; see git tag")
    options.out.mkdir(parents=True, exist_ok=True)
    outcomes = []
    with tempfile.TemporaryDirectory(dir=options.out) as folder, trees(options.against, Path(folder)) as commits:
        for commit, tree in commits.items():
            run(tree, _COMPILE)
            for one in map(found, options.sets):
                outcomes.append(measured(one, commit, tree, Path(folder), options.preset, options.workers))
                print(line(outcomes[-1]), flush=True)
    for name in dict.fromkeys(o.set for o in outcomes):
        print(table([o for o in outcomes if o.set == name]))
    (options.out / "run.json").write_text(json.dumps([asdict(o) for o in outcomes], indent=1), "utf-8")


@contextlib.contextmanager
def trees(against: str | None, folder: Path) -> Iterator[dict[str, Path]]:
    """Source trees by name, the other commit first."""
    if against is None:
        yield {"here": ROOT}
        return
    other, git = folder / "tree", ["git", "-C", str(ROOT), "worktree"]
    subprocess.run([*git, "add", "--detach", "--quiet", str(other), against], check=True)
    try:
        yield {against: other, "here": ROOT}
    finally:
        subprocess.run([*git, "remove", "--force", str(other)], check=True)


def found(name: str) -> PhotoSet:
    folder = next((f for f in (SHARED / "rendered" / name, SHARED / "photos" / name) if f.is_dir()), Path(name)).resolve()
    inside = folder / "images"
    masks = folder / "masks"
    truth = folder / "truth.json"
    rendered = truth.is_file()  # photos alone: what most people have
    return PhotoSet(
        folder.name,
        inside if inside.is_dir() else folder,
        masks if masks.is_dir() and not rendered else None,
        truth if rendered else None,
    )


def run(tree: Path, code: str, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=tree, env=os.environ | {"PYTHONPATH": str(tree)}, check=True
    )


def measured(one: PhotoSet, commit: str, tree: Path, folder: Path, preset: str, workers: int) -> Outcome:
    project = folder / f"{one.name}-{commit.replace('/', '_')}"
    run(tree, _RUN, str(one.photos), str(project), preset, str(workers), "" if one.masks is None else str(one.masks))
    report = json.loads((project / "report.json").read_text("utf-8"))
    stages = {s["name"]: float(s["core_seconds"]) for s in report["stages"]}
    f, camera_mm = (None, None) if one.truth is None else scored(one.truth, project)
    return Outcome(
        one.name, commit, stages, sum(s["seconds"] for s in report["stages"]), max(s["peak_rss_mb"] for s in report["stages"]),
        report["photos"]["registered"], f, camera_mm,
    )  # fmt: skip


def scored(truth: Path, project: Path) -> tuple[tuple[float, float], float]:
    gsd = float(json.loads(truth.read_text("utf-8"))["gsd_mm"])
    cameras = (project / "cameras", truth.parent / "truth_colmap")
    scores = evaluate(project / "mesh.ply", truth.parent / "truth.ply", (gsd, 2 * gsd), "sim3", 5.0, "z", cameras).scores
    return (scores[0].f, scores[1].f), camera_error_mm(*cameras)


def camera_error_mm(model: Path, truth: Path) -> float:
    """Median distance of the cameras after a similarity that outliers do not pull."""
    mine, theirs = camera_poses(model), camera_poses(truth)
    names = sorted(mine.keys() & theirs.keys())
    a, b = (np.array([poses[n].source_origin for n in names]) for poses in (mine, theirs))
    return 1000 * float(np.median(np.linalg.norm(robust_umeyama(a, b).apply(a) - b, axis=1)))


def line(o: Outcome) -> str:
    worth = "" if o.f is None or o.camera_mm is None else f", F {o.f[0]:.4f} / {o.f[1]:.4f}, cameras {o.camera_mm:.3f} mm"
    cost = f"{o.core_seconds:.1f} core-s, {o.seconds:.0f} s, {o.peak_mb:.0f} MB"
    return f"{o.set} {o.commit}: {cost}, {o.registered} registered{worth}"


def table(outcomes: list[Outcome]) -> str:
    """Core-seconds by stage, a column a commit, and their ratio."""
    head = "".join(f"{o.commit[:10]:>11}" for o in outcomes) + ("      ratio" if outcomes[1:] else "")
    rows = [f"{outcomes[0].set:<12}{head}"]
    for stage in outcomes[-1].stages:
        rows.append(_row(stage, [o.stages.get(stage, 0.0) for o in outcomes]))
    return "\n".join([*rows, _row("all", [o.core_seconds for o in outcomes]), _row("seconds", [o.seconds for o in outcomes]), ""])


def _row(name: str, costs: list[float]) -> str:
    ratio = f"{costs[1] / costs[0]:11.2f}" if len(costs) == 2 and costs[0] else ""
    return f"{name:<12}" + "".join(f"{c:11.1f}" for c in costs) + ratio


if __name__ == "__main__":
    main()
